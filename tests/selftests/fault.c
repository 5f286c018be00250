// SPDX-License-Identifier: GPL-2.0-only
/*
 * First touches: what a write takes from the reserve, how it is mapped, and
 * what happens when the reserve is empty.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>

#include "pod_test.h"

#define SIZE	(32 * MiB)
#define TARGET	(16 * MiB)
#define RW	(PROT_READ | PROT_WRITE)

FIXTURE(pod) {
	struct pod pod;
};

/*
 * No sweep by itself: the last of the reserve is touched here, and a block that
 * is swept between its first touch and its first data comes back as pages.
 */
FIXTURE_SETUP(pod)
{
	ASSERT_GOOD(pod_begin(&self->pod, SIZE, TARGET));
	ASSERT_EQ(0, pod_attr_write(&self->pod, "low_mark", "0"));
}

FIXTURE_TEARDOWN(pod)
{
	ASSERT_GOOD(pod_finish(&self->pod));
}

TEST_F(pod, write_takes_a_block)
{
	u8 *mem = self->pod.mem;

	mem[REGION + 12345] = 1;
	EXPECT_EQ(REGION, pmd_mapped(self->pod.mem, self->pod.size));
	fill(mem + REGION, REGION, 1);
	EXPECT_EQ(REGION, POD_GET(&self->pod, populated));
	EXPECT_EQ(TARGET - REGION, POD_GET(&self->pod, reserve));
	EXPECT_EQ(SIZE - REGION, POD_GET(&self->pod, outstanding));
	EXPECT_EQ(REGION, pmd_mapped(self->pod.mem, self->pod.size));
	EXPECT_EQ(1, pod_attr(&self->pod, "populate_2m"));
	EXPECT_EQ(0, pod_attr(&self->pod, "populate_4k"));
}

TEST_F(pod, a_block_is_zero)
{
	self->pod.mem[REGION + 5] = 0;
	EXPECT_EQ(-1, nonzero(self->pod.mem + REGION, REGION));
}

/* Pages of an earlier pod, or of an earlier use, must not show. */
TEST_F(pod, recycled_memory_is_zero)
{
	u8 *mem = self->pod.mem;
	int round;
	u64 at;

	for (round = 0; round < 3; round++) {
		for (at = 0; at < TARGET; at += REGION) {
			mem[at] = 0;
			EXPECT_EQ(-1, nonzero(mem + at, REGION));
			memset(mem + at, 0xff, REGION);
		}
		ASSERT_EQ(0, pod_punch(&self->pod, 0, TARGET));
		ASSERT_EQ(0, POD_GET(&self->pod, populated));
	}
}

TEST_F(pod, every_page_keeps_its_content)
{
	u8 *mem = self->pod.mem;

	fill(mem, TARGET, 1);
	EXPECT_EQ(TARGET, POD_GET(&self->pod, populated));
	EXPECT_EQ(0, POD_GET(&self->pod, reserve));
	EXPECT_EQ(TARGET, pmd_mapped(self->pod.mem, self->pod.size));
	EXPECT_EQ(0, madvise(mem, SIZE, MADV_DONTNEED));
	EXPECT_EQ(-1, mismatch(mem, TARGET, 1));
	EXPECT_EQ(TARGET, pmd_mapped(self->pod.mem, self->pod.size));
	EXPECT_EQ(-1, nonzero(mem + TARGET, SIZE - TARGET));
}

/* DESIGN rule 7: neither the reserve nor the 2 MiB mapping pays for a read. */
TEST_F(pod, read_costs_nothing)
{
	u8 *mem = self->pod.mem;
	u64 at;

	EXPECT_EQ(-1, nonzero(mem, SIZE));
	EXPECT_EQ(0, POD_GET(&self->pod, populated));
	EXPECT_EQ(TARGET, POD_GET(&self->pod, reserve));
	EXPECT_LT(0, pod_attr(&self->pod, "zero_mapped"));
	for (at = 0; at < TARGET; at += REGION)
		mem[at + 99] = 1;
	EXPECT_EQ(TARGET / REGION, pod_attr(&self->pod, "populate_2m"));
	EXPECT_EQ(0, pod_attr(&self->pod, "populate_4k"));
	EXPECT_EQ(0, madvise(mem + TARGET, SIZE - TARGET, MADV_DONTNEED));
	EXPECT_EQ(TARGET, pmd_mapped(self->pod.mem, self->pod.size));
}

/* A read of what is there already must not cost a second fault on write. */
TEST_F(pod, read_then_write_is_one_fault)
{
	volatile u8 *mem = self->pod.mem;
	long before, took, faults = LONG_MAX;
	int i;

	fill(self->pod.mem, REGION, 1);
	/* Some rounds have faults of the program's own as well. */
	for (i = 0; i < 8; i++) {
		EXPECT_EQ(0, madvise(self->pod.mem, REGION, MADV_DONTNEED));
		before = faults_so_far();
		mem[PAGE] = mem[PAGE];
		took = faults_so_far() - before;
		if (took < faults)
			faults = took;
	}
	EXPECT_EQ(1, faults);
}

TEST_F(pod, unaligned_mapping_takes_pages)
{
	void *reserved;
	u8 *mem = map_unaligned(self->pod.fd, SIZE, RW, &reserved);
	u64 at;

	ASSERT_NE(NULL, mem);
	for (at = 0; at < SIZE; at += REGION)
		fill(mem + at + 3 * PAGE, PAGE, at / REGION + 1);
	EXPECT_EQ(SIZE / REGION * PAGE, POD_GET(&self->pod, populated));
	EXPECT_EQ(SIZE / REGION, pod_attr(&self->pod, "populate_4k"));
	for (at = 0; at < SIZE; at += REGION) {
		EXPECT_EQ(-1, mismatch(self->pod.mem + at + 3 * PAGE, PAGE,
				       at / REGION + 1));
		EXPECT_EQ(-1, nonzero(self->pod.mem + at, 3 * PAGE));
		EXPECT_EQ(-1, nonzero(self->pod.mem + at + 4 * PAGE,
				      REGION - 4 * PAGE));
	}
	EXPECT_EQ(SIZE / REGION * PAGE, POD_GET(&self->pod, populated));
	munmap(mem, SIZE);
}

/* A block would hide the pages that are there already. */
TEST_F(pod, no_block_over_single_pages)
{
	void *reserved;
	u8 *small = map_unaligned(self->pod.fd, SIZE, PROT_READ | PROT_WRITE,
				  &reserved);

	ASSERT_NE(NULL, small);
	fill(small + REGION + 3 * PAGE, PAGE, 3);
	fill(self->pod.mem + REGION + 7 * PAGE, PAGE, 7);
	EXPECT_EQ(2 * PAGE, POD_GET(&self->pod, populated));
	EXPECT_EQ(-1, mismatch(self->pod.mem + REGION + 3 * PAGE, PAGE, 3));
	EXPECT_EQ(-1, mismatch(small + REGION + 7 * PAGE, PAGE, 7));
	munmap(small, SIZE);
}

/* A small region fills up page by page, whoever maps it. */
TEST_F(pod, small_region_fills_up)
{
	void *reserved;
	u8 *mem = map_unaligned(self->pod.fd, SIZE, RW, &reserved);
	unsigned int i;

	ASSERT_NE(NULL, mem);
	for (i = 0; i < REGION / PAGE; i++)
		fill((i % 2 ? mem : self->pod.mem) + i * PAGE, PAGE, i + 1);
	for (i = 0; i < REGION / PAGE; i++) {
		EXPECT_EQ(-1, mismatch(mem + i * PAGE, PAGE, i + 1));
		EXPECT_EQ(-1, mismatch(self->pod.mem + i * PAGE, PAGE, i + 1));
	}
	EXPECT_EQ(REGION, POD_GET(&self->pod, populated));
	munmap(mem, SIZE);
}

struct toucher {
	pthread_t thread;
	struct pod *pod;
	unsigned int nr, of;
	bool interleaved;
	long bad;
};

/* Its share of the pages: one after the other, or every of-th. */
static void *touch_share(void *arg)
{
	struct toucher *t = arg;
	unsigned int i, pages = TARGET / PAGE, share = pages / t->of;
	u8 *page;

	for (i = 0; i < share; i++) {
		page = t->pod->mem + PAGE * (t->interleaved ?
					     i * t->of + t->nr :
					     t->nr * share + i);
		fill(page, PAGE, t->nr + 1);
	}
	for (i = 0; i < share; i++) {
		page = t->pod->mem + PAGE * (t->interleaved ?
					     i * t->of + t->nr :
					     t->nr * share + i);
		t->bad += mismatch(page, PAGE, t->nr + 1) != -1;
	}
	return NULL;
}

static long touch_in_threads(struct pod *pod, bool interleaved)
{
	struct toucher t[8];
	long bad = 0;
	int i;

	for (i = 0; i < 8; i++) {
		t[i] = (struct toucher){ .pod = pod, .nr = i, .of = 8,
					 .interleaved = interleaved };
		if (pthread_create(&t[i].thread, NULL, touch_share, &t[i]))
			abort();
	}
	for (i = 0; i < 8; i++) {
		pthread_join(t[i].thread, NULL);
		bad += t[i].bad;
	}
	return bad;
}

TEST_F_TIMEOUT(pod, threads_in_different_regions, 60)
{
	EXPECT_EQ(0, touch_in_threads(&self->pod, false));
	EXPECT_EQ(TARGET, POD_GET(&self->pod, populated));
	EXPECT_EQ(TARGET, pmd_mapped(self->pod.mem, self->pod.size));
}

/* All but one take a block in vain, or find none because others hold them. */
TEST_F_TIMEOUT(pod, threads_in_the_same_region, 60)
{
	int i;

	for (i = 0; i < 100; i++) {
		EXPECT_EQ(0, touch_in_threads(&self->pod, true));
		EXPECT_EQ(TARGET, POD_GET(&self->pod, populated));
		ASSERT_EQ(TARGET, pmd_mapped(self->pod.mem, self->pod.size))
			TH_LOG("round %d", i);
		ASSERT_EQ(0, pod_punch(&self->pod, 0, SIZE));
	}
}

TEST_F(pod, beyond_the_reserve)
{
	u8 *mem = self->pod.mem;

	fill(mem, TARGET, 1);
	EXPECT_EQ(SIGBUS, try_write(mem + TARGET, 1));
	EXPECT_EQ(SIGBUS, try_write(mem + SIZE - 1, 1));
	EXPECT_EQ(0, try_read(mem + TARGET));
	EXPECT_EQ(-1, nonzero(mem + TARGET, SIZE - TARGET));
	EXPECT_EQ(-1, mismatch(mem, TARGET, 1));
	EXPECT_EQ(TARGET, POD_GET(&self->pod, populated));
	EXPECT_EQ(TARGET, POD_GET(&self->pod, owned));
	EXPECT_LE(2, pod_attr(&self->pod, "exhausted"));
}

/* Memory comes back, and with it the chance of a 2 MiB mapping. */
TEST_F(pod, life_after_exhaustion)
{
	u8 *mem = self->pod.mem;

	fill(mem, TARGET, 1);
	EXPECT_EQ(SIGBUS, try_write(mem + TARGET, 1));
	ASSERT_EQ(0, pod_punch(&self->pod, 0, REGION));
	EXPECT_EQ(0, try_write(mem + TARGET, 1));
	/* All of it: a block that is mostly zero is taken apart. */
	fill(mem + TARGET, REGION, 1);
	EXPECT_EQ(TARGET, POD_GET(&self->pod, populated));
	EXPECT_EQ(SIGBUS, try_write(mem, 1));
	ASSERT_EQ(0, pod_set_target(&self->pod, TARGET + REGION, NULL));
	EXPECT_EQ(0, try_write(mem, 1));
	EXPECT_EQ(TARGET + REGION, pmd_mapped(self->pod.mem, self->pod.size));
}

/* A kernel that copies for us gets an error, not a signal. */
TEST_F(pod, system_call_beyond_the_reserve)
{
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	ASSERT_LE(0, zero);
	fill(self->pod.mem, TARGET, 1);
	EXPECT_EQ(-1, read(zero, self->pod.mem + TARGET, PAGE));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(PAGE, read(zero, self->pod.mem + TARGET - PAGE, 2 * PAGE));
	EXPECT_EQ(TARGET, POD_GET(&self->pod, populated));
	close(zero);
}

/* Less than a block is left: single pages until the last one. */
TEST_F(pod, last_pages_of_the_reserve)
{
	u64 target = 2 * REGION + 5 * PAGE;
	u8 *mem = self->pod.mem;
	unsigned int i;

	ASSERT_EQ(0, pod_inflate(&self->pod, 0, SIZE));
	ASSERT_EQ(0, pod_set_target(&self->pod, target, NULL));
	ASSERT_TRUE(POD_WAIT(POD_GET(&self->pod, owned) == target));
	ASSERT_EQ(0, pod_deflate(&self->pod, 0, SIZE));
	for (i = 0; i < 2; i++)
		EXPECT_EQ(0, try_write(mem + i * REGION, 1));
	fill(mem, 2 * REGION, 1);
	for (i = 0; i < 5; i++)
		EXPECT_EQ(0, try_write(mem + (3 + i) * REGION, 1));
	EXPECT_EQ(0, POD_GET(&self->pod, reserve));
	EXPECT_EQ(target, POD_GET(&self->pod, populated));
	EXPECT_EQ(SIGBUS, try_write(mem + 9 * REGION, 1));
	EXPECT_EQ(SIGBUS, try_write(mem + 3 * REGION + PAGE, 1));
}

/* R > 0 never fails a request for 4 KiB, though all of R is in blocks. */
TEST_F_TIMEOUT(pod, blocks_are_taken_apart_for_pages, 60)
{
	void *reserved;
	u8 *mem = map_unaligned(self->pod.fd, SIZE, RW, &reserved);
	unsigned int i, pages = TARGET / PAGE;
	u64 at;

	ASSERT_NE(NULL, mem);
	for (i = 0; i < pages; i++) {
		at = i % (SIZE / REGION) * REGION + i / (SIZE / REGION) * PAGE;
		if (try_write(mem + at, i % 255 + 1))
			break;
	}
	EXPECT_EQ(pages, i);
	EXPECT_EQ(TARGET, POD_GET(&self->pod, populated));
	for (i = 0; i < pages; i++) {
		at = i % (SIZE / REGION) * REGION + i / (SIZE / REGION) * PAGE;
		if (mem[at] != i % 255 + 1)
			break;
	}
	EXPECT_EQ(pages, i);
	EXPECT_EQ(SIGBUS, try_write(mem + REGION - PAGE, 1));
	munmap(mem, SIZE);
}

TEST_HARNESS_MAIN
