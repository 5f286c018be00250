// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hardware error in memory that a process has mapped. The kernel is told by
 * frame, as firmware does it, and knows nothing to do with such a page: it goes
 * on being used until a sweep meets it. From then on who touches it is told.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "hwerror.h"
#include "pod_test.h"

#define SIZE		(16 * MiB)
#define TARGET		(8 * MiB)
#define RW		(PROT_READ | PROT_WRITE)
#define NO_ERRORS	"this kernel injects no memory errors"

/* The page that gets the error: of a block its head, see hwerror_forget(). */
#define BAD		0UL

FIXTURE(mapped) {
	struct pod pod;
	void *reserved;
	u8 *mem;
	u64 frame;
};

FIXTURE_VARIANT(mapped) {
	bool block;
};

FIXTURE_VARIANT_ADD(mapped, block) { .block = true };
FIXTURE_VARIANT_ADD(mapped, pages) { .block = false };

FIXTURE_SETUP(mapped)
{
	ASSERT_GOOD(pod_begin(&self->pod, SIZE, TARGET));
	self->mem = variant->block ? self->pod.mem :
		    map_unaligned(self->pod.fd, SIZE, RW, &self->reserved);
	ASSERT_NE(NULL, self->mem);
	fill(self->mem, REGION, 1);
	self->frame = page_frame(self->mem + BAD);
}

FIXTURE_TEARDOWN(mapped)
{
	if (!variant->block)
		munmap(self->mem, SIZE);
	ASSERT_GOOD(pod_finish(&self->pod));
	hwerror_forget();
}

/* All but the page that is broken. */
static bool rest_is_good(FIXTURE_DATA(mapped) *self)
{
	static u8 page[PAGE], old[REGION];

	fill(old, REGION, 1);
	memcpy(page, old + BAD, PAGE);
	return mismatch(self->mem, BAD, 1) < 0 &&
	       !memcmp(self->mem + BAD + PAGE, old + BAD + PAGE,
		       REGION - BAD - PAGE);
}

static u64 unit(bool block)
{
	return block ? REGION : PAGE;
}

/* Until the sweep the kernel, and so the process, ignores it. */
TEST_F(mapped, told_after_the_sweep)
{
	u8 *bad = self->mem + BAD;

	if (hwerror_frame(self->frame))
		SKIP(return, NO_ERRORS);
	EXPECT_EQ(0, hwerror_touch(bad, false).sig);
	EXPECT_EQ(0, hwerror_touch(bad, true).sig);
	EXPECT_EQ(0, POD_GET(&self->pod, retired));
	ASSERT_EQ(0, pod_sweep(&self->pod, 0, 0, 0, NULL));
	EXPECT_TRUE(hwerror_is_reported(bad, false));
	EXPECT_TRUE(hwerror_is_reported(bad, true));
	EXPECT_TRUE(hwerror_is_reported(bad, true));
	EXPECT_TRUE(rest_is_good(self));
	EXPECT_EQ(-1, hwerror_find(self->mem, REGION));
	EXPECT_EQ(REGION, POD_GET(&self->pod, populated));
}

/* In all processes: here another one, and another mapping. */
static int told_elsewhere(void *arg)
{
	struct pod *pod = arg;
	u8 *mem = map_aligned(pod->fd, 0, SIZE, PROT_READ);

	if (!mem || try_read(mem + BAD + PAGE))
		return 1;
	return hwerror_is_reported(mem + BAD, false) ? 0 : 2;
}

TEST_F(mapped, told_everywhere)
{
	if (hwerror_frame(self->frame))
		SKIP(return, NO_ERRORS);
	EXPECT_EQ(0, run_child(told_elsewhere, &self->pod));
}

/* System calls fail, and go on with what is sound. */
TEST_F(mapped, system_calls)
{
	static u8 data[PAGE];
	struct iovec to = { data, PAGE }, from = { self->mem + BAD, PAGE };
	int ends[2];

	if (hwerror_frame(self->frame))
		SKIP(return, NO_ERRORS);
	EXPECT_EQ(-1, pread(self->pod.fd, data, PAGE, BAD));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(-1, pwrite(self->pod.fd, data, PAGE, BAD));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(PAGE, pread(self->pod.fd, data, PAGE, BAD + PAGE));
	ASSERT_EQ(0, pod_sweep(&self->pod, 0, 0, 0, NULL));
	ASSERT_EQ(0, pipe(ends));
	EXPECT_EQ(-1, write(ends[1], self->mem + BAD, PAGE));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, process_vm_readv(getpid(), &to, 1, &from, 1, 0));
	EXPECT_EQ(EFAULT, errno);
	close(ends[0]);
	close(ends[1]);
}

/* What the guest gives up reads as zero, also where it was broken. */
TEST_F(mapped, discarded_page)
{
	if (hwerror_frame(self->frame))
		SKIP(return, NO_ERRORS);
	ASSERT_EQ(0, pod_sweep(&self->pod, 0, 0, 0, NULL));
	ASSERT_TRUE(hwerror_is_reported(self->mem + BAD, false));
	ASSERT_EQ(0, pod_punch(&self->pod, BAD, PAGE));
	EXPECT_EQ(0, hwerror_touch(self->mem + BAD, false).sig);
	EXPECT_EQ(0, hwerror_touch(self->mem + BAD, true).sig);
	EXPECT_TRUE(rest_is_good(self));
	EXPECT_EQ(-1, hwerror_find(self->mem, REGION));
	EXPECT_TRUE(POD_WAIT(POD_GET(&self->pod, retired) ==
			     unit(variant->block)));
	EXPECT_TRUE(POD_WAIT(POD_GET(&self->pod, owned) == TARGET));
}

/* All of the region, as a reset of the machine does. */
TEST_F(mapped, discarded_region)
{
	if (hwerror_frame(self->frame))
		SKIP(return, NO_ERRORS);
	ASSERT_EQ(0, pod_inflate(&self->pod, 0, REGION));
	ASSERT_EQ(0, pod_deflate(&self->pod, 0, REGION));
	EXPECT_EQ(-1, nonzero(self->mem, REGION));
	fill(self->mem, TARGET, 2);
	EXPECT_EQ(-1, hwerror_find(self->mem, TARGET));
	EXPECT_EQ(unit(variant->block), POD_GET(&self->pod, retired));
	EXPECT_TRUE(POD_WAIT(POD_GET(&self->pod, owned) == TARGET));
}

/* While a pipe refers to it the page stays; with that it goes. */
TEST_F(mapped, referenced)
{
	struct iovec bad = { self->mem + BAD, PAGE };
	int ends[2];

	ASSERT_EQ(0, pipe(ends));
	ASSERT_EQ(PAGE, vmsplice(ends[1], &bad, 1, 0));
	if (hwerror_frame(self->frame))
		SKIP(return, NO_ERRORS);
	ASSERT_EQ(0, pod_punch(&self->pod, 0, REGION));
	ASSERT_GOOD(pod_healthy(&self->pod));
	close(ends[0]);
	close(ends[1]);
	ASSERT_EQ(0, pod_punch(&self->pod, 0, REGION));
	EXPECT_EQ(-1, nonzero(self->mem, REGION));
	fill(self->mem, TARGET, 2);
	EXPECT_EQ(-1, hwerror_find(self->mem, TARGET));
	EXPECT_EQ(unit(variant->block), POD_GET(&self->pod, retired));
}

/* A prediction is no error: the page cannot be moved, and stays as it is. */
TEST_F(mapped, soft_offline)
{
	int ret = hwerror_soft_at(self->mem + BAD);

	if (ret == -EINVAL)
		SKIP(return, NO_ERRORS);
	EXPECT_GT(0, ret);
	EXPECT_GT(0, hwerror_soft_frame(self->frame));
	EXPECT_FALSE(hwerror_is_marked(self->frame));
	EXPECT_EQ(self->frame, page_frame(self->mem + BAD));
	ASSERT_EQ(0, pod_sweep(&self->pod, 0, 0, 0, NULL));
	EXPECT_EQ(-1, mismatch(self->mem, REGION, 1));
	EXPECT_EQ(0, POD_GET(&self->pod, retired));
}

TEST_HARNESS_MAIN
