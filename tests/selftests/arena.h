/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pods that many processes work on, and what each page of them must hold. All
 * of it lies in memory that the processes share and that outlives each of
 * them, so that who is killed leaves no page in doubt.
 */
#ifndef POD_SELFTEST_ARENA_H
#define POD_SELFTEST_ARENA_H

#include <setjmp.h>
#include <stdint.h>
#include <sys/types.h>

#include "pod.h"

#define MAX_ACTORS	16
#define ARENA_PAGES	8192
#define REGION_PAGES	(REGION / PAGE)
#define WORDS		(PAGE / sizeof(u64))

/* What an actor reads and writes with system calls, at most. */
#define BUFFER_PAGES	64

/* Roomy: no write is ever refused. Short: the target moves below its size. */
enum arena_kind { ARENA_ROOMY, ARENA_SHORT, ARENA_PINNABLE, ARENA_NR };

/* Bits of arena_page.lock. */
#define ARENA_OWNER	63U

/**
 * struct arena_page - one page of a pod
 * @lock: who owns it, as actor + 1, in the low bits, 0 = nobody; the rest
 *	counts the owners so far. Atomic.
 * @now: generation of its content, 0 = zeroes
 * @next: the same, or what the owner is about to make of it: each word may be
 *	of either
 *
 * Only the owner changes @now and @next. The owner may be killed: @next was
 * written before the page was, @now comes after.
 */
struct arena_page {
	uint32_t lock;
	uint32_t now;
	uint32_t next;
};

/**
 * struct arena_pod - one of the pods
 * @pod: @pod.mem is where every process maps it, at a multiple of 2 MiB
 * @small: where every process maps it so that no 2 MiB mapping fits
 * @first: its first page in struct arena
 * @nr: of its pages
 * @kind: how it was made
 */
struct arena_pod {
	struct pod pod;
	u8 *small;
	unsigned int first;
	unsigned int nr;
	enum arena_kind kind;
};

/**
 * struct arena_slot - what is known of an actor, alive or not
 * @pid: of its process, 0 = none; atomic
 * @doing: name of its operation, the same address in all processes
 */
struct arena_slot {
	pid_t pid;
	const char *doing;
};

/**
 * struct arena - what all processes share
 * @disk: a block device with room for BUFFER_PAGES of each actor, or -1
 * @generation: the last one given away; atomic
 * @left: operations to be done; atomic
 * @refused: writes that found no memory; atomic
 * @end: when to stop all the same, in seconds
 * @error: the first thing that was wrong; @failed says that there is one
 */
struct arena {
	struct arena_pod pods[ARENA_NR];
	struct arena_page pages[ARENA_PAGES];
	struct arena_slot slots[MAX_ACTORS];
	int disk;
	uint32_t generation;
	long left;
	unsigned long refused;
	long end;
	int failed;
	char error[256];
};

/**
 * struct actor - one thread of one process
 * @nr: its slot
 * @seed: of its choices
 * @pipe: for what goes through one
 * @ring: an io_uring, or negative
 * @buffer: of BUFFER_PAGES, for system calls
 */
struct actor {
	struct arena *arena;
	unsigned int nr;
	unsigned int seed;
	int pipe[2];
	int ring;
	u64 *buffer;
};

/* Some pages of a pod. */
struct run {
	struct arena_pod *pod;
	unsigned int first;
	unsigned int nr;
};

/* NULL, or what is wrong. Makes and maps the pods; all else starts at 0. */
const char *arena_begin(struct arena *arena);
/* In each process: map the pods where the first process has them. */
int arena_map(struct arena *arena);
void arena_end(struct arena *arena);

unsigned int pick(struct actor *actor, unsigned int nr);
/* Some pages, of any owner. */
struct run pick_run(struct actor *actor);

struct arena_page *page_of(struct run run, unsigned int i,
			   struct arena *arena);
/* Own as many of the pages as can be had now, from the first; 0 = none. */
unsigned int run_take(struct actor *actor, struct run *run);
void run_drop(struct actor *actor, struct run run);

/*
 * Around whatever makes @generation of an owned run. @done pages got there;
 * the others may be between old and new until the next owner mends them.
 */
void run_begin(struct actor *actor, struct run run, uint32_t generation);
void run_done(struct actor *actor, struct run run, unsigned int done);
/* It was refused and changed nothing. */
void run_cancel(struct actor *actor, struct run run);
uint32_t new_generation(struct actor *actor);

/* Where a run is mapped; both mappings have all. */
u8 *run_large(struct run run);
u8 *run_small(struct run run);
u8 *run_memory(struct actor *actor, struct run run);
size_t run_bytes(struct run run);
u64 run_offset(struct run run);

/* Content that a generation of a page has. */
void make_page(u64 *to, const struct arena_pod *pod, unsigned int page,
	       uint32_t generation);
void make_run(u64 *to, struct run run, uint32_t generation);

/*
 * Store @generation in mapped memory, then run_done(). False: no memory was
 * to be had for a part of it.
 */
bool store_run(struct actor *actor, struct run run, u8 *mem,
	       uint32_t generation);
/* An owned run at @mem, mapped or a copy, must be as it should. */
void check_run(struct actor *actor, struct run run, const void *mem);
/* The same of pages that others own and change meanwhile, at @mem. */
void glance_run(struct actor *actor, struct run run, const u8 *mem);
/* Finish what was left between old and new; cuts the run where it cannot. */
void mend_run(struct actor *actor, struct run *run);

/* Keeps the first; all actors stop. */
void complain(struct actor *actor, struct run run, const char *what,
	      unsigned long seen);

/* Call @fn; the signal that it ended with, or 0. After trap_signals(). */
void trap_signals(void);
int trapped(void (*fn)(void *arg), void *arg);

/*
 * What a killed actor owned: each page is old, new, or has words of both.
 * Gives up its pages; their number, and in @torn those that are neither.
 */
unsigned int arena_inherit(struct actor *heir, unsigned int victim,
			   unsigned int *torn);
/* Every page of every pod, by both mappings and read(); nobody acts. */
void arena_check_all(struct actor *actor);

#endif /* POD_SELFTEST_ARENA_H */
