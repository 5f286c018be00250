// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "arena.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define RW		(PROT_READ | PROT_WRITE)

static const struct {
	u64 size;
	u64 target;
	unsigned int flags;
} shape[ARENA_NR] = {
	[ARENA_ROOMY] = { 6 * MiB, 6 * MiB, 0 },
	[ARENA_SHORT] = { 12 * MiB, 5 * MiB, 0 },
	[ARENA_PINNABLE] = { 2 * MiB, 2 * MiB, KVM_POD_F_PINNABLE },
};

static const char *begin_pod(struct arena_pod *p, enum arena_kind kind)
{
	struct kvm_pod_create args = pod_create_args(shape[kind].size,
						     shape[kind].target);
	void *reserved;

	args.flags = shape[kind].flags;
	p->kind = kind;
	p->nr = args.memory_size / PAGE;
	p->pod.size = args.memory_size;
	p->pod.fd = pod_create(&args);
	if (p->pod.fd < 0)
		return "KVM_POD_CREATE failed";
	p->pod.id = args.out_id;
	p->pod.mem = map_aligned(p->pod.fd, 0, p->pod.size, RW);
	p->small = map_unaligned(p->pod.fd, p->pod.size, RW, &reserved);
	return p->pod.mem && p->small ? NULL : "mmap failed";
}

const char *arena_begin(struct arena *arena)
{
	const char *bad = NULL;
	unsigned int kind, first = 0;

	memset(arena, 0, sizeof(*arena));
	for (kind = 0; kind < ARENA_NR && !bad; kind++) {
		bad = begin_pod(&arena->pods[kind], kind);
		arena->pods[kind].first = first;
		first += arena->pods[kind].nr;
	}
	return first > ARENA_PAGES ? "too few pages in the arena" : bad;
}

static bool map_at(void *at, const struct pod *pod)
{
	return mmap(at, pod->size, RW, MAP_SHARED | MAP_FIXED, pod->fd, 0) ==
	       at;
}

int arena_map(struct arena *arena)
{
	struct arena_pod *p;

	for (p = arena->pods; p < arena->pods + ARENA_NR; p++)
		if (!map_at(p->pod.mem, &p->pod) || !map_at(p->small, &p->pod))
			return -errno;
	return 0;
}

void arena_end(struct arena *arena)
{
	struct arena_pod *p;

	for (p = arena->pods; p < arena->pods + ARENA_NR; p++) {
		munmap(p->pod.mem, p->pod.size);
		munmap(p->small, p->pod.size);
		close(p->pod.fd);
	}
	memset(arena, 0, sizeof(*arena));
}

unsigned int pick(struct actor *actor, unsigned int nr)
{
	return rand_r(&actor->seed) % nr;
}

static unsigned int pick_length(struct actor *actor)
{
	switch (pick(actor, 16)) {
	case 0 ... 1:
		return REGION_PAGES;
	case 2:
		return 1 + pick(actor, 64);
	case 3 ... 7:
		return 1 + pick(actor, 8);
	default:
		return 1;
	}
}

struct run pick_run(struct actor *actor)
{
	static const unsigned char kinds[] = {
		ARENA_ROOMY, ARENA_ROOMY, ARENA_ROOMY, ARENA_SHORT,
		ARENA_SHORT, ARENA_SHORT, ARENA_SHORT, ARENA_PINNABLE,
	};
	struct run run;

	run.pod = &actor->arena->pods[kinds[pick(actor, sizeof(kinds))]];
	run.nr = pick_length(actor);
	run.first = pick(actor, run.pod->nr - run.nr + 1);
	if (run.nr == REGION_PAGES)
		run.first -= run.first % REGION_PAGES;
	return run;
}

struct arena_page *page_of(struct run run, unsigned int i, struct arena *arena)
{
	return &arena->pages[run.pod->first + run.first + i];
}

static bool take(struct arena_page *page, unsigned int nr)
{
	uint32_t was = __atomic_load_n(&page->lock, __ATOMIC_RELAXED);

	return !(was & ARENA_OWNER) &&
	       __atomic_compare_exchange_n(&page->lock, &was,
					   (was + ARENA_OWNER + 1) | (nr + 1),
					   false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

static void drop(struct arena_page *page)
{
	__atomic_and_fetch(&page->lock, ~ARENA_OWNER, __ATOMIC_RELEASE);
}

unsigned int run_take(struct actor *actor, struct run *run)
{
	unsigned int i;

	for (i = 0; i < run->nr; i++)
		if (!take(page_of(*run, i, actor->arena), actor->nr))
			break;
	run->nr = i;
	return i;
}

void run_drop(struct actor *actor, struct run run)
{
	unsigned int i;

	for (i = 0; i < run.nr; i++)
		drop(page_of(run, i, actor->arena));
}

uint32_t new_generation(struct actor *actor)
{
	return __atomic_add_fetch(&actor->arena->generation, 1,
				  __ATOMIC_RELAXED);
}

/* The kill may come at any instruction: @next is out before memory is. */
void run_begin(struct actor *actor, struct run run, uint32_t generation)
{
	unsigned int i;

	for (i = 0; i < run.nr; i++)
		__atomic_store_n(&page_of(run, i, actor->arena)->next,
				 generation, __ATOMIC_SEQ_CST);
}

void run_done(struct actor *actor, struct run run, unsigned int done)
{
	struct arena_page *page;
	unsigned int i;

	for (i = 0; i < done; i++) {
		page = page_of(run, i, actor->arena);
		__atomic_store_n(&page->now, page->next, __ATOMIC_SEQ_CST);
	}
}

void run_cancel(struct actor *actor, struct run run)
{
	struct arena_page *page;
	unsigned int i;

	for (i = 0; i < run.nr; i++) {
		page = page_of(run, i, actor->arena);
		__atomic_store_n(&page->next, page->now, __ATOMIC_SEQ_CST);
	}
}

u8 *run_large(struct run run)
{
	return run.pod->pod.mem + run_offset(run);
}

u8 *run_small(struct run run)
{
	return run.pod->small + run_offset(run);
}

u8 *run_memory(struct actor *actor, struct run run)
{
	return pick(actor, 8) ? run_large(run) : run_small(run);
}

size_t run_bytes(struct run run)
{
	return run.nr * PAGE;
}

u64 run_offset(struct run run)
{
	return run.first * PAGE;
}

void complain(struct actor *actor, struct run run, const char *what,
	      unsigned long seen)
{
	struct arena *a = actor->arena;
	struct arena_page *page = page_of(run, 0, a);

	if (__atomic_exchange_n(&a->failed, 1, __ATOMIC_ACQ_REL))
		return;
	snprintf(a->error, sizeof(a->error),
		 "actor %u, %s: %s at page %#x (+%u) of pod %u, seen %#lx, lock %#x, now %#x, next %#x",
		 actor->nr, a->slots[actor->nr].doing, what, run.first, run.nr,
		 run.pod->kind, seen, page->lock, page->now, page->next);
}
