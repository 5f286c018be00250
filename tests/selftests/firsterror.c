// SPDX-License-Identifier: GPL-2.0-only
/*
 * The first memory error that a host has: the kernel flags the page, and counts
 * the error only when it is done with it. In between it is touched, again and
 * again, while somebody else has it mapped. After another error of the same
 * boot this says little; the first case of a fresh machine counts.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "hwerror.h"
#include "pod_test.h"
#include "touch.h"

#define SIZE		(16 * MiB)
#define TARGET		(8 * MiB)
#define RW		(PROT_READ | PROT_WRITE)
#define NO_ERRORS	"this kernel injects no memory errors"
#define A_WHILE_MS	100
#define BUSY_PAGES	10000
#define IDLE_MS		2

/* Another mapping of the page that breaks, and what touching it came to. */
struct toucher {
	struct job job;
	struct job delay;
	u8 *page;
	bool stop;
	int unknown;
};

FIXTURE(first) {
	struct pod pod;
	struct toucher toucher;
	u8 *other;
	u64 frame;
};

FIXTURE_SETUP(first)
{
	ASSERT_GOOD(pod_begin(&self->pod, SIZE, TARGET));
	self->other = map_aligned(self->pod.fd, 0, SIZE, RW);
	ASSERT_NE(NULL, self->other);
}

FIXTURE_TEARDOWN(first)
{
	munmap(self->other, SIZE);
	ASSERT_GOOD(pod_finish(&self->pod));
	hwerror_forget();
}

static void run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static bool is_over(struct toucher *t)
{
	return __atomic_load_n(&t->stop, __ATOMIC_RELAXED);
}

static long touch_often(void *arg)
{
	struct toucher *t = arg;
	struct hwerror_signal s;
	long told = 0;

	run_on(0);
	while (!is_over(t)) {
		madvise(t->page, PAGE, MADV_DONTNEED);
		s = hwerror_touch(t->page, false);
		if (s.sig == SIGBUS && s.code == BUS_MCEERR_AR)
			told++;
		else if (s.sig)
			t->unknown++;
	}
	return told;
}

/*
 * New pages on a CPU's LRU cache, and the CPU mostly kept from its workers: the
 * kernel, in doubt what the broken page is, has such caches drained by them.
 */
static long fill_cache(void *arg)
{
	static u8 page[PAGE] __attribute__((aligned(PAGE)));
	struct sched_param param = { .sched_priority = 1 };
	long nr;

	run_on(1);
	sched_setscheduler(0, SCHED_FIFO, &param);
	for (nr = 1; !is_over(arg); nr++) {
		madvise(page, PAGE, MADV_DONTNEED);
		*(volatile u8 *)page = 1;
		if (nr % BUSY_PAGES == 0)
			pod_sleep_ms(IDLE_MS);
	}
	return nr;
}

/* How often the toucher was told, or -1. */
static long break_while_touched(FIXTURE_DATA(first) *self, u8 *page)
{
	struct toucher *t = &self->toucher;
	int ret;

	t->page = page;
	/* Who tells of the error waits for the other CPU. */
	run_on(0);
	job_start(&t->delay, fill_cache, t);
	job_start(&t->job, touch_often, t);
	pod_sleep_ms(A_WHILE_MS);
	ret = hwerror_frame(self->frame);
	pod_sleep_ms(A_WHILE_MS);
	__atomic_store_n(&t->stop, true, __ATOMIC_RELAXED);
	if (!job_wait(&t->job) || !job_wait(&t->delay))
		abort();
	return ret ? -1 : t->job.result;
}

/* A page in a block, and its head: see hwerror_forget(). */
TEST_F(first, block)
{
	long told;

	fill(self->pod.mem, REGION, 1);
	self->frame = page_frame(self->pod.mem);
	told = break_while_touched(self, self->other);
	if (told < 0)
		SKIP(return, NO_ERRORS);
	EXPECT_LT(0, told);
	EXPECT_EQ(0, self->toucher.unknown);
	EXPECT_EQ(0, try_read(self->other + PAGE));
	EXPECT_EQ(-1, hwerror_find(self->other, REGION));
	EXPECT_EQ(-1, mismatch(self->pod.mem, REGION, 1));
}

/* Who reads a hole is shown another zero, or gets memory. */
TEST_F(first, zero_folio)
{
	long told;

	EXPECT_EQ(0, try_read(self->pod.mem));
	self->frame = page_frame(self->pod.mem);
	ASSERT_NE(0, self->frame);
	told = break_while_touched(self, self->other);
	if (told >= 0) {
		EXPECT_EQ(0, told);
		EXPECT_EQ(0, self->toucher.unknown);
		EXPECT_EQ(-1, hwerror_find(self->other, PAGE));
		EXPECT_EQ(-1, nonzero(self->other, REGION));
	}
	/* It is the module's: others would see it until the end. */
	munmap(self->other, SIZE);
	ASSERT_GOOD(pod_finish(&self->pod));
	ASSERT_EQ(0, system("rmmod kvm-pod"));
	ASSERT_EQ(0, system("modprobe kvm-pod"));
	ASSERT_GOOD(pod_begin(&self->pod, SIZE, TARGET));
	self->other = map_aligned(self->pod.fd, 0, SIZE, RW);
	ASSERT_NE(NULL, self->other);
	if (told < 0)
		SKIP(return, NO_ERRORS);
}

TEST_HARNESS_MAIN
