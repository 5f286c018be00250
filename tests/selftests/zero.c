// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who read zero and who writes later (DESIGN rule 7): whoever had a zero
 * mapped, in whichever process, must see the data that another one stores.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>

#include "pod_test.h"

#define SIZE	(16 * MiB)
#define RW	(PROT_READ | PROT_WRITE)

POD_FIXTURE(SIZE, SIZE)

/**
 * struct viewer - another process with the pod mapped
 * @shared: steps of the conversation, in memory of both
 * @child: its pid
 */
struct viewer {
	struct steps {
		int step;
		long result;
	} *shared;
	pid_t child;
};

/* What the viewer does at each step; the result goes back. */
typedef long view_fn(u8 *mem, int step);

static void wait_step(struct steps *s, int step)
{
	while (__atomic_load_n(&s->step, __ATOMIC_ACQUIRE) < step)
		sched_yield();
}

static void view(const struct pod *pod, struct steps *s, bool aligned, int prot,
		 view_fn *fn)
{
	void *reserved;
	u8 *mem = aligned ? map_aligned(pod->fd, 0, SIZE, prot) :
			    map_unaligned(pod->fd, SIZE, prot, &reserved);
	int step;

	if (!mem)
		_exit(1);
	for (step = 1; step < 6; step += 2) {
		wait_step(s, step);
		s->result = fn(mem, step);
		__atomic_store_n(&s->step, step + 1, __ATOMIC_RELEASE);
	}
	_exit(0);
}

static struct viewer viewer_start(const struct pod *pod, bool aligned, int prot,
				  view_fn *fn)
{
	struct viewer v;

	v.shared = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (v.shared == MAP_FAILED)
		abort();
	v.child = fork();
	if (!v.child)
		view(pod, v.shared, aligned, prot, fn);
	return v;
}

/* Lets the viewer do its next step and returns what it found. */
static long viewer_step(struct viewer *v)
{
	int step = v->shared->step + 1;

	__atomic_store_n(&v->shared->step, step, __ATOMIC_RELEASE);
	wait_step(v->shared, step + 1);
	return v->shared->result;
}

static int viewer_end(struct viewer *v)
{
	int status;

	while (v->shared->step < 6)
		viewer_step(v);
	waitpid(v->child, &status, 0);
	munmap(v->shared, PAGE);
	return status;
}

/* Step 1: all zero? Steps 3, 5: all with tag 3, or 5? */
static long view_all(u8 *mem, int step)
{
	return step == 1 ? nonzero(mem, SIZE) : mismatch(mem, SIZE, step);
}

static void check_coherence(struct __test_metadata *_metadata, struct pod *pod,
			    u8 *writer, bool aligned, int prot)
{
	struct viewer v = viewer_start(pod, aligned, prot, view_all);

	EXPECT_EQ(-1, viewer_step(&v));
	EXPECT_EQ(0, POD_GET(pod, populated));
	fill(writer, SIZE, 3);
	EXPECT_EQ(-1, viewer_step(&v));
	fill(writer, SIZE, 5);
	EXPECT_EQ(-1, viewer_step(&v));
	EXPECT_EQ(SIZE, POD_GET(pod, populated));
	EXPECT_EQ(0, viewer_end(&v));
}

TEST_F(pod, both_by_2m)
{
	check_coherence(_metadata, &self->pod, self->pod.mem, true, RW);
}

TEST_F(pod, reader_by_4k)
{
	check_coherence(_metadata, &self->pod, self->pod.mem, false, RW);
}

TEST_F(pod, reader_without_write_permission)
{
	check_coherence(_metadata, &self->pod, self->pod.mem, true, PROT_READ);
}

TEST_F_TIMEOUT(pod, writer_by_4k, 60)
{
	void *reserved;
	u8 *mem = map_unaligned(self->pod.fd, SIZE, RW, &reserved);

	ASSERT_NE(NULL, mem);
	check_coherence(_metadata, &self->pod, mem, true, RW);
	munmap(mem, SIZE);
}

TEST_F_TIMEOUT(pod, both_by_4k, 60)
{
	void *reserved;
	u8 *mem = map_unaligned(self->pod.fd, SIZE, RW, &reserved);

	ASSERT_NE(NULL, mem);
	check_coherence(_metadata, &self->pod, mem, false, RW);
	munmap(mem, SIZE);
}

/* write() has no page table of its own, but others have zeroes mapped. */
TEST_F(pod, writer_by_system_call)
{
	struct viewer v = viewer_start(&self->pod, true, RW, view_all);
	u8 *data = mmap(NULL, SIZE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, data);
	EXPECT_EQ(-1, viewer_step(&v));
	fill(data, SIZE, 3);
	EXPECT_EQ(SIZE, pwrite(self->pod.fd, data, SIZE, 0));
	EXPECT_EQ(-1, viewer_step(&v));
	fill(data, SIZE, 5);
	EXPECT_EQ(SIZE, pwrite(self->pod.fd, data, SIZE, 0));
	EXPECT_EQ(-1, viewer_step(&v));
	EXPECT_EQ(0, viewer_end(&v));
	munmap(data, SIZE);
}

/* Step 1: zero; step 3: zero after a discard; step 5: data again. */
static long view_discard(u8 *mem, int step)
{
	return step == 5 ? mismatch(mem, SIZE, 5) : nonzero(mem, SIZE);
}

TEST_F(pod, discard_between)
{
	struct viewer v = viewer_start(&self->pod, true, RW, view_discard);

	EXPECT_EQ(-1, viewer_step(&v));
	fill(self->pod.mem, SIZE, 3);
	ASSERT_EQ(0, pod_punch(&self->pod, 0, SIZE));
	EXPECT_EQ(-1, viewer_step(&v));
	EXPECT_EQ(0, POD_GET(&self->pod, populated));
	fill(self->pod.mem, SIZE, 5);
	EXPECT_EQ(-1, viewer_step(&v));
	EXPECT_EQ(0, viewer_end(&v));
}

/* Two kinds of zero in one mapping; a hole must not hide its neighbours. */
TEST_F(pod, hole_does_not_hide_its_region)
{
	void *reserved;
	u8 *small = map_unaligned(self->pod.fd, SIZE, RW, &reserved);
	u8 *fresh;
	u64 at;

	ASSERT_NE(NULL, small);
	for (at = 0; at < SIZE; at += REGION)
		fill(small + at + 7 * PAGE, PAGE, 1);
	fresh = map_aligned(self->pod.fd, 0, SIZE, RW);
	ASSERT_NE(NULL, fresh);
	for (at = 0; at < SIZE; at += REGION) {
		EXPECT_EQ(-1, nonzero(fresh + at + 9 * PAGE, PAGE));
		EXPECT_EQ(-1, mismatch(fresh + at + 7 * PAGE, PAGE, 1));
	}
	munmap(fresh, SIZE);
	munmap(small, SIZE);
}

/* The zero that readers share must never take a write. */
TEST_F_TIMEOUT(pod, zero_is_not_writable, 60)
{
	void *reserved;
	u8 *small = map_unaligned(self->pod.fd, SIZE, RW, &reserved);
	u8 *mem = self->pod.mem;
	u64 at;

	ASSERT_NE(NULL, small);
	for (at = 0; at < SIZE / 2; at += 2 * PAGE) {
		EXPECT_EQ(0, small[at]);
		small[at] = 1;
	}
	for (at = SIZE / 2; at < SIZE; at += 2 * REGION) {
		EXPECT_EQ(0, mem[at]);
		mem[at] = 1;
	}
	for (at = PAGE; at < SIZE / 2; at += 2 * PAGE)
		EXPECT_EQ(-1, nonzero(small + at, PAGE));
	for (at = SIZE / 2 + REGION; at < SIZE; at += 2 * REGION)
		EXPECT_EQ(-1, nonzero(mem + at, REGION));
	munmap(small, SIZE);
}

/**
 * struct race - a reader who looks while a writer stores
 * @mem: the reader's own mapping
 * @round: raised by the writer when the page is written
 * @seen: raised by the reader when it sees that
 */
struct race {
	u8 *mem;
	int round;
	int seen;
};

static u8 *race_page(u8 *mem, int round)
{
	return mem + round % (int)(SIZE / PAGE / 3) * 3 * PAGE;
}

static void *race_reader(void *arg)
{
	struct race *r = arg;
	volatile u8 *page;
	int round;

	for (round = 1; round <= 600; round++) {
		page = race_page(r->mem, round);
		while (__atomic_load_n(&r->round, __ATOMIC_ACQUIRE) < round)
			(void)*page;
		while (!*page)
			sched_yield();
		__atomic_store_n(&r->seen, round, __ATOMIC_RELEASE);
	}
	return NULL;
}

/* A stale zero would keep the reader in its loop until the timeout. */
static int race_writer(struct race *r, u8 *mem)
{
	struct timespec start, now;
	int round;

	for (round = 1; round <= 600; round++) {
		*race_page(mem, round) = 1;
		__atomic_store_n(&r->round, round, __ATOMIC_RELEASE);
		clock_gettime(CLOCK_MONOTONIC, &start);
		while (__atomic_load_n(&r->seen, __ATOMIC_ACQUIRE) < round) {
			sched_yield();
			clock_gettime(CLOCK_MONOTONIC, &now);
			if (now.tv_sec > start.tv_sec + 5)
				return round;
		}
	}
	return 0;
}

static void check_race(struct __test_metadata *_metadata, struct pod *pod,
		       bool reader_aligned, bool writer_aligned)
{
	struct race race = { };
	pthread_t thread;
	void *reserved;
	u8 *writer = writer_aligned ? map_aligned(pod->fd, 0, SIZE, RW) :
		     map_unaligned(pod->fd, SIZE, RW, &reserved);

	race.mem = reader_aligned ? map_aligned(pod->fd, 0, SIZE, RW) :
		   map_unaligned(pod->fd, SIZE, RW, &reserved);
	ASSERT_NE(NULL, race.mem);
	ASSERT_NE(NULL, writer);
	ASSERT_EQ(0, pthread_create(&thread, NULL, race_reader, &race));
	ASSERT_EQ(0, race_writer(&race, writer));
	pthread_join(thread, NULL);
	munmap(race.mem, SIZE);
	munmap(writer, SIZE);
}

TEST_F_TIMEOUT(pod, race_by_2m, 60)
{
	check_race(_metadata, &self->pod, true, true);
}

TEST_F_TIMEOUT(pod, race_by_4k, 60)
{
	check_race(_metadata, &self->pod, false, false);
}

TEST_F_TIMEOUT(pod, race_mixed, 60)
{
	check_race(_metadata, &self->pod, true, false);
}

TEST_HARNESS_MAIN
