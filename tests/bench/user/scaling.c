// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a touch and a discard cost in the core when several vCPUs are at it:
 * threads, each on a CPU of its own and in regions of its own. A line of JSON
 * for each number of threads; nanoseconds of one operation, and operations per
 * second of all threads together.
 *
 * A thread's own time is taken: waiting for a lock is in it, what other
 * programs take from the thread is not.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "upod.h"

/* Touches of a thread, which are then all undone; how often; best of. */
#define TOUCHES		2048UL
#define REPEATS		100
#define ROUNDS		5
#define THREADS_MAX	64

/**
 * struct kind - what is touched
 * @apart: touches between two threads' first ones; 1: they take turns
 */
struct kind {
	const char *page;
	const char *where;
	enum pod_stock_kind stock;
	unsigned long apart;
	void (*touch)(struct upod *pod, unsigned int cpu, unsigned long i);
	void (*drop)(struct upod *pod, unsigned int cpu, unsigned long i);
};

/*
 * Regions a multiple of POD_LOCKS_MAX apart share a lock, and side by side
 * ones a cache line of words.
 */
static const struct kind kinds[] = {
	{ "2m", "apart", POD_STOCK_HUGE, TOUCHES + POD_LOCKS_MAX / 3,
	  upod_touch_block, upod_drop_block },
	{ "2m", "apart, same locks", POD_STOCK_HUGE, TOUCHES,
	  upod_touch_block, upod_drop_block },
	{ "2m", "side by side", POD_STOCK_HUGE, 1,
	  upod_touch_block, upod_drop_block },
	{ "4k", "apart", POD_STOCK_SMALL, TOUCHES,
	  upod_touch_page, upod_drop_page },
	{ "4k", "same regions", POD_STOCK_SMALL, 1,
	  upod_touch_page, upod_drop_page },
};

struct thread {
	pthread_t id;
	const struct kind *kind;
	struct upod *pod;
	pthread_barrier_t *start;
	unsigned int cpu;
	unsigned int nr;
	double touch_ns;
	double drop_ns;
};

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static void stay_on(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	/* If it may not, the scheduler mostly does the same. */
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

static double all(struct thread *t, unsigned long first, unsigned long step,
		  void (*op)(struct upod *, unsigned int, unsigned long))
{
	double begin = now_ns();
	unsigned long i;

	for (i = 0; i < TOUCHES; i++)
		op(t->pod, t->cpu, first + i * step);
	return now_ns() - begin;
}

static void *worker(void *arg)
{
	struct thread *t = arg;
	bool apart = t->kind->apart > 1;
	unsigned long first = t->cpu * t->kind->apart;
	unsigned long step = apart ? 1 : t->nr;
	unsigned int i;

	stay_on(t->cpu);
	pthread_barrier_wait(t->start);
	for (i = 0; i < REPEATS; i++) {
		t->touch_ns += all(t, first, step, t->kind->touch);
		t->drop_ns += all(t, first, step, t->kind->drop);
	}
	t->touch_ns /= REPEATS * TOUCHES;
	t->drop_ns /= REPEATS * TOUCHES;
	return NULL;
}

/* A reserve that is enough for all, dealt out evenly, and never runs low. */
static void pod_begin(struct upod *pod, const struct kind *kind,
		      unsigned int nr)
{
	u64 pages = 2 * nr * TOUCHES *
		    (kind->stock == POD_STOCK_HUGE ? POD_REGION_PAGES : 1);
	unsigned int i;

	upod_make(pod, pages, nr);
	pod->units = aligned_alloc(64, 2 * nr * TOUCHES * sizeof(*pod->units));
	for (i = 0; i < nr; i++)
		upod_supply(pod, i, kind->stock, 2 * i * TOUCHES, 2 * TOUCHES);
}

static void run(const struct kind *kind, struct thread *threads,
		unsigned int nr)
{
	pthread_barrier_t start;
	struct upod pod;
	unsigned int i;

	pod_begin(&pod, kind, nr);
	pthread_barrier_init(&start, NULL, nr);
	for (i = 0; i < nr; i++) {
		threads[i] = (struct thread){ .kind = kind, .pod = &pod,
			.start = &start, .cpu = i, .nr = nr };
		pthread_create(&threads[i].id, NULL, worker, &threads[i]);
	}
	for (i = 0; i < nr; i++)
		pthread_join(threads[i].id, NULL);
	upod_end(&pod);
	free(pod.units);
}

static double least(double a, double b)
{
	return a && a < b ? a : b;
}

/* The best round of each; in a round the mean of the threads. */
static void measure(const struct kind *kind, unsigned int nr)
{
	struct thread threads[THREADS_MAX];
	double touch = 0, drop = 0, touch_sum, drop_sum;
	unsigned int i, round;

	for (round = 0; round < ROUNDS; round++) {
		touch_sum = 0;
		drop_sum = 0;
		run(kind, threads, nr);
		for (i = 0; i < nr; i++) {
			touch_sum += threads[i].touch_ns;
			drop_sum += threads[i].drop_ns;
		}
		touch = least(touch, touch_sum / nr);
		drop = least(drop, drop_sum / nr);
	}
	printf("{\"row\": \"scaling\", \"page\": \"%s\", \"where\": \"%s\", "
	       "\"threads\": %u, \"touch_ns\": %.1f, \"drop_ns\": %.1f, "
	       "\"touches_per_s\": %.0f, \"drops_per_s\": %.0f}\n",
	       kind->page, kind->where, nr, touch, drop,
	       nr * 1e9 / touch, nr * 1e9 / drop);
	fflush(stdout);
}

int main(void)
{
	unsigned int cpus = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned int i, nr;

	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		for (nr = 1; nr <= cpus && nr <= THREADS_MAX; nr *= 2)
			measure(&kinds[i], nr);
	return 0;
}
