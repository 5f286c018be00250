// SPDX-License-Identifier: GPL-2.0-only
/*
 * Moving the target: up at once or as far as it goes, down as the guest gives
 * pages up, by ioctl and by sysfs.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sys/time.h>

#include "pod_test.h"

#define SIZE	(32 * MiB)
#define TARGET	(8 * MiB)

POD_FIXTURE(SIZE, TARGET)

TEST_F(pod, raise)
{
	u64 out = 0;

	ASSERT_EQ(0, pod_set_target(&self->pod, 2 * TARGET, &out));
	EXPECT_EQ(2 * TARGET, out);
	EXPECT_EQ(2 * TARGET, POD_GET(&self->pod, target));
	EXPECT_EQ(2 * TARGET, POD_GET(&self->pod, owned));
	fill(self->pod.mem, 2 * TARGET, 1);
	EXPECT_EQ(-1, mismatch(self->pod.mem, 2 * TARGET, 1));
	EXPECT_EQ(SIGBUS, try_write(self->pod.mem + 2 * TARGET, 1));
}

TEST_F(pod, raise_by_one_page)
{
	fill(self->pod.mem, TARGET, 1);
	EXPECT_EQ(SIGBUS, try_write(self->pod.mem + TARGET, 1));
	ASSERT_EQ(0, pod_set_target(&self->pod, TARGET + PAGE, NULL));
	EXPECT_EQ(0, try_write(self->pod.mem + TARGET, 1));
	EXPECT_EQ(SIGBUS, try_write(self->pod.mem + TARGET + PAGE, 1));
	EXPECT_EQ(-1, mismatch(self->pod.mem, TARGET, 1));
}

TEST_F(pod, raise_to_size)
{
	ASSERT_EQ(0, pod_set_target(&self->pod, SIZE, NULL));
	fill(self->pod.mem, SIZE, 1);
	EXPECT_EQ(-1, mismatch(self->pod.mem, SIZE, 1));
	EXPECT_EQ(0, POD_GET(&self->pod, reserve));
}

/* What is outstanding may be touched: the pages for it cannot leave yet. */
TEST_F(pod, lower_before_the_balloon)
{
	u64 out = 0;

	ASSERT_EQ(0, pod_balloon_reset(&self->pod));
	ASSERT_EQ(0, pod_set_target(&self->pod, TARGET / 2, &out));
	EXPECT_EQ(TARGET / 2, out);
	EXPECT_EQ(TARGET, POD_GET(&self->pod, owned));
	EXPECT_EQ(TARGET / 2, POD_GET(&self->pod, to_shrink));
	ASSERT_EQ(0, pod_set_target(&self->pod, TARGET, &out));
	EXPECT_EQ(TARGET, out);
	EXPECT_EQ(0, POD_GET(&self->pod, to_shrink));
	EXPECT_EQ(TARGET, POD_GET(&self->pod, owned));
	fill(self->pod.mem, TARGET, 1);
	EXPECT_EQ(-1, mismatch(self->pod.mem, TARGET, 1));
}

/* A VMM that never told of a balloon knows what it does. */
TEST_F(pod, lower_without_a_balloon)
{
	fill(self->pod.mem, REGION, 1);
	ASSERT_EQ(0, pod_set_target(&self->pod, TARGET / 2, NULL));
	EXPECT_TRUE(POD_WAIT(POD_GET(&self->pod, owned) == TARGET / 2));
	EXPECT_EQ(0, POD_GET(&self->pod, to_shrink));
	fill(self->pod.mem + REGION, TARGET / 2 - REGION, 2);
	EXPECT_EQ(-1, mismatch(self->pod.mem, REGION, 1));
}

/* Nor does one that was told only that its call was wrong. */
TEST_F(pod, lower_after_failed_balloon_calls)
{
	struct kvm_pod_range good = { 0, PAGE }, outside = { SIZE, PAGE };

	EXPECT_EQ(-EINVAL, pod_balloon(&self->pod, KVM_POD_BALLOON_INFLATE,
				       &good, 0));
	EXPECT_EQ(-EINVAL, pod_balloon(&self->pod, KVM_POD_BALLOON_DEFLATE,
				       &outside, 1));
	EXPECT_EQ(-EFAULT, pod_balloon(&self->pod, KVM_POD_BALLOON_INFLATE,
				       NULL, 1));
	EXPECT_EQ(-EINVAL, pod_balloon(&self->pod, KVM_POD_BALLOON_RESET,
				       &good, 1));
	ASSERT_EQ(0, pod_set_target(&self->pod, TARGET / 2, NULL));
	EXPECT_TRUE(POD_WAIT(POD_GET(&self->pod, owned) == TARGET / 2));
	EXPECT_EQ(0, POD_GET(&self->pod, to_shrink));
}

/* The balloon is there already: the reserve leaves at once. */
TEST_F(pod, lower_after_the_balloon)
{
	u64 goal = TARGET / 2 - 5 * PAGE;

	ASSERT_EQ(0, pod_inflate(&self->pod, goal, SIZE - goal));
	EXPECT_EQ(TARGET, POD_GET(&self->pod, owned));
	ASSERT_EQ(0, pod_set_target(&self->pod, goal, NULL));
	EXPECT_TRUE(POD_WAIT(POD_GET(&self->pod, owned) == goal)) {
		TH_LOG("owned %lu, goal %lu", POD_GET(&self->pod, owned), goal);
	}
	EXPECT_EQ(0, POD_GET(&self->pod, to_shrink));
	fill(self->pod.mem, goal, 1);
	EXPECT_EQ(-1, mismatch(self->pod.mem, goal, 1));
}

/* A full guest gives up half, page by page: O follows down to T, no further. */
TEST_F_TIMEOUT(pod, lower_while_the_balloon_inflates, 60)
{
	u64 goal = TARGET / 2, at, owned;

	fill(self->pod.mem, TARGET, 1);
	ASSERT_EQ(0, pod_inflate(&self->pod, TARGET, SIZE - TARGET));
	ASSERT_EQ(0, pod_set_target(&self->pod, goal, NULL));
	EXPECT_EQ(TARGET, POD_GET(&self->pod, owned));
	for (at = goal; at < TARGET; at += PAGE) {
		ASSERT_EQ(0, pod_inflate(&self->pod, at, PAGE));
		owned = POD_GET(&self->pod, owned);
		EXPECT_LE(goal, owned);
	}
	EXPECT_TRUE(POD_WAIT(POD_GET(&self->pod, owned) == goal));
	EXPECT_EQ(-1, mismatch(self->pod.mem, goal, 1));
	EXPECT_EQ(-1, nonzero(self->pod.mem + goal, SIZE - goal));
}

TEST_F(pod, down_and_up_and_down)
{
	u64 goal[] = { 4 * MiB, 20 * MiB, 6 * MiB, 30 * MiB, 8 * MiB };
	u64 at;
	int i;

	fill(self->pod.mem, 2 * MiB, 1);
	for (i = 0; i < ARRAY_SIZE(goal); i++) {
		at = goal[i];
		ASSERT_EQ(0, pod_deflate(&self->pod, 0, SIZE));
		ASSERT_EQ(0, pod_inflate(&self->pod, at, SIZE - at));
		ASSERT_EQ(0, pod_set_target(&self->pod, at, NULL));
		EXPECT_TRUE(POD_WAIT(POD_GET(&self->pod, owned) == at));
		ASSERT_GOOD(pod_healthy(&self->pod));
		fill(self->pod.mem + 2 * MiB, at - 2 * MiB, 2);
		EXPECT_EQ(-1, mismatch(self->pod.mem, 2 * MiB, 1));
	}
}

TEST_F(pod, by_sysfs)
{
	ASSERT_EQ(0, pod_attr_write(&self->pod, "target", "12582912\n"));
	EXPECT_EQ(12 * MiB, POD_GET(&self->pod, target));
	EXPECT_EQ(12 * MiB, POD_GET(&self->pod, owned));
	EXPECT_EQ(12 * MiB, pod_attr(&self->pod, "target"));
}

TEST_F(pod, bad_values_by_sysfs)
{
	const char *bad[] = {
		"0", "4096", "8388609", "-8388608", "abc", "33558528",
		"99999999999999999999999", " ", "8388608 x",
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_GT(0, pod_attr_write(&self->pod, "target", bad[i])) {
			TH_LOG("\"%s\" was taken", bad[i]);
		}
	}
	EXPECT_EQ(TARGET, POD_GET(&self->pod, target));
	EXPECT_GT(0, pod_attr_write(&self->pod, "owned", "4096"));
	EXPECT_GT(0, pod_attr_write(&self->pod, "size", "4096"));
}

static void on_alarm(int sig)
{
}

FIXTURE(big) {
};

FIXTURE_SETUP(big)
{
}

FIXTURE_TEARDOWN(big)
{
}

/* The alarm comes later each time, until it falls into the raise. */
TEST_F_TIMEOUT(big, raise_interrupted, 120)
{
	struct sigaction action = { .sa_handler = on_alarm };
	long long available = file_field("/proc/meminfo", "MemAvailable");
	u64 size = (available * 1024 / 2) & ~(REGION - 1), out;
	unsigned int usec, interrupted = 0;
	struct pod pod;
	int ret;

	ASSERT_GOOD(pod_begin(&pod, size, TARGET));
	sigaction(SIGALRM, &action, NULL);
	for (usec = 500; usec < 1000000 && !interrupted; usec *= 2) {
		ASSERT_EQ(0, pod_inflate(&pod, TARGET, size - TARGET));
		ASSERT_EQ(0, pod_set_target(&pod, TARGET, NULL));
		ASSERT_TRUE(POD_WAIT(POD_GET(&pod, owned) == TARGET));
		setitimer(ITIMER_REAL, &(struct itimerval){
				.it_value.tv_usec = usec }, NULL);
		ret = pod_set_target(&pod, size, &out);
		setitimer(ITIMER_REAL, &(struct itimerval){ }, NULL);
		ASSERT_TRUE(ret == 0 || ret == -EINTR);
		interrupted = ret && out > TARGET;
	}
	EXPECT_TRUE(interrupted);
	EXPECT_GT(size, out);
	EXPECT_EQ(out, POD_GET(&pod, target));
	EXPECT_EQ(out, POD_GET(&pod, owned));
	EXPECT_EQ(0, pod_set_target(&pod, size, &out));
	EXPECT_EQ(size, out);
	EXPECT_EQ(size, POD_GET(&pod, owned));
	ASSERT_GOOD(pod_finish(&pod));
}

struct mover {
	pthread_t thread;
	const struct pod *pod;
	unsigned int seed;
	int error;
};

static void *move_target(void *arg)
{
	struct mover *m = arg;
	unsigned int i;
	u64 target;

	for (i = 0; i < 60 && !m->error; i++) {
		target = REGION + rand_r(&m->seed) % (SIZE / PAGE - 512) * PAGE;
		m->error = pod_set_target(m->pod, target, NULL);
	}
	return NULL;
}

TEST_F_TIMEOUT(pod, several_movers, 120)
{
	struct mover m[4];
	int i;

	ASSERT_EQ(0, pod_inflate(&self->pod, REGION, SIZE - REGION));
	for (i = 0; i < 4; i++) {
		m[i] = (struct mover){ .pod = &self->pod, .seed = i + 1 };
		ASSERT_EQ(0, pthread_create(&m[i].thread, NULL, move_target,
					    &m[i]));
	}
	for (i = 0; i < 4; i++) {
		pthread_join(m[i].thread, NULL);
		EXPECT_EQ(0, m[i].error);
	}
	ASSERT_EQ(0, pod_set_target(&self->pod, TARGET, NULL));
	EXPECT_TRUE(POD_WAIT(POD_GET(&self->pod, owned) == TARGET));
}

TEST_HARNESS_MAIN
