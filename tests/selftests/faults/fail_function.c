// SPDX-License-Identifier: GPL-2.0-only
/*
 * Functions of the module that fail, each call of theirs in turn: what fails
 * otherwise only where memory breaks while it is copied, or where another
 * thread comes first. Nothing has changed then, and it is tried again.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>

#include "pod_test.h"
#include "sequence.h"

FIXTURE(functions) {
	int unused;
};

FIXTURE_SETUP(functions)
{
	ASSERT_GOOD(inject_begin(INJECT_FUNCTION));
}

FIXTURE_TEARDOWN(functions)
{
	inject_end();
}

#define FUNCTION_TEST(seq)						\
	TEST_F_TIMEOUT(functions, seq, SEQUENCE_TIMEOUT)		\
	{								\
		ASSERT_GOOD(sequence_run(&seq, INJECT_FUNCTION));	\
	}

#define COPY	"copy_page_of_block"
#define SPLIT	"make_small"

/* Of a block: each copy of one of them is a trial. */
#define DATA	(12 * PAGE)

static const char *data_is_kept(struct pod *pod)
{
	return nonzero(pod->mem, REGION - DATA) == -1 &&
	       is_kept(pod, 0, REGION - DATA) && is_kept(pod, 1, 0) ? NULL :
	       "memory has changed";
}

static const char *fill_little(struct pod *pod)
{
	fill_two(pod);
	memset(pod->mem, 0, REGION - DATA);
	return NULL;
}

/* The call does not tell, but that nothing was reclaimed. */
static long sweep_demote(struct pod *pod)
{
	struct kvm_pod_sweep out;
	int ret = pod_sweep(pod, 0, 0, KVM_POD_SWEEP_DEMOTE, &out);

	return ret ?: out.out_reclaimed ? 0 : -EIO;
}

static const struct sequence copy_by_sweep = {
	.name = "a copy by a sweep", .prepare = fill_little,
	.run = sweep_demote, .check = data_is_kept,
	.function = COPY, .error = EIO,
};

FUNCTION_TEST(copy_by_sweep)

static const char *fill_all_and_give(struct pod *pod)
{
	fill_regions(pod, 4);
	return pod_inflate(pod, 0, REGION - DATA) ? "cannot inflate" : NULL;
}

static long touch_beyond(struct pod *pod)
{
	return -try_write(pod->mem + 8 * MiB, 1);
}

static const char *beyond_is_right(struct pod *pod)
{
	if (pod->mem[8 * MiB] != 1)
		return "the touch is lost";
	return data_is_kept(pod);
}

static const struct sequence copy_by_touch = {
	.name = "a copy by a touch", .policy = KVM_POD_POLICY_WAIT,
	.prepare = fill_all_and_give, .run = touch_beyond,
	.check = beyond_is_right, .function = COPY, .error = EIO,
	.flags = SEQ_NEVER_FAILS,
};

FUNCTION_TEST(copy_by_touch)

/* A pod does not shrink as long as it owes memory. */
static const char *fill_all_and_give_twice(struct pod *pod)
{
	const char *bad = fill_all_and_give(pod);

	if (bad)
		return bad;
	return pod_inflate(pod, 8 * MiB, 8 * MiB) ? "cannot inflate" : NULL;
}

/* A worker copies, later. */
static long lower(struct pod *pod)
{
	int ret = pod_set_target(pod, 7 * MiB, NULL);

	if (ret)
		return ret;
	return POD_WAIT(POD_GET(pod, owned) == 7 * MiB) ? 0 : -ETIMEDOUT;
}

static const struct sequence copy_by_worker = {
	.name = "a copy by the worker", .prepare = fill_all_and_give_twice,
	.run = lower, .check = data_is_kept, .function = COPY, .error = EIO,
	.flags = SEQ_NEVER_FAILS,
};

FUNCTION_TEST(copy_by_worker)

/* What was copied before the failure is in no page that is handed out. */
TEST_F_TIMEOUT(functions, copies_are_cleared, SEQUENCE_TIMEOUT)
{
	u8 *small;
	struct pod pod;
	unsigned int i;

	ASSERT_GOOD(inject_function(COPY, EIO));
	ASSERT_GOOD(pod_begin(&pod, 16 * MiB, 8 * MiB));
	fill_little(&pod);
	inject_arm(DATA / PAGE);
	EXPECT_EQ(-EIO, sweep_demote(&pod));
	ASSERT_TRUE(inject_disarm());
	/* The reserve is blocks: single pages come from the float. */
	ASSERT_EQ(0, pod_inflate(&pod, 8 * MiB, PAGE));
	small = pod.mem + 8 * MiB;
	for (i = 1; i < REGION / PAGE; i++) {
		ASSERT_EQ(0, try_write(small + i * PAGE, 1));
		small[i * PAGE] = 0;
		EXPECT_EQ(-1, nonzero(small + i * PAGE, PAGE));
	}
	EXPECT_EQ(NULL, data_is_kept(&pod));
	ASSERT_GOOD(pod_finish(&pod));
}

static const char *give_block(struct pod *pod)
{
	return pod_inflate(pod, 0, REGION) ? "cannot inflate" : NULL;
}

static const char *first_byte(struct pod *pod)
{
	return pod->mem[0] == 1 && nonzero(pod->mem + 8, REGION - 8) == -1 ?
	       NULL : "wrong content";
}

/* As if the region were a block by now: look again. */
static long touch(struct pod *pod)
{
	return -try_write(pod->mem, 1);
}

static const struct sequence split_by_touch = {
	.name = "a split by a touch", .prepare = give_block, .run = touch,
	.check = first_byte, .function = SPLIT, .error = EAGAIN,
	.flags = SEQ_NEVER_FAILS,
};

FUNCTION_TEST(split_by_touch)

static long write_byte(struct pod *pod)
{
	return pwrite(pod->fd, "\1", 1, 0) == 1 ? 0 : -errno;
}

static const struct sequence split_by_write = {
	.name = "a split by pwrite", .prepare = give_block, .run = write_byte,
	.check = first_byte, .function = SPLIT, .error = EAGAIN,
	.flags = SEQ_NEVER_FAILS,
};

FUNCTION_TEST(split_by_write)

TEST_HARNESS_MAIN
