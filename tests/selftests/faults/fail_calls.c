// SPDX-License-Identifier: GPL-2.0-only
/*
 * The calls on a pod file, each fault of theirs in turn.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include "pod_test.h"
#include "sequence.h"

SEQUENCE_FIXTURE

#define TAG	7

static const char *fill_two(struct pod *pod)
{
	fill(pod->mem, 2 * REGION, TAG);
	return NULL;
}

static const char *still_two(struct pod *pod)
{
	return mismatch(pod->mem, 2 * REGION, TAG) == -1 ? NULL :
	       "memory has changed";
}

static const char *first_is_zero(struct pod *pod)
{
	if (nonzero(pod->mem, REGION) != -1)
		return "what was discarded is not zero";
	return mismatch(pod->mem + REGION, REGION, TAG + 1) == -1 ? NULL :
	       "more was discarded";
}

/* Two regions, to tell them apart. */
static const char *fill_each(struct pod *pod)
{
	fill(pod->mem, REGION, TAG);
	fill(pod->mem + REGION, REGION, TAG + 1);
	return NULL;
}

static long query(struct pod *pod)
{
	struct kvm_pod_query q;

	return pod_query(pod, &q);
}

static const struct sequence call_query = {
	.name = "query", .run = query,
};

SEQUENCE_TEST(call_query)

/* What could be taken stays and is reported. */
static long raise_target(struct pod *pod)
{
	u64 out = 0;
	int ret = pod_set_target(pod, 16 * MiB, &out);

	if (ret == -ENOMEM && out != POD_GET(pod, target))
		return -EPROTO;
	return ret;
}

static const struct sequence call_raise = {
	.name = "raise the target", .prepare = fill_two, .run = raise_target,
	.check = still_two, .flags = SEQ_PARTIAL,
};

SEQUENCE_TEST(call_raise)

static long raise_by_pages(struct pod *pod)
{
	return pod_set_target(pod, 8 * MiB + 9 * PAGE, NULL);
}

static const struct sequence call_raise_by_pages = {
	.name = "raise the target by pages", .run = raise_by_pages,
	.flags = SEQ_PARTIAL,
};

SEQUENCE_TEST(call_raise_by_pages)

static long lower(struct pod *pod)
{
	return pod_set_target(pod, 6 * MiB, NULL);
}

static const struct sequence call_lower = {
	.name = "lower the target", .prepare = fill_two, .run = lower,
	.check = still_two,
};

SEQUENCE_TEST(call_lower)

static long set_policy(struct pod *pod)
{
	return pod_set_overdraft(pod, KVM_POD_POLICY_WAIT, MiB);
}

static const struct sequence call_policy = {
	.name = "set the policy", .policy = KVM_POD_POLICY_FAIL,
	.run = set_policy,
};

SEQUENCE_TEST(call_policy)

static long give_block(struct pod *pod)
{
	return pod_inflate(pod, 0, REGION);
}

static const struct sequence give_a_block = {
	.name = "give a block", .prepare = fill_each, .run = give_block,
	.check = first_is_zero,
};

SEQUENCE_TEST(give_a_block)

/* Marks need memory, but are a hint. */
static long give_part(struct pod *pod)
{
	struct kvm_pod_range ranges[] = {
		{ 0, 256 * PAGE }, { 256 * PAGE, 128 * PAGE },
	};

	return pod_balloon(pod, KVM_POD_BALLOON_INFLATE, ranges, 2);
}

static const char *part_is_zero(struct pod *pod)
{
	return nonzero(pod->mem, 384 * PAGE) == -1 &&
	       nonzero(pod->mem + 384 * PAGE, PAGE) != -1 ? NULL :
	       "what was given is not zero, or the rest is";
}

static const struct sequence give_a_part = {
	.name = "give a part of a block", .prepare = fill_each,
	.run = give_part, .check = part_is_zero,
	.flags = SEQ_HINT,
};

SEQUENCE_TEST(give_a_part)

static const struct sequence give_of_a_hole = {
	.name = "give a part of a hole", .run = give_part,
	.flags = SEQ_HINT,
};

SEQUENCE_TEST(give_of_a_hole)

static long give_hole(struct pod *pod)
{
	return pod_inflate(pod, 0, 4 * MiB);
}

static const struct sequence give_holes = {
	.name = "give holes", .run = give_hole,
};

SEQUENCE_TEST(give_holes)

/* The last page of a block that was given page by page: it leaves as one. */
static const char *all_but_one_given(struct pod *pod)
{
	fill_each(pod);
	return pod_inflate(pod, 0, REGION - PAGE) ? "cannot inflate" : NULL;
}

static long give_last(struct pod *pod)
{
	return pod_inflate(pod, REGION - PAGE, PAGE);
}

static const struct sequence give_the_last_page = {
	.name = "give the last page of a block", .prepare = all_but_one_given,
	.run = give_last, .check = first_is_zero,
	.flags = SEQ_HINT,
};

SEQUENCE_TEST(give_the_last_page)

static const char *given_part(struct pod *pod)
{
	fill_each(pod);
	return give_part(pod) || pod_inflate(pod, 8 * MiB, 4 * PAGE) ||
	       pod_inflate(pod, 4 * MiB, REGION) ? "cannot inflate" : NULL;
}

static long take_back(struct pod *pod)
{
	struct kvm_pod_range ranges[] = {
		{ 0, REGION }, { 4 * MiB, PAGE }, { 8 * MiB, 2 * PAGE },
	};

	return pod_balloon(pod, KVM_POD_BALLOON_DEFLATE, ranges, 3);
}

static const struct sequence take_all_back = {
	.name = "deflate", .prepare = given_part, .run = take_back,
	.check = part_is_zero, .flags = SEQ_HINT,
};

SEQUENCE_TEST(take_all_back)

static long reset(struct pod *pod)
{
	return pod_balloon_reset(pod);
}

static const struct sequence reset_balloon = {
	.name = "reset the balloon", .prepare = given_part, .run = reset,
	.check = part_is_zero,
};

SEQUENCE_TEST(reset_balloon)

static long punch_block(struct pod *pod)
{
	return pod_punch(pod, 0, REGION);
}

static const struct sequence punch_a_block = {
	.name = "punch a block", .prepare = fill_each, .run = punch_block,
	.check = first_is_zero, .flags = SEQ_NEVER_FAILS,
};

SEQUENCE_TEST(punch_a_block)

/* Bytes at both ends, pages of two regions between them. */
static long punch_across(struct pod *pod)
{
	return pod_punch(pod, REGION - 5 * PAGE - 100, 9 * PAGE + 200);
}

static const char *is_punched_across(struct pod *pod)
{
	u8 *at = pod->mem + REGION - 5 * PAGE;

	return nonzero(at - 96, 9 * PAGE + 96) == -1 && at[-104] ? NULL :
	       "not the right bytes were punched";
}

static const struct sequence punch_bytes = {
	.name = "punch across blocks", .prepare = fill_each,
	.run = punch_across, .check = is_punched_across,
	.flags = SEQ_NEVER_FAILS | SEQ_HINT,
};

SEQUENCE_TEST(punch_bytes)

/* Page by page, until the block is wholly marked and leaves. */
static long punch_pages(struct pod *pod)
{
	long ret = 0;
	u64 at;

	for (at = 0; at < REGION && !ret; at += 64 * PAGE)
		ret = pod_punch(pod, at, 64 * PAGE);
	return ret;
}

static const struct sequence punch_by_pages = {
	.name = "punch a block by parts", .prepare = fill_each,
	.run = punch_pages, .check = first_is_zero,
	.flags = SEQ_NEVER_FAILS | SEQ_HINT,
};

SEQUENCE_TEST(punch_by_pages)

static long advise(struct pod *pod)
{
	return -posix_fadvise(pod->fd, 0, 8 * MiB + PAGE,
			      POSIX_FADV_WILLNEED);
}

static const struct sequence fadvise_willneed = {
	.name = "fadvise", .prepare = given_part, .run = advise,
	.check = part_is_zero, .flags = SEQ_NEVER_FAILS | SEQ_HINT,
};

SEQUENCE_TEST(fadvise_willneed)

/* A block of zeroes, one with data, and single pages. */
static const char *make_zeroes(struct pod *pod)
{
	memset(pod->mem, 0, REGION);
	fill(pod->mem + REGION, REGION, TAG + 1);
	if (pod_inflate(pod, 4 * MiB, PAGE))
		return "cannot inflate";
	memset(pod->mem + 4 * MiB, 0, 20 * PAGE);
	return NULL;
}

static long sweep(struct pod *pod)
{
	return pod_sweep(pod, 0, 0, 0, NULL);
}

static const struct sequence sweep_zeroes = {
	.name = "sweep", .prepare = make_zeroes, .run = sweep,
	.check = first_is_zero, .flags = SEQ_HINT,
};

SEQUENCE_TEST(sweep_zeroes)

/* Three quarters of the block hold something. */
static const char *make_quarter(struct pod *pod)
{
	fill_each(pod);
	memset(pod->mem, 0, REGION / 4);
	return NULL;
}

static const char *quarter_is_kept(struct pod *pod)
{
	u8 *mem = pod->mem;
	static u8 wanted[REGION];

	fill(wanted, REGION, TAG);
	memset(wanted, 0, REGION / 4);
	return memcmp(mem, wanted, REGION) ? "memory has changed" : NULL;
}

static long sweep_demote(struct pod *pod)
{
	return pod_sweep(pod, 0, 0, KVM_POD_SWEEP_DEMOTE, NULL);
}

static const struct sequence sweep_and_demote = {
	.name = "sweep and demote", .prepare = make_quarter,
	.run = sweep_demote, .check = quarter_is_kept,
	.flags = SEQ_HINT,
};

SEQUENCE_TEST(sweep_and_demote)

static long seek(struct pod *pod)
{
	return lseek(pod->fd, 0, SEEK_HOLE) < 0 ? -errno : 0;
}

static const struct sequence seek_hole = {
	.name = "lseek", .prepare = fill_two, .run = seek,
	.flags = SEQ_NEVER_FAILS,
};

SEQUENCE_TEST(seek_hole)

TEST_HARNESS_MAIN
