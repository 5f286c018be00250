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

static const char *first_is_zero(struct pod *pod)
{
	if (nonzero(pod->mem, REGION) != -1)
		return "what was discarded is not zero";
	return is_kept(pod, 1, 0) ? NULL : "more was discarded";
}

static long query(struct pod *pod)
{
	struct kvm_pod_query q;

	return pod_query(pod, &q);
}

SEQUENCE(call_query, "query", .run = query);

/* What could be taken stays and is reported. */
static long raise_target(struct pod *pod)
{
	u64 out = 0;
	int ret = pod_set_target(pod, 16 * MiB, &out);

	if (ret == -ENOMEM && out != POD_GET(pod, target))
		return -EPROTO;
	return ret;
}

SEQUENCE(call_raise, "raise the target", .prepare = fill_two,
	 .run = raise_target, .check = still_two, .flags = SEQ_PARTIAL);

static long raise_by_pages(struct pod *pod)
{
	return pod_set_target(pod, 8 * MiB + 9 * PAGE, NULL);
}

SEQUENCE(call_raise_by_pages, "raise the target by pages",
	 .run = raise_by_pages, .flags = SEQ_PARTIAL);

static long lower(struct pod *pod)
{
	return pod_set_target(pod, 6 * MiB, NULL);
}

SEQUENCE(call_lower, "lower the target", .prepare = fill_two, .run = lower,
	 .check = still_two);

static long set_policy(struct pod *pod)
{
	return pod_set_overdraft(pod, KVM_POD_POLICY_WAIT, MiB);
}

SEQUENCE(call_policy, "set the policy", .policy = KVM_POD_POLICY_FAIL,
	 .run = set_policy);

static long give_block(struct pod *pod)
{
	return pod_inflate(pod, 0, REGION);
}

SEQUENCE(give_a_block, "give a block", .prepare = fill_two, .run = give_block,
	 .check = first_is_zero);

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
	       is_kept(pod, 0, 384 * PAGE) ? NULL :
	       "what was given is not zero, or the rest has changed";
}

SEQUENCE(give_a_part, "give a part of a block", .prepare = fill_two,
	 .run = give_part, .check = part_is_zero, .flags = SEQ_HINT);

SEQUENCE(give_of_a_hole, "give a part of a hole", .run = give_part,
	 .flags = SEQ_HINT);

static long give_hole(struct pod *pod)
{
	return pod_inflate(pod, 0, 4 * MiB);
}

SEQUENCE(give_holes, "give holes", .run = give_hole);

/* The last page of a block that was given page by page: it leaves as one. */
static const char *all_but_one_given(struct pod *pod)
{
	fill_two(pod);
	return pod_inflate(pod, 0, REGION - PAGE) ? "cannot inflate" : NULL;
}

static long give_last(struct pod *pod)
{
	return pod_inflate(pod, REGION - PAGE, PAGE);
}

SEQUENCE(give_the_last_page, "give the last page of a block",
	 .prepare = all_but_one_given, .run = give_last,
	 .check = first_is_zero, .flags = SEQ_HINT);

static const char *given_part(struct pod *pod)
{
	fill_two(pod);
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

SEQUENCE(take_all_back, "deflate", .prepare = given_part, .run = take_back,
	 .check = part_is_zero, .flags = SEQ_HINT);

static long reset(struct pod *pod)
{
	return pod_balloon_reset(pod);
}

SEQUENCE(reset_balloon, "reset the balloon", .prepare = given_part,
	 .run = reset, .check = part_is_zero);

static long punch_block(struct pod *pod)
{
	return pod_punch(pod, 0, REGION);
}

SEQUENCE(punch_a_block, "punch a block", .prepare = fill_two,
	 .run = punch_block, .check = first_is_zero, .flags = SEQ_NEVER_FAILS);

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

SEQUENCE(punch_bytes, "punch across blocks", .prepare = fill_two,
	 .run = punch_across, .check = is_punched_across,
	 .flags = SEQ_NEVER_FAILS | SEQ_HINT);

/* Page by page, until the block is wholly marked and leaves. */
static long punch_pages(struct pod *pod)
{
	long ret = 0;
	u64 at;

	for (at = 0; at < REGION && !ret; at += 64 * PAGE)
		ret = pod_punch(pod, at, 64 * PAGE);
	return ret;
}

SEQUENCE(punch_by_pages, "punch a block by parts", .prepare = fill_two,
	 .run = punch_pages, .check = first_is_zero,
	 .flags = SEQ_NEVER_FAILS | SEQ_HINT);

static long advise(struct pod *pod)
{
	return -posix_fadvise(pod->fd, 0, 8 * MiB + PAGE,
			      POSIX_FADV_WILLNEED);
}

SEQUENCE(fadvise_willneed, "fadvise", .prepare = given_part, .run = advise,
	 .check = part_is_zero, .flags = SEQ_NEVER_FAILS | SEQ_HINT);

/* A block of zeroes, one with data, and single pages. */
static const char *make_zeroes(struct pod *pod)
{
	fill_two(pod);
	memset(pod->mem, 0, REGION);
	if (pod_inflate(pod, 4 * MiB, PAGE))
		return "cannot inflate";
	memset(pod->mem + 4 * MiB, 0, 20 * PAGE);
	return NULL;
}

static long sweep(struct pod *pod)
{
	return pod_sweep(pod, 0, 0, 0, NULL);
}

SEQUENCE(sweep_zeroes, "sweep", .prepare = make_zeroes, .run = sweep,
	 .check = first_is_zero, .flags = SEQ_HINT);

/* Three quarters of the block hold something. */
static const char *make_quarter(struct pod *pod)
{
	fill_two(pod);
	memset(pod->mem, 0, REGION / 4);
	return NULL;
}

static const char *quarter_is_kept(struct pod *pod)
{
	return nonzero(pod->mem, REGION / 4) == -1 &&
	       is_kept(pod, 0, REGION / 4) ? NULL : "memory has changed";
}

static long sweep_demote(struct pod *pod)
{
	return pod_sweep(pod, 0, 0, KVM_POD_SWEEP_DEMOTE, NULL);
}

SEQUENCE(sweep_and_demote, "sweep and demote", .prepare = make_quarter,
	 .run = sweep_demote, .check = quarter_is_kept, .flags = SEQ_HINT);

static long seek(struct pod *pod)
{
	return lseek(pod->fd, 0, SEEK_HOLE) < 0 ? -errno : 0;
}

SEQUENCE(seek_hole, "lseek", .prepare = fill_two, .run = seek,
	 .flags = SEQ_NEVER_FAILS);

TEST_HARNESS_MAIN
