// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policy "fail": a touch is refused when the pod has nothing left for it, and
 * never while there is a page of zeroes to be had, whatever was found before.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "pod_test.h"
#include "touch.h"

#define SIZE		(32 * MiB)
#define TARGET		(4 * MiB)
#define BLOCKS		(SIZE / REGION)
#define PIECE		(REGION / 4)

/* For the rounds with others in the way. */
#define SECONDS		4
#define NR_SWEEPERS	2

FIXTURE(full) {
	struct pod pod;
	u8 *hole;
};

static void fill_pieces(u8 *mem)
{
	u64 at;

	for (at = 0; at < TARGET; at += PIECE)
		fill(mem + at, PIECE, 1);
}

static bool is_intact(const u8 *mem, u64 from)
{
	u64 at;

	for (at = from; at < TARGET; at += PIECE)
		if (mismatch(mem + at, PIECE, 1) >= 0)
			return false;
	return true;
}

/* All of the target holds data, and @hole is the next that is wanted. */
FIXTURE_SETUP(full)
{
	ASSERT_GOOD(pod_begin(&self->pod, SIZE, TARGET));
	ASSERT_EQ(0, pod_set_overdraft(&self->pod, KVM_POD_POLICY_FAIL, 0));
	fill_pieces(self->pod.mem);
	self->hole = self->pod.mem + TARGET;
}

FIXTURE_TEARDOWN(full)
{
	ASSERT_GOOD(pod_finish(&self->pod));
}

/* Who was refused may make room, and need not wait for that to be noticed. */
TEST_F(full, a_store_after_making_room)
{
	EXPECT_EQ(SIGBUS, try_write(self->hole, 1));
	memset(self->pod.mem, 0, REGION);
	EXPECT_EQ(0, try_write(self->hole, 1));
	EXPECT_TRUE(is_intact(self->pod.mem, REGION));
}

/* Room inside a block: a touch does not find that itself. */
TEST_F(full, a_store_after_making_little_room)
{
	EXPECT_EQ(SIGBUS, try_write(self->hole, 1));
	memset(self->pod.mem, 0, PIECE);
	EXPECT_EQ(0, try_write(self->hole, 1));
	EXPECT_TRUE(is_intact(self->pod.mem, PIECE));
}

TEST_F(full, a_write_after_making_little_room)
{
	EXPECT_EQ(-1, pwrite(self->pod.fd, "x", 1, TARGET));
	EXPECT_EQ(ENOSPC, errno);
	memset(self->pod.mem, 0, PIECE);
	EXPECT_EQ(1, pwrite(self->pod.fd, "x", 1, TARGET));
	EXPECT_TRUE(is_intact(self->pod.mem, PIECE));
}

TEST_F(full, again_and_again)
{
	int round;

	for (round = 0; round < 5; round++)
		EXPECT_EQ(SIGBUS, try_write(self->hole, 1));
	EXPECT_LE(5, pod_attr(&self->pod, "exhausted"));
	EXPECT_TRUE(is_intact(self->pod.mem, 0));
}

/**
 * struct sweeper - takes blocks apart while others want them
 * @pod: the pod
 * @stop: atomic
 */
struct sweeper {
	struct pod *pod;
	bool stop;
};

static long keep_sweeping(void *arg)
{
	struct sweeper *s = arg;

	while (!__atomic_load_n(&s->stop, __ATOMIC_RELAXED))
		pod_sweep(s->pod, 0, 0, 0, NULL);
	return 0;
}

/* Touch block after block, with data in one at most; how many were refused. */
static unsigned long go_round(struct pod *pod, time_t seconds)
{
	unsigned long round, refused = 0;
	time_t end = time(NULL) + seconds;

	for (round = 0; time(NULL) < end; round++) {
		u8 *block = pod->mem + round % BLOCKS * REGION;

		refused += !!try_write(block, 1);
		*block = 0;
	}
	return refused;
}

static void go_round_with_sweepers(struct __test_metadata *_metadata,
				   struct pod *pod)
{
	struct sweeper sweeper = { .pod = pod };
	struct job jobs[NR_SWEEPERS];
	int i;

	ASSERT_EQ(0, pod_punch(pod, 0, TARGET));
	for (i = 0; i < NR_SWEEPERS; i++)
		job_start(&jobs[i], keep_sweeping, &sweeper);
	EXPECT_EQ(0, go_round(pod, SECONDS));
	__atomic_store_n(&sweeper.stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < NR_SWEEPERS; i++)
		ASSERT_TRUE(job_wait(&jobs[i]));
	EXPECT_EQ(0, pod_attr(pod, "exhausted"));
}

/*
 * Two blocks, one of which is zero at any time. Others that sweep are in the
 * way, and faster: a turn that was asked for comes when what was wanted has
 * been had, finds nothing, and must not be believed by the next touch.
 */
TEST_F_TIMEOUT(full, none_while_others_sweep, 60)
{
	go_round_with_sweepers(_metadata, &self->pod);
}

/* Nor is anybody told that the pod is exhausted. */
TEST_F_TIMEOUT(full, no_word_while_others_sweep, 60)
{
	ASSERT_EQ(0, pod_set_policy(&self->pod, KVM_POD_POLICY_WAIT));
	go_round_with_sweepers(_metadata, &self->pod);
}

TEST_F_TIMEOUT(full, none_beside_the_worker, 60)
{
	ASSERT_EQ(0, pod_punch(&self->pod, 0, TARGET));
	EXPECT_EQ(0, go_round(&self->pod, SECONDS));
	EXPECT_EQ(0, pod_attr(&self->pod, "exhausted"));
}

TEST_HARNESS_MAIN
