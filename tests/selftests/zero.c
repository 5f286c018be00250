// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who read zero and who writes later (DESIGN rule 7): whoever had a zero
 * mapped, in whichever process, must see the data that another one stores.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <time.h>

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
 * struct race - a reader in another process, who never stops looking
 * @seen: last round whose data the reader saw
 * @gone: last round whose discard the reader saw
 */
struct race {
	int seen;
	int gone;
};

#define ROUNDS	400

/* One page in each round, and a fresh region now and then. */
static u64 race_offset(int round)
{
	return round * 13 % (int)(SIZE / PAGE) * PAGE;
}

static bool too_late(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec > start->tv_sec + 5;
}

/* False if the value does not come: a stale page, for ever. */
static bool wait_value(volatile int *word, int value)
{
	struct timespec start;

	clock_gettime(CLOCK_MONOTONIC, &start);
	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) != value) {
		if (too_late(&start))
			return false;
		sched_yield();
	}
	return true;
}

/* In the child: its exit code. */
static int race_reader(struct race *r, u8 *mem)
{
	volatile int *word;
	int round;

	for (round = 1; round <= ROUNDS; round++) {
		word = (int *)(mem + race_offset(round));
		if (!wait_value(word, round))
			return 1;
		__atomic_store_n(&r->seen, round, __ATOMIC_RELEASE);
		if (!wait_value(word, 0))
			return 2;
		__atomic_store_n(&r->gone, round, __ATOMIC_RELEASE);
	}
	return 0;
}

/* Through @mem, or by write() if it is NULL; the round that failed, or 0. */
static int race_writer(struct race *r, const struct pod *pod, u8 *mem)
{
	u64 at;
	int round;

	for (round = 1; round <= ROUNDS; round++) {
		at = race_offset(round);
		if (mem)
			*(volatile int *)(mem + at) = round;
		else if (pwrite(pod->fd, &round, sizeof(round), at) < 0)
			return round;
		if (!wait_value(&r->seen, round) ||
		    pod_punch(pod, at, PAGE) || !wait_value(&r->gone, round))
			return round;
	}
	return 0;
}

enum access { BY_2M, BY_4K, BY_CALL };

static u8 *race_map(const struct pod *pod, enum access how)
{
	void *reserved;

	if (how == BY_2M)
		return map_aligned(pod->fd, 0, SIZE, RW);
	return map_unaligned(pod->fd, SIZE, RW, &reserved);
}

static void check_race(struct __test_metadata *_metadata, struct pod *pod,
		       enum access reader, enum access writer)
{
	struct race *race = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS,
				 -1, 0);
	u8 *mem = writer == BY_CALL ? NULL : race_map(pod, writer);
	pid_t child;
	int status;

	ASSERT_NE(MAP_FAILED, race);
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(race_reader(race, race_map(pod, reader)));
	EXPECT_EQ(0, race_writer(race, pod, mem));
	EXPECT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	if (mem)
		munmap(mem, SIZE);
	munmap(race, PAGE);
}

/* Loads and stores in the same page, and starts again after each fault. */
static void copy_byte(u8 *mem)
{
	u8 *to = mem, *from = mem + 100;

	asm volatile("movsb" : "+S" (from), "+D" (to) : : "memory");
}

TEST_F_TIMEOUT(pod, one_instruction_reads_and_writes, 20)
{
	struct pod *pod = &self->pod;
	void *reserved;
	u8 *mem = map_unaligned(pod->fd, SIZE, RW, &reserved);

	ASSERT_NE(NULL, mem);
	copy_byte(mem);
	copy_byte(mem + PAGE);
	/* The first region is SMALL now, the second one a HOLE. */
	copy_byte(pod->mem + 2 * PAGE);
	copy_byte(pod->mem + REGION);
	EXPECT_EQ(3 * PAGE + REGION, POD_GET(pod, populated));
	EXPECT_EQ(0, mem[0]);
	munmap(mem, SIZE);
}

TEST_F_TIMEOUT(pod, race_by_2m, 60)
{
	check_race(_metadata, &self->pod, BY_2M, BY_2M);
}

TEST_F_TIMEOUT(pod, race_by_4k, 60)
{
	check_race(_metadata, &self->pod, BY_4K, BY_4K);
}

TEST_F_TIMEOUT(pod, race_of_2m_reader, 60)
{
	check_race(_metadata, &self->pod, BY_2M, BY_4K);
}

TEST_F_TIMEOUT(pod, race_of_4k_reader, 60)
{
	check_race(_metadata, &self->pod, BY_4K, BY_2M);
}

TEST_F_TIMEOUT(pod, race_with_write_call, 60)
{
	check_race(_metadata, &self->pod, BY_2M, BY_CALL);
}

TEST_HARNESS_MAIN
