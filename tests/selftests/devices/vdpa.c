// SPDX-License-Identifier: GPL-2.0-only
/*
 * vhost-vdpa: a device that pins is refused a pod unless it is pinnable, one
 * that shares our addresses needs no pin and is not.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "longterm.h"
#include "pod_test.h"
#include "vdpa_sim.h"

/* The simulator takes 2048 pieces, and other memory may be in single pages. */
#define SIZE	(4 * MiB)
#define IOVA	(1UL << 32)
#define RW	(PROT_READ | PROT_WRITE)
#define TAG	3

FIXTURE(vdpa) {
	struct pod pod;
	int fd;
	long long pinned;
};

FIXTURE_VARIANT(vdpa) {
	bool shared;
	unsigned int flags;
	int want;
};

FIXTURE_VARIANT_ADD(vdpa, refused) { .want = -EFAULT };
FIXTURE_VARIANT_ADD(vdpa, pinnable) { .flags = KVM_POD_F_PINNABLE };
FIXTURE_VARIANT_ADD(vdpa, shared) { .shared = true };

FIXTURE_SETUP(vdpa)
{
	const struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
	struct kvm_pod_create args = pod_create_args(SIZE, SIZE);

	self->pod.fd = -1;
	/* vhost-vdpa asks root too. */
	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &limit));
	self->pinned = pages_pinned();
	self->fd = vdpa_open(variant->shared);
	if (self->fd == -ENODEV)
		SKIP(return, "this kernel has no simulated vDPA device");
	ASSERT_LE(0, self->fd);
	args.flags = variant->flags;
	ASSERT_GOOD(pod_begin_with(&self->pod, &args));
}

FIXTURE_TEARDOWN(vdpa)
{
	if (self->fd == -ENODEV)
		return;
	vdpa_close(self->fd);
	EXPECT_EQ(self->pinned, pages_pinned());
	ASSERT_GOOD(pod_finish(&self->pod));
}

#define MAP(prot)	vdpa_map(self->fd, IOVA, self->pod.mem, SIZE, prot)

/* That the call itself is right: other memory goes. */
TEST_F(vdpa, other_memory)
{
	void *mem = mmap(NULL, SIZE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_EQ(0, vdpa_map(self->fd, IOVA, mem, SIZE, RW));
	EXPECT_EQ(0, vdpa_unmap(self->fd, IOVA, SIZE));
	munmap(mem, SIZE);
}

TEST_F(vdpa, before_population)
{
	u64 before = POD_GET(&self->pod, populated);

	EXPECT_EQ(variant->want, MAP(RW));
	EXPECT_EQ(before, POD_GET(&self->pod, populated));
	if (variant->want)
		EXPECT_EQ(self->pinned, pages_pinned());
}

TEST_F(vdpa, after_population)
{
	fill(self->pod.mem, SIZE, TAG);
	EXPECT_EQ(variant->want, MAP(RW));
	EXPECT_EQ(-1, mismatch(self->pod.mem, SIZE, TAG));
	if (variant->want)
		EXPECT_EQ(self->pinned, pages_pinned());
}

/*
 * What one page refuses, the pages before it do not keep. They are few: of
 * many the kernel loses some when a later one fails.
 */
TEST_F(vdpa, a_range_that_ends_in_a_pod)
{
	const size_t before = 16 * PAGE;
	void *space = mmap(NULL, before + SIZE, RW,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, space);
	ASSERT_NE(MAP_FAILED, mmap(space + before, SIZE, RW,
				   MAP_SHARED | MAP_FIXED, self->pod.fd, 0));
	EXPECT_EQ(variant->want,
		  vdpa_map(self->fd, IOVA, space, before + SIZE, RW));
	if (variant->want)
		EXPECT_EQ(self->pinned, pages_pinned());
	vdpa_unmap(self->fd, IOVA, before + SIZE);
	munmap(space, before + SIZE);
}

/* For reading the kernel allows it: the pages stay where they are. */
TEST_F(vdpa, for_reading)
{
	fill(self->pod.mem, SIZE, TAG);
	ASSERT_EQ(0, MAP(PROT_READ));
	if (!variant->shared)
		EXPECT_LT(self->pinned, pages_pinned());
	pod_sweep(&self->pod, 0, 0, 0, NULL);
	EXPECT_EQ(-1, mismatch(self->pod.mem, SIZE, TAG));
}

/* Who shares our addresses holds nothing: what is given up leaves at once. */
TEST_F(vdpa, discard_meanwhile)
{
	int busy = variant->flags ? -EBUSY : 0;

	fill(self->pod.mem, SIZE, TAG);
	ASSERT_EQ(variant->want, MAP(RW));
	EXPECT_EQ(busy, pod_punch(&self->pod, 0, SIZE));
	EXPECT_EQ(0, POD_GET(&self->pod, parked));
	EXPECT_EQ(busy ? SIZE : 0, POD_GET(&self->pod, populated));
	EXPECT_EQ(-1, busy ? mismatch(self->pod.mem, SIZE, TAG) :
			     nonzero(self->pod.mem, SIZE));
}

TEST_HARNESS_MAIN
