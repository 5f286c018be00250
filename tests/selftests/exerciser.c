// SPDX-License-Identifier: GPL-2.0-only
/*
 * A pod file against an array of bytes: whatever is done to the one is done to
 * the other, and what can be read of the one must be in the other. One thread,
 * so that a seed repeats all of it; stress.c has many.
 *
 *	SEED=n	the operations of an earlier run
 *	OPS=n	how many
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>

#include "pod_test.h"

#define SIZE		(8 * MiB)
#define LONGEST		(4 * PAGE)
#define RW		(PROT_READ | PROT_WRITE)
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif
#define NR_REMEMBERED	48
#define NR_OPS		6000
/* Until all of it is compared, and until the ledger is. */
#define ALL_EVERY	5000
#define LEDGER_EVERY	500

/* The host gives whatever the target does not cover: no write may fail. */
POD_FIXTURE_POLICY(SIZE, SIZE / 2, KVM_POD_POLICY_GROW)

struct step {
	const char *name;
	u64 from;
	u64 to;
};

/**
 * struct exerciser - a pod and its model
 * @small: the pod mapped so that no 2 MiB mapping fits
 * @model: what the pod must hold
 * @scratch: what was read
 * @steps: the last ones, for who has to understand a failure
 * @count: of all steps
 * @seed: of the choices
 * @wrong: what was found, in words; empty if nothing was
 */
struct exerciser {
	struct pod *pod;
	u8 *small;
	u8 model[SIZE];
	u8 scratch[SIZE];
	struct step steps[NR_REMEMBERED];
	u64 count;
	unsigned int seed;
	char wrong[160];
};

static unsigned int draw(struct exerciser *e, unsigned int below)
{
	return (unsigned int)rand_r(&e->seed) % below;
}

static bool one_in(struct exerciser *e, unsigned int n)
{
	return !draw(e, n);
}

__attribute__((format(printf, 2, 3)))
static void complain(struct exerciser *e, const char *format, ...)
{
	va_list args;

	if (e->wrong[0])
		return;
	va_start(args, format);
	vsnprintf(e->wrong, sizeof(e->wrong), format, args);
	va_end(args);
}

/* For what must return 0 or more, and tells why not in errno. */
static void must(struct exerciser *e, long result, const char *what)
{
	if (result < 0)
		complain(e, "%s: %s", what, strerror(errno));
}

static void expect_same(struct exerciser *e, const u8 *seen, u64 from, u64 to)
{
	u64 at;

	if (!memcmp(seen, e->model + from, to - from))
		return;
	for (at = from; seen[at - from] == e->model[at]; at++)
		;
	complain(e, "byte %#lx is %#x, not %#x", at, seen[at - from],
		 e->model[at]);
}

/* Somewhere, of any length; often where a page or a region ends. */
static struct step anywhere(struct exerciser *e)
{
	u64 length = 1 + draw(e, one_in(e, 64) ? REGION + PAGE : LONGEST);
	struct step s = { .from = draw(e, SIZE - length + 1) };

	if (one_in(e, 4))
		s.from &= ~(PAGE - 1);
	if (one_in(e, 16))
		s.from = (1 + s.from / REGION) * REGION - 1 - draw(e, length);
	if (s.from + length > SIZE)
		length = SIZE - s.from;
	s.to = s.from + length;
	return s;
}

/* Whole pages; now and then whole regions. */
static void round_out(struct exerciser *e, struct step *s)
{
	u64 unit = one_in(e, 32) ? REGION : PAGE;

	s->from &= ~(unit - 1);
	s->to = (s->to + unit - 1) & ~(unit - 1);
}

/* New content; often zero, which is what sweeps look for. */
static const u8 *scribble(struct exerciser *e, const struct step *s)
{
	u8 value = one_in(e, 3) ? 0 : (u8)e->count | 1;
	u64 at;

	for (at = s->from; at < s->to; at++)
		e->model[at] = value ? (u8)(value + at) : 0;
	return e->model + s->from;
}

static u8 *standing(struct exerciser *e)
{
	return one_in(e, 3) ? e->small : e->pod->mem;
}

static void do_read(struct exerciser *e, struct step *s)
{
	u64 length = s->to - s->from;
	struct iovec iov[2] = {
		{ e->scratch, length / 3 },
		{ e->scratch + length / 3, length - length / 3 },
	};
	ssize_t got = one_in(e, 4) ? preadv(e->pod->fd, iov, 2, s->from) :
		pread(e->pod->fd, e->scratch, length, s->from);

	if (got != length)
		complain(e, "read() returned %zd", got);
	expect_same(e, e->scratch, s->from, s->to);
}

static void do_write(struct exerciser *e, struct step *s)
{
	const u8 *content = scribble(e, s);
	ssize_t done = pwrite(e->pod->fd, content, s->to - s->from, s->from);

	if (done != s->to - s->from)
		complain(e, "write() returned %zd", done);
}

static void do_load(struct exerciser *e, struct step *s)
{
	expect_same(e, standing(e) + s->from, s->from, s->to);
}

static void do_store(struct exerciser *e, struct step *s)
{
	u8 *to = standing(e) + s->from;

	memcpy(to, scribble(e, s), s->to - s->from);
}

/* A mapping of just these pages, at any offset. */
static void do_map(struct exerciser *e, struct step *s)
{
	u64 page = s->from & ~(PAGE - 1);
	bool write = one_in(e, 2);
	u8 *mem = mmap(NULL, s->to - page, write ? RW : PROT_READ,
		       MAP_SHARED | (one_in(e, 4) ? MAP_POPULATE : 0),
		       e->pod->fd, page);

	if (mem == MAP_FAILED)
		return must(e, -1, "mmap");
	expect_same(e, mem + s->from - page, s->from, s->to);
	if (write) {
		memcpy(mem + s->from - page, scribble(e, s), s->to - s->from);
		if (one_in(e, 4))
			must(e, msync(mem, s->to - page, MS_SYNC), "msync");
	}
	must(e, munmap(mem, s->to - page), "munmap");
}

/* Bytes, not pages: what is left of a page at the ends stays. */
static void do_punch(struct exerciser *e, struct step *s)
{
	must(e, fallocate(e->pod->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			  s->from, s->to - s->from), "punch");
	memset(e->model + s->from, 0, s->to - s->from);
}

static void do_remove(struct exerciser *e, struct step *s)
{
	round_out(e, s);
	must(e, madvise(e->pod->mem + s->from, s->to - s->from, MADV_REMOVE),
	     "MADV_REMOVE");
	memset(e->model + s->from, 0, s->to - s->from);
}

static void do_inflate(struct exerciser *e, struct step *s)
{
	round_out(e, s);
	errno = -pod_inflate(e->pod, s->from, s->to - s->from);
	must(e, -errno, "inflate");
	memset(e->model + s->from, 0, s->to - s->from);
}

static void do_deflate(struct exerciser *e, struct step *s)
{
	round_out(e, s);
	errno = one_in(e, 16) ? -pod_balloon_reset(e->pod) :
		-pod_deflate(e->pod, s->from, s->to - s->from);
	must(e, -errno, "deflate");
}

/* What does not change the content, whatever else it does. */
static void do_advise(struct exerciser *e, struct step *s)
{
	static const int advices[] = {
		MADV_DONTNEED, MADV_WILLNEED, MADV_COLD, MADV_PAGEOUT,
		MADV_POPULATE_READ, MADV_POPULATE_WRITE,
		/* From here on: refused where a block would be split. */
		MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_COLLAPSE,
	};
	unsigned int i = draw(e, ARRAY_SIZE(advices));
	u8 *mem = standing(e);

	round_out(e, s);
	if (madvise(mem + s->from, s->to - s->from, advices[i]) && i < 6)
		complain(e, "madvise(%d): %s", advices[i], strerror(errno));
	expect_same(e, mem + s->from, s->from, s->to);
}

static void do_protect(struct exerciser *e, struct step *s)
{
	u8 *mem = standing(e);
	u64 length;

	round_out(e, s);
	length = s->to - s->from;
	/* Refused where a block would be split, maybe after a part was done. */
	if (mprotect(mem + s->from, length, PROT_READ))
		return must(e, mprotect(mem, SIZE, RW), "mprotect of all");
	expect_same(e, mem + s->from, s->from, s->to);
	must(e, mprotect(mem + s->from, length, RW), "mprotect");
	do_store(e, s);
}

/* With DEMOTE blocks are taken apart, which is slow. */
static void do_sweep(struct exerciser *e, struct step *s)
{
	struct kvm_pod_sweep out;
	unsigned int flags = one_in(e, 4) ? KVM_POD_SWEEP_DEMOTE : 0;

	round_out(e, s);
	errno = -pod_sweep(e->pod, s->from, s->to - s->from, flags, &out);
	must(e, -errno, "sweep");
	if (out.out_reclaimed > out.out_scanned)
		complain(e, "sweep reclaimed %#llx of %#llx", out.out_reclaimed,
			 out.out_scanned);
}

static void do_target(struct exerciser *e, struct step *s)
{
	s->from = REGION + draw(e, (SIZE - REGION) / PAGE + 1) * PAGE;
	s->to = s->from;
	errno = -pod_set_target(e->pod, s->from, NULL);
	must(e, -errno, "set target");
}

/* A hole reads as zero; what is not zero is data. */
static void do_seek(struct exerciser *e, struct step *s)
{
	off_t data = lseek(e->pod->fd, s->from, SEEK_DATA);
	off_t hole, end = data < 0 ? SIZE : data;

	if (data < 0 && errno != ENXIO)
		return must(e, -1, "SEEK_DATA");
	if (end < s->from || nonzero(e->model + s->from, end - s->from) >= 0)
		return complain(e, "SEEK_DATA skips data: %#lx", (long)end);
	if (data < 0)
		return;
	hole = lseek(e->pod->fd, data, SEEK_HOLE);
	if (hole <= data || hole > SIZE || hole % PAGE)
		complain(e, "SEEK_HOLE: %#lx of %#lx", (long)hole, (long)data);
}

static void do_reopen(struct exerciser *e, struct step *s)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", e->pod->fd);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return must(e, fd, "reopen");
	close(e->pod->fd);
	e->pod->fd = fd;
	must(e, fsync(fd), "fsync");
}

/* What a file of fixed size refuses, all without a trace. */
static void do_refused(struct exerciser *e, struct step *s)
{
	int fd = e->pod->fd;
	u64 other = s->from == SIZE ? 0 : s->from;
	struct stat st;

	if (!ftruncate(fd, other) || !ftruncate(fd, SIZE + s->to))
		complain(e, "ftruncate() worked");
	if (!fallocate(fd, draw(e, 3), s->from, s->to) ||
	    !fallocate(fd, FALLOC_FL_ZERO_RANGE, s->from, s->to))
		complain(e, "fallocate() worked");
	if (pwrite(fd, e->model, 1, SIZE + s->from) >= 0)
		complain(e, "write() beyond the end worked");
	if (pread(fd, e->scratch, 1, SIZE + s->from))
		complain(e, "read() beyond the end worked");
	if (mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0) != MAP_FAILED)
		complain(e, "a private mapping worked");
	if (mremap(e->pod->mem, SIZE, 2 * SIZE, MREMAP_MAYMOVE) != MAP_FAILED)
		complain(e, "mremap() worked");
	if (fstat(fd, &st) || st.st_size != SIZE)
		complain(e, "the size is %ld", (long)st.st_size);
}

static const struct {
	const char *name;
	void (*fn)(struct exerciser *e, struct step *s);
	unsigned int weight;
} ops[] = {
	{ "read", do_read, 24 }, { "write", do_write, 24 },
	{ "load", do_load, 24 }, { "store", do_store, 32 },
	{ "map", do_map, 24 }, { "punch", do_punch, 20 },
	{ "remove", do_remove, 4 }, { "inflate", do_inflate, 12 },
	{ "deflate", do_deflate, 8 }, { "advise", do_advise, 12 },
	{ "protect", do_protect, 4 }, { "sweep", do_sweep, 2 },
	{ "target", do_target, 2 }, { "seek", do_seek, 2 },
	{ "reopen", do_reopen, 2 }, { "refused", do_refused, 2 },
};

static unsigned int some_op(struct exerciser *e)
{
	unsigned int sum = 0, i;

	for (i = 0; i < ARRAY_SIZE(ops); i++)
		sum += ops[i].weight;
	sum = draw(e, sum);
	for (i = 0; sum >= ops[i].weight; i++)
		sum -= ops[i].weight;
	return i;
}

static void compare_all(struct exerciser *e)
{
	expect_same(e, e->pod->mem, 0, SIZE);
	expect_same(e, e->small, 0, SIZE);
	if (pread(e->pod->fd, e->scratch, SIZE, 0) != SIZE)
		complain(e, "a read() of all came short");
	expect_same(e, e->scratch, 0, SIZE);
}

static void one_step(struct exerciser *e)
{
	struct step *s = &e->steps[e->count++ % NR_REMEMBERED];
	unsigned int op = some_op(e);

	*s = anywhere(e);
	s->name = ops[op].name;
	ops[op].fn(e, s);
	if (!(e->count % ALL_EVERY))
		compare_all(e);
}

static void tell(struct __test_metadata *_metadata, struct exerciser *e)
{
	u64 i = e->count > NR_REMEMBERED ? e->count - NR_REMEMBERED : 0;

	for (; i < e->count; i++) {
		struct step *s = &e->steps[i % NR_REMEMBERED];

		TH_LOG("%lu %s %#lx to %#lx", i + 1, s->name, s->from, s->to);
	}
}

static unsigned long from_env(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 0) : otherwise;
}

static void exercise(struct __test_metadata *_metadata, struct exerciser *e)
{
	u64 count = from_env("OPS", NR_OPS);

	e->seed = from_env("SEED", time(NULL));
	TH_LOG("SEED=%u OPS=%lu", e->seed, count);
	while (e->count < count && !e->wrong[0]) {
		one_step(e);
		if (!(e->count % LEDGER_EVERY))
			ASSERT_GOOD(pod_healthy(e->pod));
	}
	compare_all(e);
	EXPECT_STREQ("", e->wrong) {
		tell(_metadata, e);
	}
}

TEST_F_TIMEOUT(pod, does_as_its_model, 1200)
{
	static struct exerciser e;
	void *reserved;

	e.pod = &self->pod;
	e.small = map_unaligned(self->pod.fd, SIZE, RW, &reserved);
	ASSERT_NE(NULL, e.small);
	ASSERT_EQ(0, pod_set_grow(&self->pod, KVM_POD_POLICY_GROW, SIZE));
	exercise(_metadata, &e);
	munmap(e.small, SIZE);
}

TEST_HARNESS_MAIN
