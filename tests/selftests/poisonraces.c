// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hardware errors while others touch, punch, sweep, inflate and move the
 * target: wherever they hit, and whoever is at the page then, none of it is
 * mapped after the next sweep, none comes back into service, and the books
 * balance.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "hwerror.h"
#include "pod_test.h"
#include "touch.h"

#define SIZE		(32 * MiB)
#define TARGET		(16 * MiB)
#define NR_PAGES	(SIZE / PAGE)
#define NO_ERRORS	"this kernel injects no memory errors"

/* Errors, and the time between. */
#define ERRORS		12

/* 2 MiB zero folios of the module, which neighbouring regions take in turn. */
#define ZEROES		4
#define PAUSE_MS	40

FIXTURE(races) {
	struct pod pod;
	bool stop;
	unsigned int seed;
	u64 zeroes[ZEROES];
};

FIXTURE_SETUP(races)
{
	const char *seed = getenv("SEED");
	int i;

	self->seed = seed ? strtoul(seed, NULL, 0) : getpid();
	TH_LOG("SEED=%u", self->seed);
	ASSERT_GOOD(pod_begin(&self->pod, SIZE, TARGET));
	for (i = 0; i < ZEROES; i++) {
		try_read(self->pod.mem + i * REGION);
		self->zeroes[i] = page_frame(self->pod.mem + i * REGION);
	}
}

FIXTURE_TEARDOWN(races)
{
	ASSERT_GOOD(pod_finish(&self->pod));
	hwerror_forget();
}

static u64 somewhere(unsigned int *seed)
{
	return rand_r(seed) % NR_PAGES * PAGE;
}

/* Each returns how often it did what it does. */
static long touch_all(void *arg)
{
	FIXTURE_DATA(races) *self = arg;
	unsigned int seed = self->seed;
	long nr;

	for (nr = 0; !__atomic_load_n(&self->stop, __ATOMIC_RELAXED); nr++)
		if (rand_r(&seed) % 2)
			try_write(self->pod.mem + somewhere(&seed), nr);
		else
			try_read(self->pod.mem + somewhere(&seed));
	return nr;
}

static void give_some(struct pod *pod, unsigned int *seed)
{
	u64 at = somewhere(seed);

	switch (rand_r(seed) % 4) {
	case 0:
		pod_punch(pod, at, PAGE);
		break;
	case 1:
		pod_punch(pod, at & ~(REGION - 1), REGION);
		break;
	case 2:
		pod_inflate(pod, at, PAGE);
		break;
	case 3:
		pod_deflate(pod, 0, SIZE);
		break;
	}
}

static long give_all(void *arg)
{
	FIXTURE_DATA(races) *self = arg;
	unsigned int seed = self->seed + 1;
	long nr;

	for (nr = 0; !__atomic_load_n(&self->stop, __ATOMIC_RELAXED); nr++)
		give_some(&self->pod, &seed);
	return nr;
}

static long sweep_all(void *arg)
{
	FIXTURE_DATA(races) *self = arg;
	struct pod *pod = &self->pod;
	long nr;

	for (nr = 0; !__atomic_load_n(&self->stop, __ATOMIC_RELAXED); nr++) {
		pod_sweep(pod, 0, 0, nr % 2 ? KVM_POD_SWEEP_DEMOTE : 0, NULL);
		pod_set_target(pod, nr % 8 ? TARGET : TARGET / 2, NULL);
	}
	return nr;
}

/* The module would never get those back: unpoisoning frees them. */
static bool is_zero_folio(FIXTURE_DATA(races) *self, u64 frame)
{
	int i;

	for (i = 0; i < ZEROES; i++)
		if (frame == self->zeroes[i])
			return true;
	return false;
}

/* A page that is mapped just now; of a block the head, see hwerror_forget(). */
static u64 some_frame(FIXTURE_DATA(races) *self, unsigned int *seed)
{
	u64 frame;

	do {
		frame = page_frame(self->pod.mem + somewhere(seed));
		if (frame && hwerror_is_in_block(frame))
			frame &= ~511ULL;
	} while (!frame || is_zero_folio(self, frame));
	return frame;
}

/* Of the pod's own pages: a zero page stays with those who have it. */
static long find_populated(struct pod *pod)
{
	u64 at;

	for (at = 0; at < SIZE; at += PAGE)
		if (lseek(pod->fd, at, SEEK_DATA) == (off_t)at &&
		    hwerror_find(pod->mem + at, PAGE) >= 0)
			return at;
	return -1;
}

TEST_F_TIMEOUT(races, errors_anywhere, 60)
{
	long (*const what[])(void *) = { touch_all, give_all, sweep_all };
	unsigned int seed = self->seed + 2, i, nr = 0;
	struct job jobs[ARRAY_SIZE(what)];
	struct pod *pod = &self->pod;

	for (i = 0; i < ARRAY_SIZE(what); i++)
		job_start(&jobs[i], what[i], self);
	for (i = 0; i < ERRORS; i++) {
		pod_sleep_ms(PAUSE_MS);
		nr += !hwerror_frame(some_frame(self, &seed));
	}
	pod_sleep_ms(PAUSE_MS);
	__atomic_store_n(&self->stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < ARRAY_SIZE(what); i++) {
		ASSERT_TRUE(job_wait(&jobs[i]));
		EXPECT_LT(0, jobs[i].result);
	}
	if (!nr)
		SKIP(return, NO_ERRORS);
	TH_LOG("%ld touches, %ld discards, %ld sweeps", jobs[0].result,
	       jobs[1].result, jobs[2].result);
	ASSERT_EQ(0, pod_sweep(pod, 0, 0, 0, NULL));
	EXPECT_EQ(-1, find_populated(pod));
	ASSERT_GOOD(pod_healthy(pod));
	ASSERT_EQ(0, pod_punch(pod, 0, SIZE));
	ASSERT_EQ(0, pod_set_target(pod, TARGET, NULL));
	EXPECT_TRUE(POD_WAIT(POD_GET(pod, owned) == TARGET));
	fill(pod->mem, TARGET, 1);
	EXPECT_EQ(-1, mismatch(pod->mem, TARGET, 1));
	EXPECT_EQ(-1, find_populated(pod));
}

TEST_HARNESS_MAIN
