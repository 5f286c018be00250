// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scrubbers: a guest that writes zeroes over all of its memory, far more than
 * it may hold, before anything else. It must come through, within the target,
 * even where running out is fatal.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>

#include "bound.h"
#include "pod_test.h"
#include "touch.h"

#define SIZE		(256 * MiB)
#define TARGET		(64 * MiB)
#define RW		(PROT_READ | PROT_WRITE)
#define MAX_THREADS	4

POD_FIXTURE(SIZE, TARGET)

/**
 * struct scrubber - one thread's share of the work
 * @mem: its part of the memory
 * @len: of that part
 * @step: bytes written before the next ones
 * @pattern: what is written first over each step, before the zeroes
 */
struct scrubber {
	struct job job;
	u8 *mem;
	u64 len;
	u64 step;
	u8 pattern;
};

static long scrub(void *arg)
{
	struct scrubber *s = arg;
	u64 at;

	for (at = 0; at < s->len; at += s->step) {
		if (s->pattern)
			memset(s->mem + at, s->pattern, s->step);
		memset(s->mem + at, 0, s->step);
	}
	return 0;
}

/* Each thread has a contiguous part, as each CPU of a guest would. */
static void scrub_all(struct __test_metadata *_metadata, u8 *mem, u64 len,
		      unsigned int nr, u64 step, u8 pattern)
{
	struct scrubber s[MAX_THREADS];
	unsigned int i;

	for (i = 0; i < nr; i++) {
		s[i].mem = mem + len / nr * i;
		s[i].len = len / nr;
		s[i].step = step;
		s[i].pattern = pattern;
		job_start(&s[i].job, scrub, &s[i]);
	}
	for (i = 0; i < nr; i++)
		ASSERT_EQ(0, pthread_join(s[i].job.thread, NULL));
}

static void check_scrub(struct __test_metadata *_metadata,
			const struct pod *pod, unsigned int nr, u64 step,
			u8 pattern)
{
	struct bound bound;

	bound_start(&bound, pod, 0);
	scrub_all(_metadata, pod->mem, SIZE, nr, step, pattern);
	ASSERT_GOOD(bound_stop(&bound));
	EXPECT_LT(0, bound.samples);
	EXPECT_GE(TARGET, bound.most_owned);
	EXPECT_EQ(TARGET, POD_GET(pod, owned));
	EXPECT_EQ(0, pod_attr(pod, "exhausted"));
	EXPECT_LE((SIZE - TARGET) / PAGE, pod_attr(pod, "sweep_reclaimed"));
	EXPECT_EQ(-1, nonzero(pod->mem, SIZE));
}

TEST_F_TIMEOUT(pod, one_thread, 90)
{
	check_scrub(_metadata, &self->pod, 1, REGION, 0);
}

TEST_F_TIMEOUT(pod, two_threads, 90)
{
	check_scrub(_metadata, &self->pod, 2, REGION, 0);
}

TEST_F_TIMEOUT(pod, four_threads, 90)
{
	check_scrub(_metadata, &self->pod, 4, REGION, 0);
}

TEST_F_TIMEOUT(pod, pattern_then_zero_by_2m, 90)
{
	check_scrub(_metadata, &self->pod, 2, REGION, 0xa5);
}

TEST_F_TIMEOUT(pod, pattern_then_zero_by_page, 90)
{
	check_scrub(_metadata, &self->pod, 2, PAGE, 0xa5);
}

/* Twice, as some firmware and then the kernel. */
TEST_F_TIMEOUT(pod, twice, 90)
{
	check_scrub(_metadata, &self->pod, 2, REGION, 0);
	check_scrub(_metadata, &self->pod, 2, REGION, 0);
}

/* Without one 2 MiB mapping: single pages are swept as well. */
TEST_F_TIMEOUT(pod, single_pages, 90)
{
	struct bound bound;
	void *reserved;
	u8 *mem = map_unaligned(self->pod.fd, SIZE, RW, &reserved);

	ASSERT_NE(NULL, mem);
	ASSERT_EQ(0, pod_set_target(&self->pod, 8 * MiB, NULL));
	ASSERT_TRUE(POD_WAIT(POD_GET(&self->pod, owned) == 8 * MiB));
	bound_start(&bound, &self->pod, 0);
	scrub_all(_metadata, mem, 32 * MiB, 2, PAGE, 0);
	ASSERT_GOOD(bound_stop(&bound));
	EXPECT_GE(8 * MiB, bound.most_owned);
	EXPECT_EQ(-1, nonzero(mem, 32 * MiB));
	munmap(mem, SIZE);
}

/* Data first, three quarters of the target: it is not in the way. */
TEST_F_TIMEOUT(pod, around_data, 90)
{
	const u64 data = TARGET / 4 * 3;
	struct bound bound;

	fill(self->pod.mem, data, 1);
	bound_start(&bound, &self->pod, 0);
	scrub_all(_metadata, self->pod.mem + data, SIZE - data, 2, REGION, 0);
	ASSERT_GOOD(bound_stop(&bound));
	EXPECT_GE(TARGET, bound.most_owned);
	EXPECT_EQ(-1, mismatch(self->pod.mem, data, 1));
	EXPECT_EQ(-1, nonzero(self->pod.mem + data, SIZE - data));
}

/* After the scrubber the guest uses as much as it may, and not a page more. */
TEST_F_TIMEOUT(pod, all_is_usable_afterwards, 90)
{
	check_scrub(_metadata, &self->pod, 2, REGION, 0);
	fill(self->pod.mem, TARGET, 1);
	EXPECT_EQ(SIGBUS, try_write(self->pod.mem + TARGET, 1));
	EXPECT_EQ(-1, mismatch(self->pod.mem, TARGET, 1));
	EXPECT_EQ(TARGET, POD_GET(&self->pod, populated));
}

/* A reserve that covers all that is outstanding has nothing to look for. */
TEST_F(pod, no_need_no_scan)
{
	ASSERT_EQ(0, pod_set_target(&self->pod, SIZE, NULL));
	memset(self->pod.mem, 0, SIZE);
	pod_sleep_ms(300);
	EXPECT_EQ(SIZE, POD_GET(&self->pod, populated));
	EXPECT_EQ(0, pod_attr(&self->pod, "sweep_scanned"));
}

/*
 * What was zeroed long after it was populated: the worker finds it when the
 * reserve is low, before anybody runs out.
 */
TEST_F(pod, below_the_low_mark)
{
	u8 *mem = self->pod.mem;

	ASSERT_EQ(0, pod_attr_write(&self->pod, "low_mark", "0"));
	fill(mem, TARGET - 8 * REGION, 1);
	memset(mem, 0, 8 * REGION);
	pod_sleep_ms(300);
	EXPECT_EQ(TARGET - 8 * REGION, POD_GET(&self->pod, populated));
	ASSERT_EQ(0, pod_attr_write(&self->pod, "low_mark", "16777216"));
	fill(mem + TARGET - 8 * REGION, 2 * REGION, 2);
	EXPECT_TRUE(POD_WAIT(POD_GET(&self->pod, reserve) > 8 * REGION)) {
		TH_LOG("reserve %lu", POD_GET(&self->pod, reserve));
	}
	EXPECT_EQ(0, pod_attr(&self->pod, "exhausted"));
	EXPECT_EQ(-1, nonzero(mem, 8 * REGION));
	EXPECT_EQ(-1, mismatch(mem + TARGET - 8 * REGION, 2 * REGION, 2));
}

/* The last moment: a touch finds the reserve empty, and zeroes in the guest. */
TEST_F(pod, in_an_emergency)
{
	u8 *mem = self->pod.mem;

	ASSERT_EQ(0, pod_attr_write(&self->pod, "low_mark", "0"));
	fill(mem, TARGET, 1);
	memset(mem + 10 * REGION, 0, REGION);
	fill(mem + TARGET, REGION, 2);
	EXPECT_EQ(-1, nonzero(mem + 10 * REGION, REGION));
	EXPECT_EQ(-1, mismatch(mem, 10 * REGION, 1));
	EXPECT_EQ(-1, mismatch(mem + TARGET, REGION, 2));
	EXPECT_EQ(0, pod_attr(&self->pod, "exhausted"));
	EXPECT_EQ(SIGBUS, try_write(mem + TARGET + REGION, 1));
}

/* The same with zeroes that no whole block has. */
TEST_F(pod, in_an_emergency_scattered)
{
	u8 *mem = self->pod.mem;
	u64 at;

	ASSERT_EQ(0, pod_attr_write(&self->pod, "low_mark", "0"));
	fill(mem, TARGET, 1);
	for (at = 10 * REGION; at < 11 * REGION; at += 2 * PAGE)
		memset(mem + at, 0, PAGE);
	for (at = 0; at < REGION / 2; at += PAGE)
		ASSERT_EQ(0, try_write(mem + TARGET + at, 1));
	EXPECT_EQ(1, pod_attr(&self->pod, "demoted"));
	EXPECT_EQ(SIGBUS, try_write(mem + TARGET + REGION, 1));
	EXPECT_EQ(-1, mismatch(mem, 10 * REGION, 1));
	for (at = 10 * REGION; at < 11 * REGION; at += 2 * PAGE)
		EXPECT_EQ(-1, nonzero(mem + at, PAGE));
}

/* And in single pages. */
TEST_F(pod, in_an_emergency_small)
{
	void *reserved;
	u8 *mem = map_unaligned(self->pod.fd, SIZE, RW, &reserved);

	ASSERT_NE(NULL, mem);
	ASSERT_EQ(0, pod_attr_write(&self->pod, "low_mark", "0"));
	ASSERT_EQ(0, pod_set_target(&self->pod, 4 * MiB, NULL));
	ASSERT_TRUE(POD_WAIT(POD_GET(&self->pod, owned) == 4 * MiB));
	fill(mem, 4 * MiB, 1);
	memset(mem + 5 * PAGE, 0, 3 * PAGE);
	EXPECT_EQ(0, try_write(mem + 4 * MiB, 1));
	EXPECT_EQ(0, try_write(mem + 5 * MiB, 1));
	EXPECT_EQ(0, try_write(mem + 6 * MiB, 1));
	EXPECT_EQ(SIGBUS, try_write(mem + 7 * MiB, 1));
	EXPECT_EQ(-1, nonzero(mem + 5 * PAGE, 3 * PAGE));
	EXPECT_EQ(-1, mismatch(mem, 5 * PAGE, 1));
	munmap(mem, SIZE);
}

TEST_HARNESS_MAIN
