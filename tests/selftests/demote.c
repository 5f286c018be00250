// SPDX-License-Identifier: GPL-2.0-only
/*
 * Taking blocks apart: a guest that gives every second page must shrink, and
 * one within its target must never be failed. What it did not give is kept.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/uio.h>

#include "pod_test.h"

#define SIZE	(32 * MiB)
#define TARGET	(16 * MiB)

/* Regions of a larger pod, and how many of them give something in the end. */
#define MANY		144
#define MANY_GIVEN	4

POD_FIXTURE(SIZE, TARGET)

FIXTURE(many) {
	struct pod pod;
};

FIXTURE_SETUP(many)
{
	ASSERT_GOOD(pod_begin(&self->pod, MANY * REGION, MANY * REGION));
}

FIXTURE_TEARDOWN(many)
{
	ASSERT_GOOD(pod_finish(&self->pod));
}

TEST_F_TIMEOUT(pod, lowered_target_is_reached, 60)
{
	u8 *mem = self->pod.mem;

	pod_fill_pages(mem, TARGET);
	ASSERT_EQ(0, pod_inflate(&self->pod, TARGET, SIZE - TARGET));
	ASSERT_EQ(0, pod_give_odd_pages(&self->pod, 0, TARGET));
	EXPECT_EQ(TARGET / 2, POD_GET(&self->pod, given_huge));
	EXPECT_EQ(TARGET, POD_GET(&self->pod, populated));
	ASSERT_EQ(0, pod_set_target(&self->pod, TARGET / 2, NULL));
	EXPECT_TRUE(POD_WAIT(POD_GET(&self->pod, owned) == TARGET / 2)) {
		TH_LOG("owned %lu", POD_GET(&self->pod, owned));
	}
	EXPECT_EQ(0, pod_bad_pages(mem, TARGET));
	EXPECT_EQ(TARGET / 2, POD_GET(&self->pod, populated));
	EXPECT_EQ(TARGET / REGION, pod_attr(&self->pod, "demoted"));
	EXPECT_EQ(0, POD_GET(&self->pod, to_shrink));
}

TEST_F_TIMEOUT(pod, between_the_old_target_and_the_new, 60)
{
	u64 lower = TARGET - 3 * MiB;

	pod_fill_pages(self->pod.mem, TARGET);
	ASSERT_EQ(0, pod_inflate(&self->pod, TARGET, SIZE - TARGET));
	ASSERT_EQ(0, pod_set_target(&self->pod, lower, NULL));
	EXPECT_EQ(TARGET, POD_GET(&self->pod, owned));
	EXPECT_EQ(3 * MiB, POD_GET(&self->pod, to_shrink));
	ASSERT_EQ(0, pod_give_odd_pages(&self->pod, 0, TARGET));
	EXPECT_TRUE(POD_WAIT(POD_GET(&self->pod, owned) == lower));
	EXPECT_EQ(0, pod_bad_pages(self->pod.mem, TARGET));
}

/* The reserve is empty: a touch takes apart what was given inside blocks. */
TEST_F_TIMEOUT(pod, touch_finds_given_pages, 60)
{
	u8 *mem = self->pod.mem;
	u64 at;

	pod_fill_pages(mem, TARGET);
	EXPECT_EQ(SIGBUS, try_write(mem + TARGET, 1));
	ASSERT_EQ(0, pod_give_odd_pages(&self->pod, 0, TARGET));
	for (at = TARGET; at < TARGET + TARGET / 2; at += PAGE) {
		ASSERT_EQ(0, try_write(mem + at, 1)) {
			TH_LOG("at %#lx: %lu populated", at,
			       POD_GET(&self->pod, populated));
		}
	}
	EXPECT_EQ(SIGBUS, try_write(mem + at, 1));
	EXPECT_EQ(TARGET, POD_GET(&self->pod, owned));
	EXPECT_EQ(TARGET, POD_GET(&self->pod, populated));
	EXPECT_EQ(0, pod_bad_pages(mem, TARGET));
}

/* The same for pages that were punched, not given. */
TEST_F_TIMEOUT(pod, touch_finds_punched_pages, 60)
{
	u8 *mem = self->pod.mem;
	u64 at;

	pod_fill_pages(mem, TARGET);
	for (at = PAGE; at < TARGET; at += 2 * PAGE)
		ASSERT_EQ(0, pod_punch(&self->pod, at, PAGE));
	for (at = TARGET; at < TARGET + TARGET / 2; at += PAGE)
		ASSERT_EQ(0, try_write(mem + at, 1));
	EXPECT_EQ(SIGBUS, try_write(mem + at, 1));
	EXPECT_EQ(0, pod_bad_pages(mem, TARGET));
	EXPECT_EQ(0, POD_GET(&self->pod, given));
}

TEST_F(pod, system_call_finds_given_pages)
{
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	ASSERT_LE(0, zero);
	pod_fill_pages(self->pod.mem, TARGET);
	ASSERT_EQ(0, pod_give_odd_pages(&self->pod, 0, TARGET));
	EXPECT_EQ(MiB, read(zero, self->pod.mem + TARGET, MiB));
	EXPECT_EQ(MiB, pwrite(self->pod.fd, self->pod.mem, MiB, 3 * TARGET / 2));
	EXPECT_EQ(0, pod_bad_pages(self->pod.mem, TARGET));
	EXPECT_EQ(0, pod_bad_pages(self->pod.mem + 3 * TARGET / 2, MiB));
	close(zero);
}

/* Given, then written again without notice: data, and not to be lost. */
TEST_F_TIMEOUT(pod, written_after_it_was_given, 60)
{
	u8 *mem = self->pod.mem;
	u64 at;

	pod_fill_pages(mem, TARGET);
	ASSERT_EQ(0, pod_inflate(&self->pod, TARGET, SIZE - TARGET));
	ASSERT_EQ(0, pod_give_odd_pages(&self->pod, 0, TARGET));
	for (at = PAGE; at < TARGET; at += 8 * PAGE)
		fill(mem + at, PAGE, at / PAGE + 1);
	ASSERT_EQ(0, pod_set_target(&self->pod, TARGET / 2, NULL));
	EXPECT_TRUE(POD_WAIT(POD_GET(&self->pod, owned) <=
			     TARGET / 2 + TARGET / 8));
	for (at = 0; at < TARGET; at += PAGE) {
		if (at / PAGE % 2 == 0 || at / PAGE % 8 == 1) {
			EXPECT_EQ(-1, mismatch(mem + at, PAGE, at / PAGE + 1));
		} else {
			EXPECT_EQ(-1, nonzero(mem + at, PAGE));
		}
	}
}

/* One page kept of each block. */
TEST_F_TIMEOUT(pod, nearly_empty_blocks, 60)
{
	u8 *mem = self->pod.mem;
	u64 at;

	for (at = 0; at < TARGET; at += REGION)
		fill(mem + at + 77 * PAGE, PAGE, at / REGION + 1);
	ASSERT_EQ(0, pod_inflate(&self->pod, TARGET, SIZE - TARGET));
	for (at = 0; at < TARGET; at += REGION) {
		ASSERT_EQ(0, pod_inflate(&self->pod, at, 77 * PAGE));
		ASSERT_EQ(0, pod_inflate(&self->pod, at + 78 * PAGE,
					 REGION - 78 * PAGE));
	}
	ASSERT_EQ(0, pod_set_target(&self->pod, REGION, NULL));
	EXPECT_TRUE(POD_WAIT(POD_GET(&self->pod, owned) == REGION));
	EXPECT_EQ(TARGET / REGION * PAGE, POD_GET(&self->pod, populated));
	for (at = 0; at < TARGET; at += REGION) {
		EXPECT_EQ(-1, mismatch(mem + at + 77 * PAGE, PAGE,
				       at / REGION + 1));
		EXPECT_EQ(-1, nonzero(mem + at, 77 * PAGE));
		EXPECT_EQ(-1, nonzero(mem + at + 78 * PAGE,
				      REGION - 78 * PAGE));
	}
}

/* A block that a pipe refers to is passed over, and taken when it is free. */
TEST_F_TIMEOUT(pod, busy_block_is_passed_over, 60)
{
	struct iovec iov = { self->pod.mem, PAGE };
	u8 *mem = self->pod.mem, content[PAGE];
	u64 at = TARGET;
	int fds[2];

	pod_fill_pages(mem, TARGET);
	ASSERT_EQ(0, pipe(fds));
	ASSERT_EQ(PAGE, vmsplice(fds[1], &iov, 1, 0));
	ASSERT_EQ(0, pod_give_odd_pages(&self->pod, 0, TARGET));
	for (; at < TARGET + TARGET / 2 - REGION / 2; at += PAGE) {
		ASSERT_EQ(0, try_write(mem + at, 1)) {
			TH_LOG("at %#lx", at);
		}
	}
	EXPECT_EQ(SIGBUS, try_write(mem + at, 1));
	ASSERT_EQ(PAGE, read(fds[0], content, PAGE));
	EXPECT_EQ(-1, mismatch(content, PAGE, 1));
	EXPECT_EQ(0, try_write(mem + at, 1));
	EXPECT_EQ(0, pod_bad_pages(mem, TARGET));
	close(fds[0]);
	close(fds[1]);
}

/* The float pays for copies; afterwards it is whole again. */
TEST_F_TIMEOUT(pod, float_recovers, 60)
{
	u64 whole = POD_GET(&self->pod, float);

	EXPECT_EQ(REGION, whole);
	pod_fill_pages(self->pod.mem, TARGET);
	ASSERT_EQ(0, pod_inflate(&self->pod, TARGET, SIZE - TARGET));
	ASSERT_EQ(0, pod_give_odd_pages(&self->pod, 0, TARGET));
	ASSERT_EQ(0, pod_set_target(&self->pod, TARGET / 2, NULL));
	EXPECT_TRUE(POD_WAIT(POD_GET(&self->pod, owned) == TARGET / 2));
	EXPECT_TRUE(POD_WAIT(POD_GET(&self->pod, float) == whole));
	EXPECT_EQ(0, pod_bad_pages(self->pod.mem, TARGET));
}

/*
 * Blocks with marks of a balloon that was reset, more than anybody looks at in
 * one go, do not hide those few that the next balloon gives parts of.
 */
TEST_F_TIMEOUT(many, reset_does_not_hide_what_is_given, 60)
{
	u64 given = MANY_GIVEN * REGION, size = self->pod.size, at;

	for (at = 0; at < size; at += REGION)
		self->pod.mem[at] = 1;
	for (at = 0; at < size - given; at += REGION)
		ASSERT_EQ(0, pod_inflate(&self->pod, at + PAGE, PAGE));
	ASSERT_EQ(0, pod_balloon_reset(&self->pod));
	for (at = size - given; at < size; at += REGION)
		ASSERT_EQ(0, pod_inflate(&self->pod, at + PAGE, PAGE));
	ASSERT_EQ(0, pod_set_target(&self->pod, size - MANY_GIVEN * PAGE,
				    NULL));
	EXPECT_TRUE(POD_WAIT(!POD_GET(&self->pod, to_shrink)));
	EXPECT_EQ(size - MANY_GIVEN * PAGE, POD_GET(&self->pod, owned));
	EXPECT_EQ(MANY_GIVEN * PAGE, POD_GET(&self->pod, given));
}

TEST_HARNESS_MAIN
