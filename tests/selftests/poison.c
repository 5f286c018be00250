// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages with a hardware error, injected by MADV_HWPOISON: the rest of the pod
 * works on, and the page never returns to service (DESIGN rule 5). Each test
 * costs the host a page or a block for good.
 */
#define _GNU_SOURCE
#include <errno.h>

#include "pod_test.h"

#define SIZE	(16 * MiB)
#define TARGET	(8 * MiB)
#define RW	(PROT_READ | PROT_WRITE)

POD_FIXTURE(SIZE, TARGET)

/*
 * The kernel may refuse to handle the page; it is marked all the same. Nobody
 * has consumed the error, so the signal is a warning only.
 */
static bool poison(u8 *page)
{
	signal(SIGBUS, SIG_IGN);
	return !madvise(page, PAGE, MADV_HWPOISON) || errno != EINVAL;
}

/* Discarded, the broken memory is retired and replaced. */
static void check_retired(struct __test_metadata *_metadata, struct pod *pod,
			  u64 retired)
{
	u8 *mem = pod->mem;

	ASSERT_EQ(0, pod_punch(pod, 0, REGION));
	EXPECT_TRUE(POD_WAIT(POD_GET(pod, retired) == retired));
	EXPECT_TRUE(POD_WAIT(POD_GET(pod, owned) == TARGET));
	EXPECT_EQ(-1, nonzero(mem, REGION));
	fill(mem, TARGET, 2);
	EXPECT_EQ(-1, mismatch(mem, TARGET, 2));
	EXPECT_EQ(retired, POD_GET(pod, retired));
}

TEST_F(pod, block)
{
	u8 *mem = self->pod.mem;

	fill(mem, 2 * REGION, 1);
	if (!poison(mem + 5 * PAGE))
		SKIP(return, "this kernel injects no memory errors");
	EXPECT_EQ(0, madvise(mem, REGION, MADV_DONTNEED));
	EXPECT_EQ(SIGBUS, try_read(mem + 5 * PAGE));
	EXPECT_EQ(SIGBUS, try_write(mem + 5 * PAGE, 1));
	EXPECT_EQ(-1, mismatch(mem, 5 * PAGE, 1));
	/* The sound pages were mapped without it. */
	EXPECT_EQ(SIGBUS, try_read(mem + 5 * PAGE));
	check_retired(_metadata, &self->pod, REGION);
}

TEST_F(pod, single_page)
{
	void *reserved;
	u8 *mem = map_unaligned(self->pod.fd, SIZE, RW, &reserved);

	ASSERT_NE(NULL, mem);
	fill(mem, REGION, 1);
	if (!poison(mem + 5 * PAGE))
		SKIP(return, "this kernel injects no memory errors");
	EXPECT_EQ(0, madvise(mem, REGION, MADV_DONTNEED));
	EXPECT_EQ(SIGBUS, try_read(mem + 5 * PAGE));
	EXPECT_EQ(-1, mismatch(mem, 5 * PAGE, 1));
	munmap(mem, SIZE);
	check_retired(_metadata, &self->pod, PAGE);
}

/* It is not taken apart, whatever was given of it; its neighbour is. */
TEST_F(pod, block_is_left_alone)
{
	u64 given = REGION - 8 * PAGE;
	u8 *mem = self->pod.mem;

	fill(mem, TARGET, 1);
	if (!poison(mem + 4 * PAGE))
		SKIP(return, "this kernel injects no memory errors");
	ASSERT_EQ(0, pod_inflate(&self->pod, TARGET, SIZE - TARGET));
	ASSERT_EQ(0, pod_inflate(&self->pod, 8 * PAGE, given));
	ASSERT_EQ(0, pod_inflate(&self->pod, REGION + 8 * PAGE, given));
	ASSERT_EQ(0, pod_set_target(&self->pod, TARGET - REGION, NULL));
	EXPECT_TRUE(POD_WAIT(POD_GET(&self->pod, owned) == TARGET - given));
	EXPECT_EQ(SIGBUS, try_read(mem + 4 * PAGE));
	EXPECT_EQ(-1, mismatch(mem, 4 * PAGE, 1));
	EXPECT_EQ(-1, nonzero(mem + 8 * PAGE, given));
	EXPECT_EQ(-1, nonzero(mem + REGION + 8 * PAGE, given));
}

FIXTURE(pinnable) {
	struct pod pod;
};

FIXTURE_SETUP(pinnable)
{
	struct kvm_pod_create args = pod_create_args(SIZE, SIZE);

	args.flags = KVM_POD_F_PINNABLE;
	ASSERT_GOOD(pod_begin_with(&self->pod, &args));
}

FIXTURE_TEARDOWN(pinnable)
{
	ASSERT_GOOD(pod_finish(&self->pod));
}

/* It cannot be replaced, as a device may have it: it is refused alone. */
TEST_F(pinnable, block)
{
	u8 *mem = self->pod.mem;

	fill(mem, SIZE, 1);
	if (!poison(mem + 5 * PAGE))
		SKIP(return, "this kernel injects no memory errors");
	EXPECT_EQ(0, madvise(mem, SIZE, MADV_DONTNEED));
	EXPECT_EQ(SIGBUS, try_read(mem + 5 * PAGE));
	EXPECT_EQ(SIGBUS, try_write(mem + 5 * PAGE, 1));
	EXPECT_EQ(-1, mismatch(mem, 5 * PAGE, 1));
	fill(mem + 6 * PAGE, SIZE - 6 * PAGE, 2);
	EXPECT_EQ(-1, mismatch(mem + 6 * PAGE, SIZE - 6 * PAGE, 2));
	EXPECT_EQ(-EBUSY, pod_punch(&self->pod, 0, REGION));
	EXPECT_EQ(SIGBUS, try_read(mem + 5 * PAGE));
	EXPECT_EQ(SIZE, POD_GET(&self->pod, populated));
	EXPECT_EQ(0, POD_GET(&self->pod, retired));
}

TEST_HARNESS_MAIN
