// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocations of the module that fail by chance, in everybody and in kernel
 * threads most of all: nothing hangs, and when it is over all is as it would
 * have been.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "pod_test.h"
#include "sequence.h"
#include "touch.h"

#define SIZE		(256 * MiB)
#define TARGET		(16 * MiB)
#define ROUNDS		20

FIXTURE(pod) {
	struct pod pod;
};

FIXTURE_SETUP(pod)
{
	struct kvm_pod_create args = pod_create_args(SIZE, TARGET);

	args.policy = KVM_POD_POLICY_WAIT;
	ASSERT_GOOD(inject_begin(INJECT_ALLOCATION));
	ASSERT_GOOD(pod_begin_with(&self->pod, &args));
}

FIXTURE_TEARDOWN(pod)
{
	inject_end();
	ASSERT_GOOD(pod_finish(&self->pod));
}

/* Several threads of the kernel take part in it. */
TEST_F_TIMEOUT(pod, raise_in_parallel, 400)
{
	struct pod *pod = &self->pod;
	u64 reached = 0, last = TARGET;
	unsigned int round;
	int ret = -ENOMEM;

	ASSERT_GOOD(inject_background(20));
	for (round = 0; ret == -ENOMEM && round < ROUNDS; round++) {
		ret = pod_set_target(pod, SIZE, &reached);
		EXPECT_LE(last, reached);
		last = reached;
	}
	EXPECT_TRUE(!ret || ret == -ENOMEM);
	ASSERT_GOOD(inject_background(0));
	EXPECT_EQ(0, pod_set_target(pod, SIZE, NULL));
	EXPECT_TRUE(POD_WAIT(POD_GET(pod, owned) == SIZE));
	EXPECT_EQ(2 * MiB, POD_GET(pod, float));
}

/* As many blocks as the target allows, each with half of it given. */
static const char *fill_and_give(struct pod *pod)
{
	pod_fill_pages(pod->mem, TARGET);
	if (pod_inflate(pod, TARGET, SIZE - TARGET) ||
	    pod_give_odd_pages(pod, 0, TARGET))
		return "cannot inflate";
	return NULL;
}

/* The shrinker demotes, and needs a leaf and a full float for each block. */
TEST_F_TIMEOUT(pod, shrink, 400)
{
	struct pod *pod = &self->pod;

	ASSERT_GOOD(fill_and_give(pod));
	ASSERT_GOOD(inject_background(70));
	EXPECT_EQ(0, pod_set_target(pod, TARGET / 2, NULL));
	pod_sleep_ms(1500);
	ASSERT_GOOD(pod_healthy(pod));
	ASSERT_GOOD(inject_background(0));
	EXPECT_TRUE(POD_WAIT(POD_GET(pod, owned) == TARGET / 2));
	EXPECT_EQ(0, pod_bad_pages(pod->mem, TARGET));
	EXPECT_TRUE(POD_WAIT(POD_GET(pod, float) == 2 * MiB)) {
		TH_LOG("float %lu", POD_GET(pod, float));
	}
}

/* All allocations fail for a while: nothing spins, nothing is lost. */
TEST_F_TIMEOUT(pod, nothing_for_a_while, 400)
{
	struct pod *pod = &self->pod;

	ASSERT_GOOD(fill_and_give(pod));
	ASSERT_GOOD(inject_background(100));
	EXPECT_EQ(0, pod_set_target(pod, TARGET / 2, NULL));
	EXPECT_EQ(-ENOMEM, pod_set_target(pod, SIZE, NULL));
	EXPECT_EQ(0, pod_sweep(pod, 0, 0, KVM_POD_SWEEP_DEMOTE, NULL));
	EXPECT_EQ(0, pod_punch(pod, 0, 3 * PAGE));
	pod_sleep_ms(1000);
	ASSERT_GOOD(inject_background(0));
	EXPECT_EQ(0, pod_set_target(pod, SIZE, NULL));
	EXPECT_TRUE(POD_WAIT(POD_GET(pod, owned) == SIZE));
	pod_fill_pages(pod->mem, TARGET);
	EXPECT_TRUE(POD_WAIT(POD_GET(pod, float) == 2 * MiB));
}

static long touch_all(void *arg)
{
	struct pod *pod = arg;
	u64 at;

	for (at = 0; at < TARGET; at += PAGE)
		if (try_write(pod->mem + at, 1))
			return -EFAULT;
	return 0;
}

/* Programs see nothing of it but that it takes its time. */
TEST_F_TIMEOUT(pod, touches, 400)
{
	struct pod *pod = &self->pod;
	struct job jobs[2];
	int i;

	/* No region is a block: the float has to be filled again and again. */
	for (i = 0; i < TARGET / REGION; i++)
		ASSERT_EQ(0, pod_inflate(pod, i * REGION, PAGE));
	/* Of more than that it gets so little that each page is waited for. */
	ASSERT_GOOD(inject_background(3));
	for (i = 0; i < 2; i++)
		job_start(&jobs[i], touch_all, pod);
	for (i = 0; i < 2; i++) {
		ASSERT_TRUE(POD_WAIT(job_done(&jobs[i])));
		ASSERT_TRUE(job_wait(&jobs[i]));
		EXPECT_EQ(0, jobs[i].result);
	}
	ASSERT_GOOD(inject_background(0));
	EXPECT_EQ(TARGET, POD_GET(pod, populated));
}

/* Beyond the target: the overdraft comes in the end, and goes again. */
TEST_F_TIMEOUT(pod, overdraft, 400)
{
	struct pod *pod = &self->pod;
	u64 at;

	pod_fill_pages(pod->mem, TARGET);
	ASSERT_GOOD(inject_background(70));
	for (at = 0; at < 16 * PAGE; at += PAGE)
		EXPECT_EQ(0, try_write(pod->mem + TARGET + at, 1));
	ASSERT_GOOD(inject_background(0));
	EXPECT_EQ(16 * PAGE, POD_GET(pod, overdraft));
	EXPECT_EQ(0, pod_punch(pod, 0, REGION));
	EXPECT_TRUE(POD_WAIT(!POD_GET(pod, overdraft)));
	EXPECT_EQ(TARGET, POD_GET(pod, owned));
}

/* What is to be told is told, though no uevent could be sent. */
TEST_F(pod, events)
{
	struct pod *pod = &self->pod;
	struct pollfd p = { pod->fd, POLLPRI };
	struct kvm_pod_event events[8];

	ASSERT_GOOD(inject_background(100));
	fill(pod->mem, TARGET, 1);
	EXPECT_EQ(1, poll(&p, 1, 5000));
	EXPECT_LE(1, pod_read_events(pod->fd, events, 8, NULL));
	ASSERT_GOOD(inject_background(0));
}

/* The sweeper's worker looks for zeroes meanwhile. */
TEST_F_TIMEOUT(pod, scrubbed, 400)
{
	struct pod *pod = &self->pod;
	u64 at;

	ASSERT_GOOD(inject_background(50));
	for (at = 0; at < SIZE; at += REGION)
		memset(pod->mem + at, 0, REGION);
	ASSERT_GOOD(inject_background(0));
	EXPECT_EQ(-1, nonzero(pod->mem, SIZE));
	EXPECT_LE(POD_GET(pod, owned), TARGET + 2 * MiB);
}

TEST_HARNESS_MAIN
