// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device writes to memory that holds zeroes, or was given up, just now: the
 * page must stay where the device and the guest both see it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "nbd.h"
#include "pod_test.h"
#include "touch.h"

#define SIZE	(32 * MiB)
#define TARGET	(16 * MiB)
#define LEN	(64 * PAGE)
#define RW	(PROT_READ | PROT_WRITE)

FIXTURE(dma) {
	struct pod pod;
	struct nbd nbd;
	struct job reader;
	u8 *mem;
	void *reserved;
	u8 *dest;
	bool no_device;
};

FIXTURE_VARIANT(dma) {
	bool small;
};

FIXTURE_VARIANT_ADD(dma, to_a_block) { .small = false };
FIXTURE_VARIANT_ADD(dma, to_single_pages) { .small = true };

static long read_it(void *arg)
{
	int disk = nbd_open();
	ssize_t n = pread(disk, arg, LEN, 0);

	close(disk);
	return n < 0 ? -errno : n;
}

/* Zeroes behind @dest, and a device about to write there. */
FIXTURE_SETUP(dma)
{
	ASSERT_GOOD(pod_begin(&self->pod, SIZE, TARGET));
	ASSERT_EQ(0, pod_attr_write(&self->pod, "low_mark", "0"));
	self->no_device = nbd_begin(&self->nbd);
	if (self->no_device)
		SKIP(return, "this kernel has no network block device (nbd)");
	self->mem = variant->small ?
		    map_unaligned(self->pod.fd, SIZE, RW, &self->reserved) :
		    self->pod.mem;
	self->dest = self->mem + REGION + 16 * PAGE;
	memset(self->dest, 0, LEN);
	nbd_hold(&self->nbd, true);
	job_start(&self->reader, read_it, self->dest);
	ASSERT_TRUE(POD_WAIT(nbd_holds(&self->nbd)));
}

FIXTURE_TEARDOWN(dma)
{
	if (!self->no_device)
		nbd_end(&self->nbd);
	if (self->reserved)
		munmap(self->mem, SIZE);
	ASSERT_GOOD(pod_finish(&self->pod));
}

/* The device writes; what it wrote is what the guest sees. */
static void land(struct __test_metadata *_metadata, FIXTURE_DATA(dma) *self)
{
	nbd_hold(&self->nbd, false);
	ASSERT_TRUE(job_wait(&self->reader));
	EXPECT_EQ(LEN, self->reader.result);
	EXPECT_EQ(-1, mismatch(self->dest, LEN, NBD_TAG));
}

TEST_F(dma, sweep)
{
	struct kvm_pod_sweep s;

	ASSERT_EQ(0, pod_sweep(&self->pod, 0, 0, KVM_POD_SWEEP_DEMOTE, &s));
	EXPECT_EQ(0, s.out_reclaimed);
	land(_metadata, self);
	ASSERT_EQ(0, pod_sweep(&self->pod, 0, 0, 0, &s));
	EXPECT_EQ(0, s.out_reclaimed);
	EXPECT_EQ(-1, mismatch(self->dest, LEN, NBD_TAG));
}

/* Afterwards it is memory like any other. */
TEST_F(dma, sweep_afterwards)
{
	u64 before = POD_GET(&self->pod, populated);

	land(_metadata, self);
	memset(self->dest, 0, LEN);
	ASSERT_EQ(0, pod_sweep(&self->pod, 0, 0, 0, NULL));
	EXPECT_EQ(before - (variant->small ? LEN : REGION),
		  POD_GET(&self->pod, populated));
}

TEST_F(dma, discard)
{
	ASSERT_EQ(0, pod_punch(&self->pod, REGION, REGION));
	EXPECT_LE(LEN, POD_GET(&self->pod, parked));
	EXPECT_EQ(-1, nonzero(self->dest, LEN));
	land(_metadata, self);
	ASSERT_EQ(0, pod_sweep(&self->pod, 0, 0, 0, NULL));
	EXPECT_EQ(-1, mismatch(self->dest, LEN, NBD_TAG));
}

TEST_F(dma, inflation)
{
	ASSERT_EQ(0, pod_inflate(&self->pod, REGION, REGION));
	land(_metadata, self);
	ASSERT_EQ(0, pod_sweep(&self->pod, 0, 0, 0, NULL));
	EXPECT_EQ(-1, mismatch(self->dest, LEN, NBD_TAG));
}

/* The target falls and the guest gives all: all leaves but what is in use. */
TEST_F(dma, lowered_target)
{
	ASSERT_EQ(0, pod_inflate(&self->pod, 0, SIZE));
	ASSERT_EQ(0, pod_set_target(&self->pod, REGION, NULL));
	EXPECT_TRUE(POD_WAIT(POD_GET(&self->pod, owned) <= REGION));
	land(_metadata, self);
	EXPECT_EQ(-1, mismatch(self->dest, LEN, NBD_TAG));
}

/* Others need memory badly; these pages are still not to be had. */
TEST_F(dma, emergency)
{
	u8 *mem = self->pod.mem + SIZE - TARGET;
	u64 at;

	for (at = 0; at < TARGET; at += PAGE)
		if (try_write(mem + at, 1))
			break;
	EXPECT_LT(0, at);
	EXPECT_GE(TARGET - LEN, at);
	land(_metadata, self);
	EXPECT_EQ(-1, mismatch(self->dest, LEN, NBD_TAG));
}

/* Gone with the pod, in whatever order: the device writes to its own page. */
TEST_F(dma, end_of_the_mapping)
{
	ASSERT_EQ(0, madvise(self->mem + REGION, REGION, MADV_DONTNEED));
	ASSERT_EQ(0, pod_sweep(&self->pod, 0, 0, 0, NULL));
	land(_metadata, self);
}

TEST_HARNESS_MAIN
