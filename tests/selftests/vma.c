// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings of the pod file: what may be mapped, split, moved and advised.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/resource.h>

#include "pod_test.h"

#define SIZE	(16 * MiB)
#define TARGET	(8 * MiB)
#define RW	(PROT_READ | PROT_WRITE)

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ	22
#define MADV_POPULATE_WRITE	23
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE		25
#endif

POD_FIXTURE(SIZE, TARGET)

TEST_F(pod, private_is_refused)
{
	EXPECT_EQ(MAP_FAILED, mmap(NULL, SIZE, RW, MAP_PRIVATE, self->pod.fd, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, SIZE, PROT_READ, MAP_PRIVATE,
				   self->pod.fd, 0));
	EXPECT_EQ(EINVAL, errno);
}

/* The kernel itself picks an address that 2 MiB mappings fit. */
TEST_F(pod, kernel_picks_aligned_address)
{
	u8 *mem = mmap(NULL, SIZE, RW, MAP_SHARED, self->pod.fd, 0);

	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_EQ(0, (uintptr_t)mem % REGION);
	munmap(mem, SIZE);
}

TEST_F(pod, beyond_the_end)
{
	u8 *mem = mmap(NULL, SIZE + REGION, RW, MAP_SHARED, self->pod.fd, 0);

	if (mem == MAP_FAILED)
		return;
	EXPECT_EQ(SIGBUS, try_read(mem + SIZE));
	EXPECT_EQ(SIGBUS, try_write(mem + SIZE, 1));
	EXPECT_EQ(0, POD_GET(&self->pod, populated));
	munmap(mem, SIZE + REGION);
}

TEST_F(pod, mremap_is_refused)
{
	u8 *mem = self->pod.mem, *to;

	fill(mem, REGION, 1);
	to = mmap(NULL, 2 * SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, to);
	EXPECT_EQ(MAP_FAILED, mremap(mem, SIZE, SIZE + REGION, 0));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(MAP_FAILED, mremap(mem, SIZE, SIZE + REGION, MREMAP_MAYMOVE));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(MAP_FAILED, mremap(mem, SIZE, SIZE,
				     MREMAP_MAYMOVE | MREMAP_FIXED, to));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mremap(mem, SIZE, SIZE,
				     MREMAP_MAYMOVE | MREMAP_DONTUNMAP));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, mismatch(mem, REGION, 1));
}

TEST_F(pod, unaligned_split_is_refused)
{
	u8 *mem = self->pod.mem;

	fill(mem, 2 * REGION, 1);
	EXPECT_EQ(-1, munmap(mem + REGION + PAGE, PAGE));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, mprotect(mem + PAGE, PAGE, PROT_READ));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, mismatch(mem, 2 * REGION, 1));
	EXPECT_EQ(2 * REGION, pmd_mapped(mem, SIZE));
}

TEST_F(pod, aligned_split_keeps_the_rest)
{
	u8 *mem = self->pod.mem;

	fill(mem, 4 * REGION, 1);
	ASSERT_EQ(0, munmap(mem + REGION, REGION));
	EXPECT_EQ(SIGSEGV, try_read(mem + REGION));
	EXPECT_EQ(4 * REGION, POD_GET(&self->pod, populated));
	EXPECT_EQ(-1, mismatch(mem, REGION, 1));
	ASSERT_EQ(mem + REGION, mmap(mem + REGION, REGION, RW,
				     MAP_SHARED | MAP_FIXED, self->pod.fd,
				     REGION));
	EXPECT_EQ(-1, mismatch(mem, 4 * REGION, 1));
	EXPECT_EQ(4 * REGION, pmd_mapped(mem, SIZE));
}

TEST_F(pod, mprotect_of_a_region)
{
	u8 *mem = self->pod.mem;

	fill(mem, 3 * REGION, 1);
	ASSERT_EQ(0, mprotect(mem + REGION, REGION, PROT_READ));
	EXPECT_EQ(SIGSEGV, try_write(mem + REGION, 0));
	EXPECT_EQ(SIGSEGV, try_write(mem + 2 * REGION - 1, 0));
	EXPECT_EQ(-1, mismatch(mem, 3 * REGION, 1));
	ASSERT_EQ(0, mprotect(mem + REGION, REGION, RW));
	EXPECT_EQ(0, try_write(mem + REGION, mem[REGION]));
	EXPECT_EQ(-1, mismatch(mem, 3 * REGION, 1));
}

TEST_F(pod, unaligned_mapping)
{
	void *reserved;
	u8 *mem = map_unaligned(self->pod.fd, SIZE, RW, &reserved);

	ASSERT_NE(NULL, mem);
	fill(mem + REGION - 2 * PAGE, 4 * PAGE, 1);
	EXPECT_EQ(4 * PAGE, POD_GET(&self->pod, populated));
	EXPECT_EQ(0, pmd_mapped(mem, SIZE));
	EXPECT_EQ(-1, mismatch(self->pod.mem + REGION - 2 * PAGE, 4 * PAGE, 1));
	fill(self->pod.mem + 3 * REGION, REGION, 2);
	EXPECT_EQ(-1, mismatch(mem + 3 * REGION, REGION, 2));
	EXPECT_EQ(0, munmap(mem + REGION, PAGE));
	EXPECT_EQ(-1, mismatch(mem + 3 * REGION, REGION, 2));
	munmap(mem, SIZE);
}

/* Part of the file, from an offset that is no multiple of 2 MiB. */
TEST_F(pod, odd_offset)
{
	size_t len = 3 * REGION;
	u8 *mem = mmap(NULL, len, RW, MAP_SHARED, self->pod.fd, 3 * PAGE);

	ASSERT_NE(MAP_FAILED, mem);
	fill(mem, len, 1);
	EXPECT_EQ(-1, mismatch(self->pod.mem + 3 * PAGE, len, 1));
	EXPECT_EQ(-1, nonzero(self->pod.mem, 3 * PAGE));
	munmap(mem, len);
}

TEST_F(pod, locking_does_not_populate)
{
	u8 *mem;

	EXPECT_EQ(0, mlock(self->pod.mem, SIZE));
	EXPECT_EQ(0, POD_GET(&self->pod, populated));
	mem = mmap(NULL, SIZE, RW, MAP_SHARED | MAP_LOCKED | MAP_POPULATE,
		   self->pod.fd, 0);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_EQ(0, POD_GET(&self->pod, populated));
	fill(self->pod.mem, REGION, 1);
	EXPECT_EQ(0, munlock(self->pod.mem, SIZE));
	EXPECT_EQ(-1, mismatch(mem, REGION, 1));
	munmap(mem, SIZE);
}

TEST_F(pod, populate_by_advice)
{
	u8 *mem = self->pod.mem;

	EXPECT_EQ(0, madvise(mem, SIZE, MADV_POPULATE_READ));
	EXPECT_EQ(0, POD_GET(&self->pod, populated));
	EXPECT_EQ(0, madvise(mem, TARGET, MADV_POPULATE_WRITE));
	EXPECT_EQ(TARGET, POD_GET(&self->pod, populated));
	EXPECT_EQ(TARGET / REGION, pod_attr(&self->pod, "populate_2m"));
	/* Zeroes make room for zeroes, data does not. */
	EXPECT_EQ(0, madvise(mem, SIZE, MADV_POPULATE_WRITE));
	EXPECT_EQ(-1, nonzero(mem, SIZE));
	EXPECT_GE(TARGET, POD_GET(&self->pod, populated));
	fill(mem, TARGET, 1);
	EXPECT_EQ(-1, madvise(mem, SIZE, MADV_POPULATE_WRITE));
	EXPECT_EQ(-1, mismatch(mem, TARGET, 1));
	EXPECT_EQ(-1, nonzero(mem + TARGET, SIZE - TARGET));
	EXPECT_EQ(TARGET, POD_GET(&self->pod, populated));
}

TEST_F(pod, advice_that_must_not_lose_data)
{
	const int advice[] = {
		MADV_DONTNEED, MADV_COLD, MADV_PAGEOUT, MADV_HUGEPAGE,
		MADV_COLLAPSE, MADV_FREE, MADV_NOHUGEPAGE, MADV_DONTNEED,
		MADV_HUGEPAGE, MADV_SEQUENTIAL, MADV_RANDOM, MADV_WILLNEED,
		MADV_MERGEABLE, MADV_DODUMP,
	};
	u8 *mem = self->pod.mem;
	int i;

	fill(mem, 2 * REGION, 1);
	for (i = 0; i < ARRAY_SIZE(advice); i++) {
		madvise(mem, SIZE, advice[i]);
		EXPECT_EQ(-1, mismatch(mem, 2 * REGION, 1)) {
			TH_LOG("advice %d", advice[i]);
		}
	}
	EXPECT_EQ(2 * REGION, POD_GET(&self->pod, populated));
}

TEST_F(pod, dontneed_of_one_page)
{
	u8 *mem = self->pod.mem;

	fill(mem, REGION, 1);
	EXPECT_EQ(0, madvise(mem + 5 * PAGE, PAGE, MADV_DONTNEED));
	EXPECT_EQ(-1, mismatch(mem, REGION, 1));
	EXPECT_EQ(REGION, POD_GET(&self->pod, populated));
}

TEST_F(pod, remove_discards)
{
	u8 *mem = self->pod.mem;

	fill(mem, REGION, 1);
	fill(mem + REGION, REGION, 2);
	EXPECT_EQ(0, madvise(mem, REGION, MADV_REMOVE));
	EXPECT_EQ(REGION, POD_GET(&self->pod, populated));
	EXPECT_EQ(-1, nonzero(mem, REGION));
	EXPECT_EQ(-1, mismatch(mem + REGION, REGION, 2));
	EXPECT_EQ(REGION, POD_GET(&self->pod, populated));
}

/* 0 if the child can neither read nor write where the parent has the pod. */
static int cannot_touch(void *arg)
{
	struct pod *pod = arg;

	return !(try_read(pod->mem) == SIGSEGV &&
		 try_write(pod->mem, 1) == SIGSEGV);
}

TEST_F(pod, fork_does_not_inherit)
{
	fill(self->pod.mem, REGION, 1);
	EXPECT_EQ(0, run_child(cannot_touch, &self->pod));
	EXPECT_EQ(-1, mismatch(self->pod.mem, REGION, 1));
}

/* In a child that was made to inherit the mapping: 0 if all is as it was. */
static int touch_inherited(void *arg)
{
	struct pod *pod = arg;

	if (mismatch(pod->mem, REGION, 1) != -1)
		return 1;
	if (nonzero(pod->mem + REGION, REGION) != -1)
		return 2;
	fill(pod->mem + 2 * REGION, REGION, 3);
	return 0;
}

/* MADV_DOFORK takes VM_DONTCOPY away: the copy must be a good mapping. */
TEST_F(pod, inherited_on_demand)
{
	fill(self->pod.mem, REGION, 1);
	if (madvise(self->pod.mem, SIZE, MADV_DOFORK))
		return;
	EXPECT_EQ(0, run_child(touch_inherited, &self->pod));
	EXPECT_EQ(-1, mismatch(self->pod.mem, REGION, 1));
	EXPECT_EQ(-1, mismatch(self->pod.mem + 2 * REGION, REGION, 3));
}

TEST_F(pod, many_mappings)
{
	u8 *mem[32];
	int i;

	for (i = 0; i < ARRAY_SIZE(mem); i++) {
		mem[i] = mmap(NULL, SIZE, RW, MAP_SHARED, self->pod.fd, 0);
		ASSERT_NE(MAP_FAILED, mem[i]);
		EXPECT_EQ(-1, nonzero(mem[i], PAGE));
	}
	fill(mem[7], REGION, 7);
	for (i = 0; i < ARRAY_SIZE(mem); i++)
		EXPECT_EQ(-1, mismatch(mem[i], REGION, 7));
	EXPECT_EQ(REGION, POD_GET(&self->pod, populated));
	for (i = 0; i < ARRAY_SIZE(mem); i++)
		munmap(mem[i], SIZE);
}

TEST_HARNESS_MAIN
