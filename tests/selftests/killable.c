// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls over all of a pod that is very large end with SIGKILL, long before they
 * would be through.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/resource.h>

#include "pod_test.h"

#define SIZE	(1UL << 40)
#define TARGET	(2 * MiB)

typedef void call_fn(const struct pod *pod);

static void deflate(const struct pod *pod)
{
	pod_deflate(pod, 0, SIZE);
}

static void reset(const struct pod *pod)
{
	pod_balloon_reset(pod);
}

static void advise(const struct pod *pod)
{
	posix_fadvise(pod->fd, 0, SIZE, POSIX_FADV_WILLNEED);
}

static void seek(const struct pod *pod)
{
	lseek(pod->fd, 0, SEEK_DATA);
}

static void punch(const struct pod *pod)
{
	pod_punch(pod, 0, SIZE);
}

static void sweep(const struct pod *pod)
{
	pod_sweep(pod, 0, 0, 0, NULL);
}

FIXTURE(killable) {
	struct pod pod;
};

FIXTURE_VARIANT(killable) {
	call_fn *call;
};

FIXTURE_VARIANT_ADD(killable, deflate) { deflate };
FIXTURE_VARIANT_ADD(killable, reset) { reset };
FIXTURE_VARIANT_ADD(killable, advise) { advise };
FIXTURE_VARIANT_ADD(killable, seek) { seek };
FIXTURE_VARIANT_ADD(killable, punch) { punch };
FIXTURE_VARIANT_ADD(killable, sweep) { sweep };

FIXTURE_SETUP(killable)
{
	ASSERT_GOOD(pod_begin(&self->pod, SIZE, TARGET));
}

FIXTURE_TEARDOWN(killable)
{
	munmap(self->pod.mem, SIZE);
	close(self->pod.fd);
	EXPECT_EQ(NULL, pod_gone(self->pod.id));
}

static pid_t start(const struct pod *pod, call_fn *call)
{
	pid_t child = fork();

	if (!child) {
		call(pod);
		_exit(0);
	}
	return child;
}

/* Processor time of a child that has ended, in microseconds. */
static long time_of(pid_t child)
{
	struct rusage usage;

	wait4(child, NULL, 0, &usage);
	return usage.ru_stime.tv_sec * 1000000 + usage.ru_stime.tv_usec;
}

/*
 * Processor time, as the machine has others to run; and the best of some, as the
 * killer may come late. A call that is through before proves nothing.
 */
TEST_F_TIMEOUT(killable, ends_when_killed, 60)
{
	long whole = time_of(start(&self->pod, variant->call)), cut = whole;
	unsigned int i;
	pid_t child;

	for (i = 0; i < 5 && cut >= whole / 2; i++) {
		child = start(&self->pod, variant->call);
		usleep(whole / 20);
		kill(child, SIGKILL);
		cut = time_of(child);
	}
	TH_LOG("%ld ms, %ld ms when killed", whole / 1000, cut / 1000);
	EXPECT_TRUE(cut < whole / 2 || whole < 40000);
}

TEST_HARNESS_MAIN
