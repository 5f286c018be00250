// SPDX-License-Identifier: GPL-2.0-only
/*
 * Everything at once, for a bounded number of operations: threads that store,
 * discard, give and take back, read through other mappings, refer to pages by
 * pipes, move the target. Each page has one owner, who knows its content.
 *
 *	SEED=n	the operations of an earlier run; the order of threads differs
 *	OPS=n	per thread, at most: a slow machine stops after some seconds
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/uio.h>
#include <time.h>

#include "pod_test.h"

#define SIZE		(32 * MiB)
#define NR_PAGES	(SIZE / PAGE)
#define NR_THREADS	6
#define RW		(PROT_READ | PROT_WRITE)
#define SECONDS_MAX	40

POD_FIXTURE(SIZE, SIZE / 2)

/**
 * struct stress - what the threads share
 * @small: the pod mapped so that no 2 MiB mapping fits
 * @tag: what a page was filled with by its owner, 0 for zero
 * @lowest: of the targets that are set
 * @highest: of the targets that are set
 * @must_fit: no write may fail for want of memory
 * @ops: for each thread
 * @end: when to stop, all the same
 * @failed: writes that were refused
 */
struct stress {
	struct pod *pod;
	u8 *small;
	uint32_t tag[NR_PAGES];
	u64 lowest;
	u64 highest;
	bool must_fit;
	unsigned int ops;
	time_t end;
	int failed;
};

struct worker {
	pthread_t thread;
	struct stress *stress;
	unsigned int nr;
	unsigned int seed;
	unsigned int done;
	char error[128];
};

/* Few words of a page tell as much as all, and in less time. */
static const unsigned int words[] = { 0, 1, 63, 255, 256, 511 };
#define NR_WORDS ARRAY_SIZE(words)

static u64 word_of(unsigned int page, uint32_t tag, unsigned int i)
{
	return tag ? (u64)tag << 32 | page << 9 | words[i] : 0;
}

static int store(u8 *mem, unsigned int page, uint32_t tag)
{
	volatile u64 *p = (u64 *)(mem + page * PAGE);
	unsigned int i;

	/* A byte of the first word that is not 0: a sweep may take zeroes. */
	if (try_write((u8 *)p + 4, (u8)tag))
		return -1;
	for (i = 0; i < NR_WORDS; i++)
		p[words[i]] = word_of(page, tag, i);
	return 0;
}

static bool intact(const u8 *mem, unsigned int page, uint32_t tag)
{
	const volatile u64 *p = (const u64 *)(mem + page * PAGE);
	unsigned int i;

	for (i = 0; i < NR_WORDS; i++)
		if (p[words[i]] != word_of(page, tag, i))
			return false;
	return true;
}

static unsigned int own_page(struct worker *w)
{
	return rand_r(&w->seed) % (NR_PAGES / NR_THREADS) * NR_THREADS + w->nr;
}

static u8 *some_mapping(struct worker *w)
{
	return rand_r(&w->seed) % 4 ? w->stress->pod->mem : w->stress->small;
}

static void complain(struct worker *w, const char *what, unsigned int page)
{
	if (!w->error[0])
		snprintf(w->error, sizeof(w->error), "%s at page %#x, tag %#x",
			 what, page, w->stress->tag[page]);
}

static void check(struct worker *w, unsigned int page)
{
	if (!intact(some_mapping(w), page, w->stress->tag[page]))
		complain(w, "wrong content", page);
}

/* A refused store changes nothing. */
static void do_store(struct worker *w, unsigned int page)
{
	struct stress *s = w->stress;
	uint32_t tag = (uint32_t)rand_r(&w->seed) | 1;

	check(w, page);
	if (!store(some_mapping(w), page, tag))
		s->tag[page] = tag;
	else if (s->must_fit)
		complain(w, "a write was refused", page);
	else
		__atomic_fetch_add(&s->failed, 1, __ATOMIC_RELAXED);
}

static void do_write_call(struct worker *w, unsigned int page)
{
	u8 data[PAGE] __attribute__((aligned(8))) = { };
	uint32_t tag = (uint32_t)rand_r(&w->seed) | 1;
	unsigned int i;

	for (i = 0; i < NR_WORDS; i++)
		((u64 *)data)[words[i]] = word_of(page, tag, i);
	if (pwrite(w->stress->pod->fd, data, PAGE, page * PAGE) == PAGE)
		w->stress->tag[page] = tag;
	else if (w->stress->must_fit)
		complain(w, "write() was refused", page);
}

static void do_read_call(struct worker *w, unsigned int page)
{
	u8 data[PAGE] __attribute__((aligned(8)));
	u64 *p = (u64 *)data;
	unsigned int i;

	if (pread(w->stress->pod->fd, data, PAGE, page * PAGE) != PAGE)
		complain(w, "read() failed", page);
	for (i = 0; i < NR_WORDS; i++)
		if (p[words[i]] != word_of(page, w->stress->tag[page], i))
			complain(w, "read() saw wrong content", page);
}

static void do_punch(struct worker *w, unsigned int page)
{
	if (pod_punch(w->stress->pod, page * PAGE, PAGE))
		complain(w, "punch failed", page);
	w->stress->tag[page] = 0;
	check(w, page);
}

static void do_inflate(struct worker *w, unsigned int page)
{
	if (pod_inflate(w->stress->pod, page * PAGE, PAGE))
		complain(w, "inflate failed", page);
	w->stress->tag[page] = 0;
	check(w, page);
}

static void do_deflate(struct worker *w, unsigned int page)
{
	if (pod_deflate(w->stress->pod, page * PAGE, PAGE))
		complain(w, "deflate failed", page);
	check(w, page);
}

/* A reference to the page, as of a device, around a store and a discard. */
static void do_hold(struct worker *w, unsigned int page)
{
	u8 content[PAGE] __attribute__((aligned(8)));
	struct iovec iov = { some_mapping(w) + page * PAGE, PAGE };
	int fds[2];

	if (pipe(fds))
		return complain(w, "no pipe", page);
	if (vmsplice(fds[1], &iov, 1, 0) != PAGE)
		complain(w, "vmsplice failed", page);
	if (rand_r(&w->seed) % 2)
		do_store(w, page);
	if (rand_r(&w->seed) % 2)
		do_punch(w, page);
	if (read(fds[0], content, PAGE) != PAGE)
		complain(w, "the pipe is empty", page);
	close(fds[0]);
	close(fds[1]);
	check(w, page);
}

/* Anybody's pages: the content must not change. */
static void do_zap(struct worker *w, unsigned int page)
{
	u64 at = (u64)page * PAGE & ~(REGION - 1);

	madvise(w->stress->pod->mem + at, REGION, MADV_DONTNEED);
	madvise(w->stress->small + page * PAGE, PAGE, MADV_DONTNEED);
}

static void do_target(struct worker *w)
{
	struct stress *s = w->stress;
	u64 range = (s->highest - s->lowest) / PAGE;
	u64 target = s->lowest + rand_r(&w->seed) % (range + 1) * PAGE;
	int ret = pod_set_target(s->pod, target, NULL);

	if (ret)
		complain(w, strerror(-ret), target / PAGE);
}

static void one_op(struct worker *w)
{
	unsigned int page = own_page(w);

	switch (rand_r(&w->seed) % 32) {
	case 0 ... 11:
		return do_store(w, page);
	case 12 ... 15:
		return check(w, page);
	case 16 ... 18:
		return do_punch(w, page);
	case 19 ... 21:
		return do_inflate(w, page);
	case 22 ... 23:
		return do_deflate(w, page);
	case 24 ... 25:
		return do_hold(w, page);
	case 26:
		return do_write_call(w, page);
	case 27 ... 28:
		return do_read_call(w, page);
	case 29 ... 30:
		return do_zap(w, page);
	default:
		return do_target(w);
	}
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct stress *s = w->stress;

	while (w->done < s->ops && !w->error[0] && time(NULL) < s->end) {
		one_op(w);
		w->done++;
	}
	return NULL;
}

static unsigned long from_env(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 0) : otherwise;
}

static unsigned int wrong_pages(struct stress *s)
{
	unsigned int page, bad = 0;

	for (page = 0; page < NR_PAGES; page++)
		bad += !intact(s->pod->mem, page, s->tag[page]);
	return bad;
}

static void storm(struct __test_metadata *_metadata, struct stress *s)
{
	unsigned int seed = from_env("SEED", time(NULL)), done = 0, i;
	struct worker w[NR_THREADS] = { };

	TH_LOG("SEED=%u", seed);
	s->ops = from_env("OPS", 4000);
	s->end = time(NULL) + SECONDS_MAX * time_scale();
	for (i = 0; i < NR_THREADS; i++) {
		w[i].stress = s;
		w[i].nr = i;
		w[i].seed = seed + i;
		ASSERT_EQ(0, pthread_create(&w[i].thread, NULL, work, &w[i]));
	}
	for (i = 0; i < NR_THREADS; i++) {
		pthread_join(w[i].thread, NULL);
		EXPECT_STREQ("", w[i].error);
		done += w[i].done;
	}
	EXPECT_EQ(0, wrong_pages(s));
	TH_LOG("%u operations, %d writes refused for want of memory", done,
	       s->failed);
}

static void stress(struct __test_metadata *_metadata, struct pod *pod,
		   u64 lowest, u64 highest)
{
	static struct stress s;
	void *reserved;

	s.pod = pod;
	s.lowest = lowest;
	s.highest = highest;
	s.must_fit = lowest == SIZE;
	s.small = map_unaligned(pod->fd, SIZE, RW, &reserved);
	ASSERT_NE(NULL, s.small);
	ASSERT_EQ(0, pod_set_target(pod, highest, NULL));
	storm(_metadata, &s);
	munmap(s.small, SIZE);
}

/* The target is all there is: no write may ever be refused. */
TEST_F_TIMEOUT(pod, within_the_target, 100)
{
	stress(_metadata, &self->pod, SIZE, SIZE);
	EXPECT_EQ(0, pod_attr(&self->pod, "exhausted"));
}

/*
 * The target moves below what is in use: writes may be refused, no more. On a
 * quick machine it is over before the shrinker, which waits for the balloon to
 * rest, has demoted anything; demote.c tests that it does.
 */
TEST_F_TIMEOUT(pod, with_a_moving_target, 100)
{
	stress(_metadata, &self->pod, REGION, SIZE);
}

/* An eighth of what is wanted: every touch looks for pages that were given. */
TEST_F_TIMEOUT(pod, beyond_the_target, 100)
{
	stress(_metadata, &self->pod, SIZE / 8, SIZE / 8);
	EXPECT_LT(0, pod_attr(&self->pod, "demoted"));
	EXPECT_LT(0, pod_attr(&self->pod, "exhausted"));
	EXPECT_EQ(SIZE / 8, POD_GET(&self->pod, owned));
}

TEST_HARNESS_MAIN
