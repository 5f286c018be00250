// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_POD_BALLOON: what the guest gives up is GIVEN, not outstanding, until
 * it deflates, resets, or writes there all the same.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>

#include "pod_test.h"
#include "touch.h"

#define SIZE	(32 * MiB)
#define TARGET	(8 * MiB)
#define RW	(PROT_READ | PROT_WRITE)

/* For a race with a sweep: rounds, and pages in each. */
#define MEETINGS	300
#define MEETING_DATA	56
#define MEETING_ZERO	8

POD_FIXTURE(SIZE, TARGET)

#define EXPECT_COUNTS(populated_, given_, given_huge_) do {		\
	EXPECT_EQ(populated_, POD_GET(&self->pod, populated));		\
	EXPECT_EQ(given_, POD_GET(&self->pod, given));			\
	EXPECT_EQ(given_huge_, POD_GET(&self->pod, given_huge));	\
} while (0)

TEST_F(pod, untouched_region)
{
	ASSERT_EQ(0, pod_inflate(&self->pod, REGION, REGION));
	EXPECT_COUNTS(0, REGION, 0);
	EXPECT_EQ(SIZE - REGION, POD_GET(&self->pod, outstanding));
	ASSERT_EQ(0, pod_inflate(&self->pod, REGION, REGION));
	EXPECT_COUNTS(0, REGION, 0);
	EXPECT_EQ(-1, nonzero(self->pod.mem + REGION, REGION));
	EXPECT_COUNTS(0, REGION, 0);
	ASSERT_EQ(0, pod_deflate(&self->pod, REGION, REGION));
	EXPECT_COUNTS(0, 0, 0);
	self->pod.mem[REGION] = 1;
	EXPECT_EQ(REGION, pmd_mapped(self->pod.mem, self->pod.size));
}

TEST_F(pod, untouched_pages)
{
	ASSERT_EQ(0, pod_inflate(&self->pod, 3 * PAGE, 5 * PAGE));
	EXPECT_COUNTS(0, 5 * PAGE, 0);
	ASSERT_EQ(0, pod_deflate(&self->pod, 4 * PAGE, PAGE));
	EXPECT_COUNTS(0, 4 * PAGE, 0);
	ASSERT_EQ(0, pod_deflate(&self->pod, 0, SIZE));
	EXPECT_COUNTS(0, 0, 0);
	self->pod.mem[0] = 1;
	EXPECT_EQ(REGION, pmd_mapped(self->pod.mem, self->pod.size));
}

TEST_F(pod, everything_but_the_target)
{
	ASSERT_EQ(0, pod_inflate(&self->pod, TARGET, SIZE - TARGET));
	EXPECT_COUNTS(0, SIZE - TARGET, 0);
	EXPECT_EQ(TARGET, POD_GET(&self->pod, outstanding));
	EXPECT_EQ(TARGET, POD_GET(&self->pod, reserve));
	fill(self->pod.mem, TARGET, 1);
	EXPECT_EQ(-1, mismatch(self->pod.mem, TARGET, 1));
}

TEST_F(pod, populated_region)
{
	fill(self->pod.mem, 2 * REGION, 1);
	ASSERT_EQ(0, pod_inflate(&self->pod, REGION, REGION));
	EXPECT_COUNTS(REGION, REGION, 0);
	EXPECT_EQ(TARGET - REGION, POD_GET(&self->pod, reserve));
	EXPECT_EQ(-1, nonzero(self->pod.mem + REGION, REGION));
	EXPECT_EQ(-1, mismatch(self->pod.mem, REGION, 1));
}

TEST_F(pod, page_of_a_block)
{
	fill(self->pod.mem, REGION, 1);
	ASSERT_EQ(0, pod_inflate(&self->pod, 2 * PAGE, PAGE));
	EXPECT_COUNTS(REGION, 0, PAGE);
	EXPECT_EQ(-1, nonzero(self->pod.mem + 2 * PAGE, PAGE));
	EXPECT_EQ(-1, mismatch(self->pod.mem, 2 * PAGE, 1));
	EXPECT_EQ(REGION, pmd_mapped(self->pod.mem, self->pod.size));
	ASSERT_EQ(0, pod_deflate(&self->pod, 2 * PAGE, PAGE));
	EXPECT_COUNTS(REGION, 0, 0);
}

TEST_F(pod, block_page_by_page)
{
	u64 at;

	fill(self->pod.mem, REGION, 1);
	for (at = 0; at < REGION; at += PAGE)
		ASSERT_EQ(0, pod_inflate(&self->pod, at, PAGE));
	EXPECT_COUNTS(0, REGION, 0);
	EXPECT_EQ(TARGET, POD_GET(&self->pod, reserve));
}

TEST_F(pod, page_of_a_small_region)
{
	void *reserved;
	u8 *mem = map_unaligned(self->pod.fd, SIZE, RW, &reserved);

	ASSERT_NE(NULL, mem);
	fill(mem, 4 * PAGE, 1);
	ASSERT_EQ(0, pod_inflate(&self->pod, PAGE, PAGE));
	EXPECT_COUNTS(3 * PAGE, PAGE, 0);
	EXPECT_EQ(-1, nonzero(mem + PAGE, PAGE));
	EXPECT_EQ(-1, mismatch(mem, PAGE, 1));
	EXPECT_COUNTS(3 * PAGE, PAGE, 0);
	munmap(mem, SIZE);
}

/**
 * struct sweeper - sweeps the first region until it is told not to
 * @stop: atomic
 */
struct sweeper {
	struct job job;
	const struct pod *pod;
	bool stop;
};

static long sweep_on(void *arg)
{
	struct sweeper *s = arg;
	long ret = 0;

	while (!ret && !__atomic_load_n(&s->stop, __ATOMIC_RELAXED))
		ret = pod_sweep(s->pod, 0, REGION, 0, NULL);
	return ret;
}

/* Zeroes last: the sweep must not have taken them all before the inflate. */
static void touch_for_meeting(volatile u8 *mem)
{
	unsigned int i;

	for (i = 0; i < MEETING_DATA; i++)
		mem[i * PAGE] = 1;
	for (; i < MEETING_DATA + MEETING_ZERO; i++)
		mem[i * PAGE] = 0;
}

/*
 * The sweep has zero pages locked when the inflate comes by, and has detached
 * them by the time the inflate, done with the data, comes back for them. One
 * that it still refers to is parked: a later sweep makes that given.
 */
TEST_F_TIMEOUT(pod, inflate_meets_sweep, 60)
{
	struct sweeper sweeper = { .pod = &self->pod };
	unsigned int round;
	bool given = true;
	int ret;

	/* What is given takes single pages. */
	ret = pod_inflate(&self->pod, 0, REGION);
	job_start(&sweeper.job, sweep_on, &sweeper);
	for (round = 0; !ret && given && round < MEETINGS; round++) {
		touch_for_meeting(self->pod.mem);
		ret = pod_inflate(&self->pod, 0, REGION);
		given = POD_WAIT(POD_GET(&self->pod, given) == REGION ||
				 !POD_GET(&self->pod, parked)) &&
			POD_GET(&self->pod, given) == REGION;
	}
	__atomic_store_n(&sweeper.stop, true, __ATOMIC_RELAXED);
	pthread_join(sweeper.job.thread, NULL);
	EXPECT_EQ(0, ret);
	EXPECT_EQ(0, sweeper.job.result);
	EXPECT_TRUE(given) {
		TH_LOG("round %u: %lu given, %lu parked", round,
		       POD_GET(&self->pod, given),
		       POD_GET(&self->pod, parked));
	}
	EXPECT_LT(0, pod_attr(&self->pod, "sweep_reclaimed"));
}

/* A given region takes single pages: it will hardly be used whole. */
TEST_F(pod, write_takes_back)
{
	ASSERT_EQ(0, pod_inflate(&self->pod, 0, 2 * REGION));
	fill(self->pod.mem + 5 * PAGE, PAGE, 1);
	EXPECT_COUNTS(PAGE, 2 * REGION - PAGE, 0);
	EXPECT_EQ(-1, mismatch(self->pod.mem + 5 * PAGE, PAGE, 1));
	EXPECT_EQ(-1, nonzero(self->pod.mem, 5 * PAGE));
	EXPECT_EQ(-1, nonzero(self->pod.mem + 6 * PAGE, REGION));
	EXPECT_COUNTS(PAGE, 2 * REGION - PAGE, 0);
}

TEST_F(pod, punch_makes_outstanding)
{
	ASSERT_EQ(0, pod_inflate(&self->pod, 0, 2 * REGION));
	ASSERT_EQ(0, pod_punch(&self->pod, 0, REGION));
	EXPECT_COUNTS(0, REGION, 0);
	ASSERT_EQ(0, pod_punch(&self->pod, REGION + PAGE, PAGE));
	EXPECT_COUNTS(0, REGION - PAGE, 0);
}

TEST_F(pod, advice_makes_outstanding)
{
	ASSERT_EQ(0, pod_inflate(&self->pod, 0, 2 * REGION));
	ASSERT_EQ(0, posix_fadvise(self->pod.fd, REGION, PAGE,
				   POSIX_FADV_WILLNEED));
	EXPECT_COUNTS(0, 2 * REGION - PAGE, 0);
	ASSERT_EQ(0, posix_fadvise(self->pod.fd, 0, REGION,
				   POSIX_FADV_WILLNEED));
	EXPECT_COUNTS(0, REGION - PAGE, 0);
}

/* RESET forgets what was given, in regions of every kind. */
TEST_F(pod, reset)
{
	fill(self->pod.mem, REGION, 1);
	ASSERT_EQ(0, pod_inflate(&self->pod, PAGE, 3 * PAGE));
	ASSERT_EQ(0, pod_inflate(&self->pod, REGION, REGION));
	ASSERT_EQ(0, pod_inflate(&self->pod, 2 * REGION, 7 * PAGE));
	fill(self->pod.mem + 2 * REGION, PAGE, 1);
	EXPECT_EQ(REGION + 6 * PAGE, POD_GET(&self->pod, given));
	ASSERT_EQ(0, pod_balloon_reset(&self->pod));
	EXPECT_EQ(0, POD_GET(&self->pod, given));
	EXPECT_EQ(SIZE - REGION - PAGE, POD_GET(&self->pod, outstanding));
	EXPECT_EQ(-1, mismatch(self->pod.mem + 2 * REGION, PAGE, 1));
	EXPECT_EQ(-1, nonzero(self->pod.mem + PAGE, 3 * PAGE));
}

TEST_F(pod, deflate_of_what_was_not_given)
{
	fill(self->pod.mem, REGION, 1);
	ASSERT_EQ(0, pod_deflate(&self->pod, 0, SIZE));
	EXPECT_COUNTS(REGION, 0, 0);
	EXPECT_EQ(-1, mismatch(self->pod.mem, REGION, 1));
}

/* As Debian's guest does: clear a page, then give it. More than the target. */
TEST_F_TIMEOUT(pod, ballooning_over_holes, 60)
{
	u8 *mem = self->pod.mem;
	u64 at;

	for (at = SIZE - PAGE; at >= TARGET; at -= PAGE) {
		ASSERT_EQ(0, try_write(mem + at, 0)) {
			TH_LOG("at %#lx of %#lx", at, SIZE);
		}
		ASSERT_EQ(0, pod_inflate(&self->pod, at, PAGE));
	}
	EXPECT_EQ(TARGET, POD_GET(&self->pod, owned));
	EXPECT_EQ(SIZE - TARGET, POD_GET(&self->pod, given));
	fill(mem, TARGET, 1);
	EXPECT_EQ(-1, mismatch(mem, TARGET, 1));
}

TEST_HARNESS_MAIN
