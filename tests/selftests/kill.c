// SPDX-License-Identifier: GPL-2.0-only
/*
 * SIGKILL at random moments: every page comes back, whatever the victim was
 * doing (DESIGN rule 13).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/uio.h>
#include <time.h>

#include "block.h"
#include "pod_test.h"

#define SIZE	(64 * MiB)
#define TARGET	(32 * MiB)
#define ROUNDS	20

typedef void victim_fn(struct pod *pod);

static void touch(struct pod *pod)
{
	unsigned int seed = getpid();

	for (;;) {
		u64 at = (u64)rand_r(&seed) % (TARGET / PAGE) * PAGE;

		pod->mem[at] = 1;
		if (seed % 16 == 0)
			pod_punch(pod, at & ~(REGION - 1), REGION);
		if (seed % 16 == 1)
			madvise(pod->mem, SIZE, MADV_DONTNEED);
	}
}

static void move_target(struct pod *pod)
{
	pod_inflate(pod, 0, SIZE);
	for (;;) {
		pod_set_target(pod, SIZE, NULL);
		pod_set_target(pod, REGION, NULL);
	}
}

static void inflate(struct pod *pod)
{
	u64 at;

	for (;;) {
		memset(pod->mem, 1, TARGET);
		for (at = 0; at < TARGET; at += 2 * PAGE)
			pod_inflate(pod, at, PAGE);
		pod_set_target(pod, TARGET / 2, NULL);
		pod_inflate(pod, 0, SIZE);
		pod_balloon_reset(pod);
		pod_set_target(pod, TARGET, NULL);
	}
}

static void direct_io(struct pod *pod)
{
	int disk = block_open();

	for (;;) {
		if (pread(disk, pod->mem, REGION, 0) < 0)
			pod_sleep_ms(1);
		pod_punch(pod, 0, REGION);
	}
}

static void *touch_thread(void *pod)
{
	touch(pod);
	return NULL;
}

static void threads(struct pod *pod)
{
	pthread_t thread;
	int i;

	for (i = 0; i < 3; i++)
		pthread_create(&thread, NULL, touch_thread, pod);
	touch(pod);
}

/* In the child: never returns. */
static void victim(victim_fn *fn, int ready)
{
	struct pod pod;

	if (pod_begin(&pod, SIZE, TARGET))
		_exit(1);
	if (write(ready, &pod.id, sizeof(pod.id)) < 0)
		_exit(2);
	fn(&pod);
}

static void kill_some(struct __test_metadata *_metadata, victim_fn *fn)
{
	long long pods = pod_class_attr("pods");
	long long owned = pod_class_attr("total_owned");
	unsigned int seed = time(NULL), round, id;
	pid_t child;
	int fds[2];

	TH_LOG("seed %u", seed);
	for (round = 0; round < ROUNDS; round++) {
		ASSERT_EQ(0, pipe(fds));
		child = fork();
		ASSERT_LE(0, child);
		if (!child)
			victim(fn, fds[1]);
		ASSERT_EQ(sizeof(id), read(fds[0], &id, sizeof(id)));
		pod_sleep_ms(rand_r(&seed) % 100);
		ASSERT_EQ(0, kill(child, SIGKILL));
		ASSERT_EQ(child, waitpid(child, NULL, 0));
		ASSERT_TRUE(POD_WAIT(pod_class_attr("pods") == pods));
		ASSERT_TRUE(POD_WAIT(pod_class_attr("total_owned") == owned));
		close(fds[0]);
		close(fds[1]);
	}
}

FIXTURE(kill) {
};

FIXTURE_SETUP(kill)
{
}

FIXTURE_TEARDOWN(kill)
{
}

TEST_F_TIMEOUT(kill, while_touching, 120)
{
	kill_some(_metadata, touch);
}

TEST_F_TIMEOUT(kill, with_threads, 120)
{
	kill_some(_metadata, threads);
}

TEST_F_TIMEOUT(kill, while_moving_the_target, 120)
{
	kill_some(_metadata, move_target);
}

TEST_F_TIMEOUT(kill, while_inflating, 120)
{
	kill_some(_metadata, inflate);
}

TEST_F_TIMEOUT(kill, during_direct_io, 120)
{
	int disk = block_open();

	if (disk < 0)
		SKIP(return, "this kernel has no RAM disk (brd)");
	close(disk);
	kill_some(_metadata, direct_io);
}

TEST_HARNESS_MAIN
