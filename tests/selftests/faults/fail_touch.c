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
#define TAG	3

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

static const struct sequence touch_2m = {
	.name = "touch 2 MiB", .run = touch_block, .check = first_byte,
	.flags = SEQ_NEVER_FAILS,
};

SEQUENCE_TEST(touch_2m)

/* A region of which a page was given is not a block any more. */
static const char *give_a_page(struct pod *pod)
{
	return pod_inflate(pod, PAGE, PAGE) ? "cannot inflate" : NULL;
}

static const struct sequence touch_4k = {
	.name = "touch 4 KiB", .prepare = give_a_page, .run = touch_block,
	.check = first_byte, .flags = SEQ_NEVER_FAILS,
};

SEQUENCE_TEST(touch_4k)

static const char *give_block(struct pod *pod)
{
	return pod_inflate(pod, 0, REGION) ? "cannot inflate" : NULL;
}

/* Here the touch itself has to take the hole apart. */
static const struct sequence touch_given = {
	.name = "touch what was given", .prepare = give_block,
	.run = touch_block, .check = first_byte, .flags = SEQ_NEVER_FAILS,
};

SEQUENCE_TEST(touch_given)

static long read_hole(struct pod *pod)
{
	return -try_read(pod->mem);
}

static const char *all_zero(struct pod *pod)
{
	return nonzero(pod->mem, REGION) == -1 ? NULL : "not zero";
}

static const struct sequence read_2m = {
	.name = "read a hole", .run = read_hole, .check = all_zero,
	.flags = SEQ_NEVER_FAILS,
};

SEQUENCE_TEST(read_2m)

static const struct sequence read_4k = {
	.name = "read a hole by pages", .prepare = give_a_page,
	.run = read_hole, .check = all_zero, .flags = SEQ_NEVER_FAILS,
};

SEQUENCE_TEST(read_4k)

/* The zero has to go, everywhere. */
static const char *read_first(struct pod *pod)
{
	return try_read(pod->mem) ? "cannot read" : NULL;
}

static const struct sequence write_after_read = {
	.name = "write after read", .prepare = read_first, .run = touch_block,
	.check = first_byte, .flags = SEQ_NEVER_FAILS,
};

SEQUENCE_TEST(write_after_read)

/* With a page table in the way, and its own page of zeroes. */
static const char *read_pages_first(struct pod *pod)
{
	const char *bad = give_a_page(pod);

	return bad ?: read_first(pod);
}

static const struct sequence write_page_after_read = {
	.name = "write a page after read", .prepare = read_pages_first,
	.run = touch_block, .check = first_byte, .flags = SEQ_NEVER_FAILS,
};

SEQUENCE_TEST(write_page_after_read)

static const char *fill_all(struct pod *pod)
{
	fill(pod->mem, 8 * MiB, TAG);
	return NULL;
}

static long touch_beyond(struct pod *pod)
{
	return -try_write(pod->mem + 8 * MiB, 1);
}

static const char *beyond_is_right(struct pod *pod)
{
	if (mismatch(pod->mem, 8 * MiB, TAG) != -1)
		return "memory has changed";
	return pod->mem[8 * MiB] == 1 ? NULL : "the touch is lost";
}

static const struct sequence overdraft = {
	.name = "touch beyond the target", .policy = KVM_POD_POLICY_WAIT,
	.prepare = fill_all, .run = touch_beyond, .check = beyond_is_right,
	.flags = SEQ_NEVER_FAILS,
};

SEQUENCE_TEST(overdraft)

static const struct sequence grow = {
	.name = "grow", .policy = KVM_POD_POLICY_GROW,
	.prepare = fill_all, .run = touch_beyond, .check = beyond_is_right,
	.flags = SEQ_NEVER_FAILS | SEQ_HINT,
};

SEQUENCE_TEST(grow)

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
	if (mismatch(pod->mem, 2 * MiB, TAG) != -1 ||
	    nonzero(pod->mem + 2 * MiB + 8, 4 * MiB - 8) != -1 ||
	    pod->mem[2 * MiB] != 1)
		return "memory has changed";
	return pod->mem[8 * MiB] == 1 ? NULL : "the touch is lost";
}

static const struct sequence sweep_by_touch = {
	.name = "a touch that has to sweep", .policy = KVM_POD_POLICY_WAIT,
	.prepare = fill_with_zeroes, .run = touch_beyond,
	.check = zeroes_are_found, .flags = SEQ_NEVER_FAILS | SEQ_HINT,
};

SEQUENCE_TEST(sweep_by_touch)

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
	if (mismatch(pod->mem + REGION, 6 * MiB, TAG) == -1)
		return "the pattern begins anew";
	return pod->mem[8 * MiB] == 1 ? NULL : "the touch is lost";
}

static const struct sequence demote_by_touch = {
	.name = "a touch that has to demote", .policy = KVM_POD_POLICY_WAIT,
	.prepare = fill_and_give, .run = touch_beyond,
	.check = rest_is_kept, .flags = SEQ_NEVER_FAILS | SEQ_HINT,
};

SEQUENCE_TEST(demote_by_touch)

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

static const struct sequence touch_by_pte = {
	.name = "touch without 2 MiB mappings", .prepare = map_elsewhere,
	.run = touch_unaligned, .flags = SEQ_NEVER_FAILS,
};

SEQUENCE_TEST(touch_by_pte)

TEST_HARNESS_MAIN
