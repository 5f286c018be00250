// SPDX-License-Identifier: GPL-2.0-only
/*
 * Touches by a program, each fault of theirs in turn. The kernel answers a
 * fault that fails for lack of memory by letting the program try again: it
 * sees nothing of it, and never a signal.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "pod_test.h"
#include "sequence.h"

SEQUENCE_FIXTURE

#define RW	(PROT_READ | PROT_WRITE)

static long touch_block(struct pod *pod)
{
	return -try_write(pod->mem, 1);
}

static const char *first_byte(struct pod *pod)
{
	if (pod->mem[0] != 1 || nonzero(pod->mem + 8, REGION - 8) != -1)
		return "wrong content";
	return NULL;
}

SEQUENCE(touch_2m, "touch 2 MiB", .run = touch_block, .check = first_byte,
	 .flags = SEQ_NEVER_FAILS);

/* A region of which a page was given is not a block any more. */
static const char *give_a_page(struct pod *pod)
{
	return pod_inflate(pod, PAGE, PAGE) ? "cannot inflate" : NULL;
}

SEQUENCE(touch_4k, "touch 4 KiB", .prepare = give_a_page, .run = touch_block,
	 .check = first_byte, .flags = SEQ_NEVER_FAILS);

static const char *give_block(struct pod *pod)
{
	return pod_inflate(pod, 0, REGION) ? "cannot inflate" : NULL;
}

/* Here the touch itself has to take the hole apart. */
SEQUENCE(touch_given, "touch what was given", .prepare = give_block,
	 .run = touch_block, .check = first_byte, .flags = SEQ_NEVER_FAILS);

static long read_hole(struct pod *pod)
{
	return -try_read(pod->mem);
}

static const char *all_zero(struct pod *pod)
{
	return nonzero(pod->mem, REGION) == -1 ? NULL : "not zero";
}

SEQUENCE(read_2m, "read a hole", .run = read_hole, .check = all_zero,
	 .flags = SEQ_NEVER_FAILS);

SEQUENCE(read_4k, "read a hole by pages", .prepare = give_a_page,
	 .run = read_hole, .check = all_zero, .flags = SEQ_NEVER_FAILS);

/* The zero has to go, everywhere. */
static const char *read_first(struct pod *pod)
{
	return try_read(pod->mem) ? "cannot read" : NULL;
}

SEQUENCE(write_after_read, "write after read", .prepare = read_first,
	 .run = touch_block, .check = first_byte, .flags = SEQ_NEVER_FAILS);

/* With a page table in the way, and its own page of zeroes. */
static const char *read_pages_first(struct pod *pod)
{
	const char *bad = give_a_page(pod);

	return bad ?: read_first(pod);
}

SEQUENCE(write_page_after_read, "write a page after read",
	 .prepare = read_pages_first, .run = touch_block, .check = first_byte,
	 .flags = SEQ_NEVER_FAILS);

static const char *fill_all(struct pod *pod)
{
	fill_regions(pod, 4);
	return NULL;
}

static long touch_beyond(struct pod *pod)
{
	return -try_write(pod->mem + 8 * MiB, 1);
}

static const char *beyond_is_right(struct pod *pod)
{
	if (still_two(pod) || !is_kept(pod, 2, 0) || !is_kept(pod, 3, 0))
		return "memory has changed";
	return pod->mem[8 * MiB] == 1 ? NULL : "the touch is lost";
}

SEQUENCE(overdraft, "touch beyond the target", .policy = KVM_POD_POLICY_WAIT,
	 .prepare = fill_all, .run = touch_beyond, .check = beyond_is_right,
	 .flags = SEQ_NEVER_FAILS);

SEQUENCE(grow, "grow", .policy = KVM_POD_POLICY_GROW, .prepare = fill_all,
	 .run = touch_beyond, .check = beyond_is_right,
	 .flags = SEQ_NEVER_FAILS | SEQ_HINT);

/* Zeroes in blocks and in pages, which the touch has to look for. */
static const char *fill_with_zeroes(struct pod *pod)
{
	fill_all(pod);
	memset(pod->mem + 2 * MiB, 0, 4 * MiB);
	pod->mem[2 * MiB] = 1;
	return NULL;
}

static const char *zeroes_are_found(struct pod *pod)
{
	if (!is_kept(pod, 0, 0) || !is_kept(pod, 3, 0) ||
	    nonzero(pod->mem + 2 * MiB + 8, 4 * MiB - 8) != -1 ||
	    pod->mem[2 * MiB] != 1)
		return "memory has changed";
	return pod->mem[8 * MiB] == 1 ? NULL : "the touch is lost";
}

SEQUENCE(sweep_by_touch, "a touch that has to sweep",
	 .policy = KVM_POD_POLICY_WAIT, .prepare = fill_with_zeroes,
	 .run = touch_beyond, .check = zeroes_are_found,
	 .flags = SEQ_NEVER_FAILS | SEQ_HINT);

/* Pages given inside blocks: one has to be taken apart. */
static const char *fill_and_give(struct pod *pod)
{
	fill_all(pod);
	return pod_inflate(pod, 0, REGION / 2) ? "cannot inflate" : NULL;
}

static const char *rest_is_kept(struct pod *pod)
{
	if (nonzero(pod->mem, REGION / 2) != -1)
		return "what was given is not zero";
	if (!is_kept(pod, 0, REGION / 2) || !is_kept(pod, 1, 0))
		return "memory has changed";
	return pod->mem[8 * MiB] == 1 ? NULL : "the touch is lost";
}

SEQUENCE(demote_by_touch, "a touch that has to demote",
	 .policy = KVM_POD_POLICY_WAIT, .prepare = fill_and_give,
	 .run = touch_beyond, .check = rest_is_kept,
	 .flags = SEQ_NEVER_FAILS | SEQ_HINT);

/* No 2 MiB mapping fits: page tables for all. */
static long touch_unaligned(struct pod *pod)
{
	return -try_write(pod->mem + PAGE, 1);
}

static const char *map_elsewhere(struct pod *pod)
{
	void *reserved;
	u8 *mem = map_unaligned(pod->fd, pod->size, RW, &reserved);

	if (!mem)
		return "cannot map";
	munmap(pod->mem, pod->size);
	pod->mem = mem;
	return NULL;
}

static const char *only_second_page(struct pod *pod)
{
	return pod->mem[PAGE] == 1 && nonzero(pod->mem, PAGE) == -1 &&
	       nonzero(pod->mem + PAGE + 8, REGION) == -1 ? NULL :
	       "wrong content";
}

SEQUENCE(touch_by_pte, "touch without 2 MiB mappings",
	 .prepare = map_elsewhere, .run = touch_unaligned,
	 .check = only_second_page, .flags = SEQ_NEVER_FAILS);

TEST_HARNESS_MAIN
