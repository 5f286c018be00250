// SPDX-License-Identifier: GPL-2.0-only
/* What the pages of an arena hold: made, stored, looked at. */
#define _GNU_SOURCE
#include "arena.h"

#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/*
 * Of four generations one has a single word that is not zero: what looks for
 * zeroes must not take it for nothing.
 */
static bool is_sparse(uint32_t generation)
{
	return generation % 4 == 3;
}

static unsigned int only_word(uint32_t generation)
{
	return generation * 0x9e3779b1U >> 23;
}

static uint32_t place_of(const struct arena_pod *pod, unsigned int page,
			 unsigned int i)
{
	return (uint32_t)pod->kind << 28 | page << 9 | i;
}

/* Tells generation, pod, page and word; so nothing ever holds it twice. */
static u64 word_of(const struct arena_pod *pod, unsigned int page,
		   uint32_t generation, unsigned int i)
{
	if (!generation || (is_sparse(generation) && i != only_word(generation)))
		return 0;
	return (u64)generation << 32 | place_of(pod, page, i);
}

void make_page(u64 *to, const struct arena_pod *pod, unsigned int page,
	       uint32_t generation)
{
	unsigned int i;

	for (i = 0; i < WORDS; i++)
		((volatile u64 *)to)[i] = word_of(pod, page, generation, i);
}

void make_run(u64 *to, struct run run, uint32_t generation)
{
	unsigned int i;

	for (i = 0; i < run.nr; i++)
		make_page(to + i * WORDS, run.pod, run.first + i, generation);
}

static __thread sigjmp_buf trap;
static __thread volatile sig_atomic_t trapping;

static void on_signal(int sig)
{
	if (!trapping)
		_exit(128 + sig);
	siglongjmp(trap, sig);
}

void trap_signals(void)
{
	struct sigaction action = {
		.sa_handler = on_signal, .sa_flags = SA_NODEFER,
	};

	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
}

int trapped(void (*fn)(void *arg), void *arg)
{
	int sig = sigsetjmp(trap, 0);

	if (!sig) {
		trapping = 1;
		fn(arg);
	}
	trapping = 0;
	return sig;
}

struct store {
	struct run run;
	u8 *mem;
	uint32_t generation;
	volatile unsigned int done;
};

static void do_store(void *arg)
{
	struct store *s = arg;

	for (s->done = 0; s->done < s->run.nr; s->done++)
		make_page((u64 *)(s->mem + s->done * PAGE), s->run.pod,
			  s->run.first + s->done, s->generation);
}

bool store_run(struct actor *actor, struct run run, u8 *mem,
	       uint32_t generation)
{
	struct store s = { run, mem, generation };
	int sig;

	run_begin(actor, run, generation);
	sig = trapped(do_store, &s);
	run_done(actor, run, s.done);
	if (!sig)
		return true;
	__atomic_fetch_add(&actor->arena->refused, 1, __ATOMIC_RELAXED);
	if (sig != SIGBUS || run.pod->kind != ARENA_SHORT)
		complain(actor, run, "a store was refused", sig);
	return false;
}

static void check_page(struct actor *actor, struct run run, unsigned int at,
		       const volatile u64 *mem)
{
	struct arena_page *page = page_of(run, at, actor->arena);
	struct run here = { run.pod, run.first + at, 1 };
	unsigned int i;
	u64 seen;

	for (i = 0; i < WORDS; i++) {
		seen = mem[i];
		if (seen != word_of(run.pod, here.first, page->now, i) &&
		    seen != word_of(run.pod, here.first, page->next, i))
			return complain(actor, here, "wrong content", seen);
	}
}

struct look {
	struct actor *actor;
	struct run run;
	const u8 *mem;
	void (*page)(struct actor *actor, struct run run, unsigned int at,
		     const volatile u64 *mem);
};

static void do_look(void *arg)
{
	struct look *l = arg;
	unsigned int i;

	for (i = 0; i < l->run.nr; i++)
		l->page(l->actor, l->run, i,
			(const volatile u64 *)(l->mem + i * PAGE));
}

static void look(struct look *l)
{
	int sig = trapped(do_look, l);

	/* Reading takes nothing. */
	if (sig)
		complain(l->actor, l->run, "a read was refused", sig);
}

void check_run(struct actor *actor, struct run run, const void *mem)
{
	look(&(struct look){ actor, run, mem, check_page });
}

static uint32_t version(struct arena_page *page)
{
	return __atomic_load_n(&page->lock, __ATOMIC_SEQ_CST);
}

/*
 * Without an owner from before to after, all of it is as it should. Words that
 * changed meanwhile may be anything, but not another page's.
 */
static void glance_page(struct actor *actor, struct run run, unsigned int at,
			const volatile u64 *mem)
{
	struct arena_page *page = page_of(run, at, actor->arena);
	struct run here = { run.pod, run.first + at, 1 };
	uint32_t before = version(page);
	uint32_t now = __atomic_load_n(&page->now, __ATOMIC_ACQUIRE);
	uint32_t next = __atomic_load_n(&page->next, __ATOMIC_ACQUIRE);
	unsigned int i = pick(actor, 8), step = 1 + pick(actor, 64);
	u64 seen;

	for (; i < WORDS; i += step) {
		seen = mem[i];
		if (seen && (uint32_t)seen != place_of(run.pod, here.first, i))
			return complain(actor, here, "another's word", seen);
		if (seen == word_of(run.pod, here.first, now, i) ||
		    seen == word_of(run.pod, here.first, next, i))
			continue;
		if (!(before & ARENA_OWNER) && version(page) == before)
			return complain(actor, here, "stale content", seen);
	}
}

void glance_run(struct actor *actor, struct run run, const u8 *mem)
{
	look(&(struct look){ actor, run, mem, glance_page });
}

/* A page that shall be zero needs no memory for it, if the pod lets it go. */
static bool mend_page(struct actor *actor, struct run page, uint32_t to)
{
	if (to || page.pod->kind == ARENA_PINNABLE)
		return store_run(actor, page, run_memory(actor, page), to);
	if (pod_punch(&page.pod->pod, run_offset(page), PAGE)) {
		complain(actor, page, "punch failed", 0);
		return false;
	}
	run_done(actor, page, 1);
	return true;
}

void mend_run(struct actor *actor, struct run *run)
{
	struct arena_page *page;
	struct run rest = *run;
	unsigned int i;

	for (i = 0; i < run->nr; i++) {
		page = page_of(*run, i, actor->arena);
		if (page->now == page->next)
			continue;
		if (!mend_page(actor, (struct run){ run->pod, run->first + i, 1 },
			       page->next))
			break;
	}
	run->nr = i;
	rest.first += i;
	rest.nr -= i;
	run_drop(actor, rest);
}

unsigned int arena_inherit(struct actor *heir, unsigned int victim,
			   unsigned int *torn)
{
	struct arena *a = heir->arena;
	unsigned int kind, i, nr = 0;
	struct arena_page *page;
	struct run run;

	for (kind = 0; kind < ARENA_NR; kind++) {
		for (i = 0; i < a->pods[kind].nr; i++) {
			run = (struct run){ &a->pods[kind], i, 1 };
			page = page_of(run, 0, a);
			if ((version(page) & ARENA_OWNER) != victim + 1)
				continue;
			check_run(heir, run, run_memory(heir, run));
			*torn += page->now != page->next;
			run_drop(heir, run);
			nr++;
		}
	}
	return nr;
}

static void check_pod(struct actor *actor, struct arena_pod *pod)
{
	struct run run = { pod, 0, BUFFER_PAGES };

	for (; run.first < pod->nr; run.first += run.nr) {
		check_run(actor, run, run_large(run));
		check_run(actor, run, run_small(run));
		if (pread(pod->pod.fd, actor->buffer, run_bytes(run),
			  run_offset(run)) != run_bytes(run))
			complain(actor, run, "read() failed", 0);
		check_run(actor, run, actor->buffer);
	}
}

void arena_check_all(struct actor *actor)
{
	unsigned int kind;

	for (kind = 0; kind < ARENA_NR; kind++)
		check_pod(actor, &actor->arena->pods[kind]);
}
