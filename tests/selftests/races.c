// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sweeps against all that may happen to the same regions at the same time.
 *
 * Each page has one owner among the actors, who knows its content and checks
 * it; all regions have pages of all owners. An owner does a fixed number of
 * operations, or stops when the time is over. Those who own nothing, sweepers
 * for one, go on as long as an owner does.
 *
 *	SEED=n	the choices of an earlier run; the order of threads differs
 *	OPS=n	operations of each owner
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/uio.h>
#include <time.h>

#include "aio.h"
#include "block.h"
#include "pod_test.h"
#include "touch.h"
#include "uring.h"

#define SIZE		(8 * MiB)
#define NR_PAGES	(SIZE / PAGE)
#define MAX_ACTORS	8
#define SECONDS_MAX	2
#define RW		(PROT_READ | PROT_WRITE)

/* What the device holds for each page; no other tag is as high. */
#define DEVICE_TAG	0x40000000U

FIXTURE(pod) {
	struct pod pod;
};

/*
 * Half of the size is more than all actors together need at any time, but the
 * sweeps have to find it. Where nobody holds on to pages no touch may ever be
 * refused; where a device does, it may have to wait.
 */
FIXTURE_VARIANT(pod) {
	u64 target;
	enum kvm_pod_policy policy;
};

FIXTURE_VARIANT_ADD(pod, roomy) {
	.target = SIZE, .policy = KVM_POD_POLICY_FAIL,
};

FIXTURE_VARIANT_ADD(pod, tight) {
	.target = SIZE / 2, .policy = KVM_POD_POLICY_WAIT,
};

FIXTURE_SETUP(pod)
{
	ASSERT_GOOD(pod_begin(&self->pod, SIZE, variant->target));
	ASSERT_EQ(0, pod_set_overdraft(&self->pod, variant->policy, 0));
}

FIXTURE_TEARDOWN(pod)
{
	ASSERT_GOOD(pod_finish(&self->pod));
}

/**
 * struct arena - what the actors share
 * @pod: the pod; @pod->mem is one of two mappings
 * @small: the pod mapped so that no 2 MiB mapping fits
 * @device: a loop device with a page for each page of the pod
 * @nr: number of actors
 * @owners: who are not through yet; atomic
 * @ops: for each owner
 * @end: when to stop all the same
 * @seed: of the first actor
 */
struct arena {
	struct pod *pod;
	u8 *small;
	int device;
	unsigned int nr;
	unsigned int owners;
	unsigned int ops;
	time_t end;
	unsigned int seed;
};

struct actor;
typedef void op_fn(struct actor *actor, unsigned int page);

/**
 * struct actor - one thread
 * @op: what it does, again and again, to a page of its own
 * @aio: its context
 * @ring: its ring
 * @error: the first thing that was wrong
 */
struct actor {
	struct job job;
	struct arena *arena;
	op_fn *op;
	unsigned int nr;
	unsigned int seed;
	aio_context_t aio;
	struct uring ring;
	char error[160];
};

/* Few words of a page tell as much as all, and in less time. */
static const unsigned int words[] = { 0, 1, 63, 255, 256, 511 };
#define NR_WORDS ARRAY_SIZE(words)

static u64 word_of(unsigned int page, uint32_t tag, unsigned int i)
{
	return tag ? (u64)tag << 32 | page << 9 | words[i] : 0;
}

static void complain(struct actor *actor, const char *what, unsigned int page,
		     u64 seen)
{
	if (!actor->error[0])
		snprintf(actor->error, sizeof(actor->error),
			 "actor %u: %s at page %#x, seen %#lx", actor->nr, what,
			 page, seen);
}

static unsigned int pick(struct actor *actor, unsigned int nr)
{
	return rand_r(&actor->seed) % nr;
}

/*
 * Every second region stays in one piece: no single pages are put there, and
 * nothing is kept, so that a sweep may find all of it zero at any moment.
 */
static bool is_whole(unsigned int page)
{
	return page * PAGE / REGION % 2 == 0;
}

static u8 *page_at(struct actor *actor, unsigned int page)
{
	struct arena *a = actor->arena;
	bool small = !is_whole(page) && !pick(actor, 4);

	return (small ? a->small : a->pod->mem) + page * PAGE;
}

static void store(struct actor *actor, unsigned int page, uint32_t tag)
{
	volatile u64 *p = (u64 *)page_at(actor, page);
	unsigned int i;

	for (i = 0; i < NR_WORDS; i++)
		p[words[i]] = word_of(page, tag, i);
}

static void check(struct actor *actor, unsigned int page, uint32_t tag)
{
	const volatile u64 *p = (u64 *)page_at(actor, page);
	unsigned int i;
	u64 seen;

	for (i = 0; i < NR_WORDS; i++) {
		seen = p[words[i]];
		if (seen != word_of(page, tag, i))
			complain(actor, "wrong content", page, seen);
	}
}

static uint32_t new_tag(struct actor *actor)
{
	return (rand_r(&actor->seed) % DEVICE_TAG) | 1;
}

/* Half of the others keep their content: data and zeroes are neighbours. */
static bool is_keeper(struct actor *actor, unsigned int page)
{
	return !is_whole(page) && page / actor->arena->nr % 2 == 0;
}

static void op_write(struct actor *actor, unsigned int page)
{
	uint32_t tag = new_tag(actor);

	store(actor, page, tag);
	check(actor, page, tag);
	if (pick(actor, 4) == 0)
		sched_yield();
	check(actor, page, tag);
	store(actor, page, 0);
	check(actor, page, 0);
	if (!is_keeper(actor, page))
		return;
	store(actor, page, tag);
	check(actor, page, tag);
}

static void op_punch(struct actor *actor, unsigned int page)
{
	uint32_t tag = new_tag(actor);
	int ret;

	store(actor, page, tag);
	check(actor, page, tag);
	if (pick(actor, 2))
		ret = pod_punch(actor->arena->pod, page * PAGE, PAGE);
	else
		ret = pod_inflate(actor->arena->pod, page * PAGE, PAGE);
	if (ret)
		complain(actor, "discard failed", page, ret);
	check(actor, page, 0);
}

/* The device has written @n bytes, or -errno. */
static void check_landing(struct actor *actor, unsigned int page, long n)
{
	if (n != PAGE)
		complain(actor, "device read failed", page, n);
	check(actor, page, DEVICE_TAG);
	store(actor, page, 0);
	check(actor, page, 0);
}

/* Zero, as a sweep likes it, when the device is told to write there. */
static void op_aio(struct actor *actor, unsigned int page)
{
	long n = aio_read(actor->aio, actor->arena->device,
			  page_at(actor, page), PAGE, page * PAGE);

	check_landing(actor, page, n);
}

static void op_uring(struct actor *actor, unsigned int page)
{
	int n = uring_read(&actor->ring, actor->arena->device,
			   page_at(actor, page), PAGE, page * PAGE,
			   pick(actor, 2));

	while (!n && !uring_poll(&actor->ring, &n))
		sched_yield();
	check_landing(actor, page, n);
}

/* Anybody's page: what is there was made for there. */
static void op_look(struct actor *actor, unsigned int own)
{
	unsigned int page = pick(actor, NR_PAGES), i;
	u8 copy[PAGE] __attribute__((aligned(8)));
	struct iovec here = { copy, PAGE };
	struct iovec there = { page_at(actor, page), PAGE };
	u64 seen;

	if (process_vm_readv(getpid(), &here, 1, &there, 1, 0) != PAGE)
		complain(actor, "process_vm_readv failed", page, errno);
	for (i = 0; i < NR_WORDS; i++) {
		seen = ((u64 *)copy)[words[i]];
		if (seen && (uint32_t)seen != (page << 9 | words[i]))
			complain(actor, "another page's content", page, seen);
	}
}

static void op_look_at_file(struct actor *actor, unsigned int own)
{
	unsigned int page = pick(actor, NR_PAGES), i;
	u8 copy[PAGE] __attribute__((aligned(8)));
	u64 seen;

	if (pread(actor->arena->pod->fd, copy, PAGE, page * PAGE) != PAGE)
		complain(actor, "read() failed", page, errno);
	for (i = 0; i < NR_WORDS; i++) {
		seen = ((u64 *)copy)[words[i]];
		if (seen && (uint32_t)seen != (page << 9 | words[i]))
			complain(actor, "another page's content", page, seen);
	}
}

static void op_forget(struct actor *actor, unsigned int page)
{
	u64 at = page * PAGE & ~(REGION - 1);

	madvise(actor->arena->pod->mem + at, REGION, MADV_DONTNEED);
	madvise(actor->arena->small + page * PAGE, 16 * PAGE, MADV_DONTNEED);
}

static void op_sweep(struct actor *actor, unsigned int page)
{
	u64 at = page * PAGE & ~(REGION - 1);
	unsigned int flags = is_whole(page) || pick(actor, 3) ?
			     0 : KVM_POD_SWEEP_DEMOTE;
	bool all = !flags && pick(actor, 2);
	int ret = pod_sweep(actor->arena->pod, all ? 0 : at, all ? 0 : REGION,
			    flags, NULL);

	if (ret)
		complain(actor, "sweep failed", page, ret);
}

static bool is_owner(const struct actor *actor)
{
	return actor->op == op_write || actor->op == op_punch ||
	       actor->op == op_aio || actor->op == op_uring;
}

static bool goes_on(struct actor *actor, unsigned int done)
{
	struct arena *a = actor->arena;

	if (actor->error[0] || time(NULL) >= a->end)
		return false;
	return is_owner(actor) ? done < a->ops :
	       __atomic_load_n(&a->owners, __ATOMIC_RELAXED);
}

static long act(void *arg)
{
	struct actor *actor = arg;
	struct arena *a = actor->arena;
	unsigned int done = 0, page;

	while (goes_on(actor, done)) {
		page = pick(actor, NR_PAGES / a->nr) * a->nr + actor->nr;
		actor->op(actor, page);
		done++;
	}
	if (is_owner(actor))
		__atomic_fetch_sub(&a->owners, 1, __ATOMIC_RELAXED);
	return done;
}

static int make_device(void)
{
	int file = memfd_create("disk", MFD_CLOEXEC), device;
	u64 content[PAGE / sizeof(u64)] = { };
	unsigned int page, i;

	for (page = 0; page < NR_PAGES; page++) {
		for (i = 0; i < NR_WORDS; i++)
			content[words[i]] = word_of(page, DEVICE_TAG, i);
		if (write(file, content, PAGE) != PAGE)
			return -1;
	}
	device = block_open_loop(file);
	close(file);
	return device;
}

static unsigned long from_env(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 0) : otherwise;
}

static void begin_actor(struct __test_metadata *_metadata, struct arena *a,
			struct actor *actor, unsigned int nr, op_fn *op)
{
	memset(actor, 0, sizeof(*actor));
	actor->arena = a;
	actor->op = op;
	actor->nr = nr;
	actor->seed = a->seed + nr;
	a->owners += is_owner(actor);
	ASSERT_EQ(0, aio_begin(&actor->aio));
	ASSERT_EQ(0, uring_begin(&actor->ring));
}

static void end_actor(struct __test_metadata *_metadata, struct actor *actor)
{
	pthread_join(actor->job.thread, NULL);
	EXPECT_STREQ("", actor->error);
	uring_end(&actor->ring);
	aio_end(actor->aio);
}

static void race(struct __test_metadata *_metadata, struct pod *pod,
		 op_fn *const *ops, unsigned int nr)
{
	struct arena a = {
		.pod = pod, .nr = nr, .device = make_device(),
		.ops = from_env("OPS", 300), .seed = from_env("SEED", time(NULL)),
	};
	struct actor actors[MAX_ACTORS];
	unsigned long done = 0;
	void *reserved;
	unsigned int i;

	TH_LOG("SEED=%u", a.seed);
	if (a.device < 0)
		SKIP(return, "this kernel has no loop device");
	a.end = time(NULL) + SECONDS_MAX;
	a.small = map_unaligned(pod->fd, SIZE, RW, &reserved);
	ASSERT_NE(NULL, a.small);
	for (i = 0; i < nr; i++)
		begin_actor(_metadata, &a, &actors[i], i, ops[i]);
	for (i = 0; i < nr; i++)
		job_start(&actors[i].job, act, &actors[i]);
	for (i = 0; i < nr; i++) {
		end_actor(_metadata, &actors[i]);
		done += actors[i].job.result;
	}
	TH_LOG("%lu operations, %lld pages swept of %lld, %lld demoted", done,
	       pod_attr(pod, "sweep_reclaimed"), pod_attr(pod, "sweep_scanned"),
	       pod_attr(pod, "demoted"));
	EXPECT_TRUE(POD_WAIT(!POD_GET(pod, waiting)));
	munmap(a.small, SIZE);
	close(a.device);
}

#define RACE(...) ({							\
	static op_fn *const __ops[] = { __VA_ARGS__ };			\
									\
	race(_metadata, &self->pod, __ops, ARRAY_SIZE(__ops));		\
})

TEST_F_TIMEOUT(pod, writers, 60)
{
	RACE(op_sweep, op_write, op_write, op_write);
}

/* SIGBUS for one of them would end the test. */
TEST_F_TIMEOUT(pod, writers_are_never_refused, 60)
{
	ASSERT_EQ(0, pod_set_policy(&self->pod, KVM_POD_POLICY_FAIL));
	RACE(op_sweep, op_write, op_write, op_write);
	EXPECT_EQ(0, pod_attr(&self->pod, "exhausted"));
}

TEST_F_TIMEOUT(pod, direct_io, 60)
{
	RACE(op_sweep, op_aio, op_aio, op_write);
}

TEST_F_TIMEOUT(pod, io_uring, 60)
{
	RACE(op_sweep, op_uring, op_uring, op_write);
}

TEST_F_TIMEOUT(pod, readers, 60)
{
	RACE(op_sweep, op_write, op_write, op_look, op_look_at_file);
}

TEST_F_TIMEOUT(pod, punch_and_fault, 60)
{
	RACE(op_sweep, op_sweep, op_punch, op_punch, op_write);
}

TEST_F_TIMEOUT(pod, dropped_mappings, 60)
{
	RACE(op_sweep, op_forget, op_write, op_aio);
}

TEST_F_TIMEOUT(pod, all, 60)
{
	RACE(op_sweep, op_write, op_punch, op_aio, op_uring, op_look,
	     op_forget, op_write);
}

TEST_HARNESS_MAIN
