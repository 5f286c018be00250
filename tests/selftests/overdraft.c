// SPDX-License-Identifier: GPL-2.0-only
/*
 * The overdraft of policy "wait": those who may hold locks that the VMM needs
 * get some pages beyond the target. It is counted, limited, and paid back
 * first.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>

#include "bound.h"
#include "pod_test.h"
#include "touch.h"

#define SIZE		(32 * MiB)
#define TARGET		(8 * MiB)
#define OVERDRAFT_MAX	(2 * MiB)

FIXTURE(full) {
	struct pod pod;
	struct job job;
	struct bound bound;
	u8 *hole;
};

/* All of the target is in use, and @hole is what is wanted next. */
FIXTURE_SETUP(full)
{
	struct kvm_pod_create args = pod_create_args(SIZE, TARGET);

	args.policy = KVM_POD_POLICY_WAIT;
	ASSERT_GOOD(pod_begin_with(&self->pod, &args));
	fill(self->pod.mem, TARGET, 1);
	self->hole = self->pod.mem + TARGET;
	bound_start(&self->bound, &self->pod, OVERDRAFT_MAX);
}

FIXTURE_TEARDOWN(full)
{
	ASSERT_GOOD(bound_stop(&self->bound));
	ASSERT_GOOD(pod_finish(&self->pod));
}

/* Store into @nr pages of the hole. */
static void overdraw(struct __test_metadata *_metadata,
		     FIXTURE_DATA(full) *self, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		ASSERT_EQ(0, try_write(self->hole + i * PAGE, 1));
	ASSERT_EQ(nr * PAGE, POD_GET(&self->pod, overdraft));
	ASSERT_EQ(TARGET + nr * PAGE, POD_GET(&self->pod, owned));
	ASSERT_EQ(0, POD_GET(&self->pod, reserve));
}

static bool is_paid_back(const struct pod *pod, u64 left)
{
	return POD_WAIT(POD_GET(pod, overdraft) == left);
}

TEST_F(full, default_limits)
{
	EXPECT_EQ(OVERDRAFT_MAX, POD_GET(&self->pod, overdraft_max));
	EXPECT_EQ(OVERDRAFT_MAX, pod_attr(&self->pod, "overdraft_max"));
	EXPECT_EQ(0, POD_GET(&self->pod, overdraft));
	EXPECT_EQ(0, POD_GET(&self->pod, waiting));
}

TEST_F(full, page_by_page)
{
	overdraw(_metadata, self, 3);
	EXPECT_EQ(3 * PAGE, pod_attr(&self->pod, "overdraft"));
	EXPECT_EQ(1, self->hole[0]);
	EXPECT_EQ(-1, nonzero(self->hole + 8, PAGE - 8));
	EXPECT_EQ(-1, mismatch(self->pod.mem, TARGET, 1));
}

TEST_F(full, up_to_the_limit)
{
	u8 *next = self->hole + OVERDRAFT_MAX;

	overdraw(_metadata, self, OVERDRAFT_MAX / PAGE);
	job_start(&self->job, touch, next);
	EXPECT_TRUE(POD_WAIT(POD_GET(&self->pod, waiting) == 1));
	pod_sleep_ms(300);
	EXPECT_FALSE(job_done(&self->job));
	EXPECT_EQ(TARGET + OVERDRAFT_MAX, POD_GET(&self->pod, owned));
	ASSERT_EQ(0, pod_set_target(&self->pod,
				    TARGET + OVERDRAFT_MAX + PAGE, NULL));
	ASSERT_TRUE(job_wait(&self->job));
	EXPECT_EQ(0, self->job.result);
	EXPECT_EQ(0, POD_GET(&self->pod, overdraft));
}

/* What comes back pays the debt before anybody else gets it. */
TEST_F(full, discard_pays_it_back)
{
	overdraw(_metadata, self, 16);
	ASSERT_EQ(0, pod_punch(&self->pod, TARGET, 4 * PAGE));
	EXPECT_TRUE(is_paid_back(&self->pod, 12 * PAGE));
	EXPECT_EQ(TARGET + 12 * PAGE, POD_GET(&self->pod, owned));
	EXPECT_EQ(0, POD_GET(&self->pod, reserve));
	ASSERT_EQ(0, pod_punch(&self->pod, TARGET, 16 * PAGE));
	EXPECT_TRUE(is_paid_back(&self->pod, 0));
	EXPECT_EQ(TARGET, POD_GET(&self->pod, owned));
}

/* A block is more than the debt: the rest is reserve. */
TEST_F(full, discard_of_a_block_pays_it_back)
{
	overdraw(_metadata, self, 16);
	ASSERT_EQ(0, pod_punch(&self->pod, 0, REGION));
	EXPECT_TRUE(is_paid_back(&self->pod, 0));
	EXPECT_EQ(TARGET, POD_GET(&self->pod, owned));
	EXPECT_EQ(REGION - 16 * PAGE, POD_GET(&self->pod, reserve));
	EXPECT_EQ(-1, nonzero(self->pod.mem, REGION));
}

TEST_F(full, sweep_pays_it_back)
{
	overdraw(_metadata, self, 16);
	memset(self->pod.mem + REGION, 0, REGION);
	ASSERT_EQ(0, pod_sweep(&self->pod, 0, 0, 0, NULL));
	EXPECT_TRUE(is_paid_back(&self->pod, 0));
	EXPECT_EQ(TARGET, POD_GET(&self->pod, owned));
	EXPECT_EQ(REGION - 16 * PAGE, POD_GET(&self->pod, reserve));
}

/* The pages are there already: a higher target makes them regular ones. */
TEST_F(full, raise_of_the_target_absorbs_it)
{
	overdraw(_metadata, self, 16);
	ASSERT_EQ(0, pod_set_target(&self->pod, TARGET + 4 * PAGE, NULL));
	EXPECT_TRUE(is_paid_back(&self->pod, 12 * PAGE));
	EXPECT_EQ(TARGET + 16 * PAGE, POD_GET(&self->pod, owned));
	ASSERT_EQ(0, pod_set_target(&self->pod, TARGET + REGION, NULL));
	EXPECT_TRUE(is_paid_back(&self->pod, 0));
	EXPECT_EQ(TARGET + REGION, POD_GET(&self->pod, owned));
	EXPECT_EQ(REGION - 16 * PAGE, POD_GET(&self->pod, reserve));
}

/* A lower limit: nothing more is lent, what was lent goes as it comes free. */
TEST_F(full, lowered_limit)
{
	overdraw(_metadata, self, 16);
	ASSERT_EQ(0, pod_set_overdraft(&self->pod, KVM_POD_POLICY_WAIT,
				       4 * PAGE));
	EXPECT_EQ(16 * PAGE, POD_GET(&self->pod, overdraft));
	job_start(&self->job, touch, self->hole + 16 * PAGE);
	EXPECT_TRUE(POD_WAIT(POD_GET(&self->pod, waiting) == 1));
	ASSERT_EQ(0, pod_punch(&self->pod, TARGET, 13 * PAGE));
	ASSERT_TRUE(job_wait(&self->job));
	EXPECT_EQ(0, self->job.result);
	EXPECT_GE(4 * PAGE, POD_GET(&self->pod, overdraft));
}

TEST_F(full, none_at_all)
{
	ASSERT_EQ(0, pod_attr_write(&self->pod, "overdraft_max", "0"));
	job_start(&self->job, touch, self->hole);
	EXPECT_TRUE(POD_WAIT(POD_GET(&self->pod, waiting) == 1));
	pod_sleep_ms(300);
	EXPECT_FALSE(job_done(&self->job));
	EXPECT_EQ(TARGET, POD_GET(&self->pod, owned));
	ASSERT_EQ(0, pod_punch(&self->pod, 0, REGION));
	ASSERT_TRUE(job_wait(&self->job));
}

TEST_F(full, none_under_policy_fail)
{
	ASSERT_EQ(0, pod_set_policy(&self->pod, KVM_POD_POLICY_FAIL));
	EXPECT_EQ(SIGBUS, try_write(self->hole, 1));
	EXPECT_EQ(0, POD_GET(&self->pod, overdraft));
	EXPECT_EQ(TARGET, POD_GET(&self->pod, owned));
}

/* What was lent under "wait" is still owed under "fail". */
TEST_F(full, is_owed_under_policy_fail)
{
	overdraw(_metadata, self, 16);
	ASSERT_EQ(0, pod_set_policy(&self->pod, KVM_POD_POLICY_FAIL));
	EXPECT_EQ(SIGBUS, try_write(self->hole + 16 * PAGE, 1));
	EXPECT_EQ(16 * PAGE, POD_GET(&self->pod, overdraft));
	ASSERT_EQ(0, pod_punch(&self->pod, 0, REGION));
	EXPECT_TRUE(is_paid_back(&self->pod, 0));
}

/* For the kernel's copies as for stores: a system call must not hang. */
TEST_F(full, for_a_system_call)
{
	int file = memfd_create("file", MFD_CLOEXEC);

	ASSERT_LE(0, file);
	ASSERT_EQ(8 * PAGE, pwrite(file, self->pod.mem, 8 * PAGE, 0));
	EXPECT_EQ(8 * PAGE, pread(file, self->hole, 8 * PAGE, 0));
	EXPECT_EQ(-1, mismatch(self->hole, 8 * PAGE, 1));
	EXPECT_EQ(8 * PAGE, POD_GET(&self->pod, overdraft));
	close(file);
}

TEST_F(full, for_write_to_the_file)
{
	EXPECT_EQ(8 * PAGE, pwrite(self->pod.fd, self->pod.mem, 8 * PAGE,
				   TARGET));
	EXPECT_EQ(-1, mismatch(self->hole, 8 * PAGE, 1));
	EXPECT_EQ(8 * PAGE, POD_GET(&self->pod, overdraft));
}

/* The debt is paid before the rest leaves that a lowered target frees. */
TEST_F(full, with_a_lowered_target)
{
	overdraw(_metadata, self, 16);
	ASSERT_EQ(0, pod_set_target(&self->pod, TARGET - REGION, NULL));
	ASSERT_EQ(0, pod_inflate(&self->pod, 0, 2 * REGION));
	ASSERT_EQ(0, pod_inflate(&self->pod, TARGET + REGION,
				 SIZE - TARGET - REGION));
	EXPECT_TRUE(is_paid_back(&self->pod, 0));
	EXPECT_TRUE(POD_WAIT(!POD_GET(&self->pod, to_shrink)));
	EXPECT_GE(TARGET - REGION, POD_GET(&self->pod, owned));
}

/* Many at once: the limit holds at each moment, as the sampler tells. */
TEST_F(full, by_several_threads)
{
	struct job jobs[8];
	unsigned int i, done = 0;

	ASSERT_EQ(0, pod_set_overdraft(&self->pod, KVM_POD_POLICY_WAIT,
				       5 * PAGE));
	for (i = 0; i < 8; i++)
		job_start(&jobs[i], touch, self->hole + i * PAGE);
	EXPECT_TRUE(POD_WAIT(POD_GET(&self->pod, waiting) == 3));
	EXPECT_EQ(5 * PAGE, POD_GET(&self->pod, overdraft));
	for (i = 0; i < 8; i++)
		done += job_done(&jobs[i]);
	EXPECT_EQ(5, done);
	ASSERT_EQ(0, pod_set_target(&self->pod, SIZE, NULL));
	for (i = 0; i < 8; i++)
		ASSERT_TRUE(job_wait(&jobs[i]));
	EXPECT_EQ(5 * PAGE, self->bound.most_overdraft);
}

TEST_HARNESS_MAIN
