// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policy "wait", for a thread that stores: it sleeps until there is memory,
 * it can be killed and signalled meanwhile, and nothing is lost.
 *
 * The overdraft is off, so that the first page beyond the target waits.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/uio.h>

#include "pod_test.h"
#include "touch.h"

#define SIZE		(32 * MiB)
#define TARGET		(8 * MiB)
#define NR_JOBS		8

/* Longer than any slice of a wait. */
#define A_WHILE_MS	300

FIXTURE(exhausted) {
	struct pod pod;
	struct job job;
	u8 *hole;
};

/* All of the target is in use, and @hole is the next that is wanted. */
FIXTURE_SETUP(exhausted)
{
	struct kvm_pod_create args = pod_create_args(SIZE, TARGET);

	args.policy = KVM_POD_POLICY_WAIT;
	ASSERT_GOOD(pod_begin_with(&self->pod, &args));
	ASSERT_EQ(0, pod_set_overdraft(&self->pod, KVM_POD_POLICY_WAIT, 0));
	fill(self->pod.mem, TARGET, 1);
	self->hole = self->pod.mem + TARGET;
	count_signals();
}

FIXTURE_TEARDOWN(exhausted)
{
	ASSERT_GOOD(pod_finish(&self->pod));
}

static bool is_waiting(const struct pod *pod, u64 nr)
{
	return POD_WAIT(POD_GET(pod, waiting) == nr);
}

static void start(struct __test_metadata *_metadata,
		  FIXTURE_DATA(exhausted) *self)
{
	job_start(&self->job, touch, self->hole);
	ASSERT_TRUE(is_waiting(&self->pod, 1));
	pod_sleep_ms(A_WHILE_MS);
	ASSERT_FALSE(job_done(&self->job));
}

/* It went on, its byte is there, and all others are as they were. */
static void check_end(struct __test_metadata *_metadata,
		      FIXTURE_DATA(exhausted) *self, u64 intact_from)
{
	ASSERT_TRUE(job_wait(&self->job));
	EXPECT_EQ(0, self->job.result);
	EXPECT_EQ(1, *self->hole);
	EXPECT_EQ(-1, nonzero(self->hole + 8, PAGE - 8));
	if (!intact_from) {
		EXPECT_EQ(-1, mismatch(self->pod.mem, TARGET, 1));
	}
	EXPECT_TRUE(is_waiting(&self->pod, 0));
	EXPECT_GE(POD_GET(&self->pod, target), POD_GET(&self->pod, owned));
}

TEST_F(exhausted, is_counted)
{
	long long waits = pod_attr(&self->pod, "waits");
	long long exhausted = pod_attr(&self->pod, "exhausted");

	start(_metadata, self);
	EXPECT_LT(waits, pod_attr(&self->pod, "waits"));
	EXPECT_LT(exhausted, pod_attr(&self->pod, "exhausted"));
	EXPECT_EQ(TARGET, POD_GET(&self->pod, owned));
	ASSERT_EQ(0, pod_set_target(&self->pod, TARGET + REGION, NULL));
	check_end(_metadata, self, 0);
}

TEST_F(exhausted, raise_of_the_target_wakes)
{
	start(_metadata, self);
	ASSERT_EQ(0, pod_set_target(&self->pod, TARGET + REGION, NULL));
	check_end(_metadata, self, 0);
	EXPECT_EQ(TARGET + REGION, pmd_mapped(self->pod.mem, SIZE));
}

TEST_F(exhausted, raise_by_one_page_wakes)
{
	start(_metadata, self);
	ASSERT_EQ(0, pod_set_target(&self->pod, TARGET + PAGE, NULL));
	check_end(_metadata, self, 0);
	EXPECT_EQ(TARGET + PAGE, POD_GET(&self->pod, populated));
}

TEST_F(exhausted, raise_by_sysfs_wakes)
{
	start(_metadata, self);
	ASSERT_EQ(0, pod_attr_write(&self->pod, "target", "10485760"));
	check_end(_metadata, self, 0);
}

TEST_F(exhausted, discard_wakes)
{
	start(_metadata, self);
	ASSERT_EQ(0, pod_punch(&self->pod, REGION, REGION));
	check_end(_metadata, self, 1);
	EXPECT_EQ(-1, nonzero(self->pod.mem + REGION, REGION));
	EXPECT_EQ(TARGET, POD_GET(&self->pod, owned));
}

/* A single page of a block: the block must be taken apart for it. */
TEST_F(exhausted, discard_of_a_page_wakes)
{
	start(_metadata, self);
	ASSERT_EQ(0, pod_punch(&self->pod, 5 * PAGE, PAGE));
	check_end(_metadata, self, 1);
	EXPECT_EQ(TARGET, POD_GET(&self->pod, populated));
}

TEST_F(exhausted, inflation_wakes)
{
	start(_metadata, self);
	ASSERT_EQ(0, pod_inflate(&self->pod, 0, REGION));
	check_end(_metadata, self, 1);
	EXPECT_EQ(REGION, POD_GET(&self->pod, given));
}

TEST_F(exhausted, sweep_wakes)
{
	struct kvm_pod_sweep s;

	start(_metadata, self);
	memset(self->pod.mem + REGION, 0, REGION);
	ASSERT_EQ(0, pod_sweep(&self->pod, 0, 0, 0, &s));
	check_end(_metadata, self, 1);
	EXPECT_EQ(-1, nonzero(self->pod.mem + REGION, REGION));
}

/* Nobody says that there are zeroes now: who waits must look again. */
TEST_F(exhausted, zeroes_are_found)
{
	start(_metadata, self);
	memset(self->pod.mem + REGION, 0, REGION);
	check_end(_metadata, self, 1);
	EXPECT_LT(0, pod_attr(&self->pod, "sweep_reclaimed"));
}

/* And that they are scattered: only demotion helps. */
TEST_F(exhausted, scattered_zeroes_are_found)
{
	u64 at;

	start(_metadata, self);
	for (at = 0; at < REGION; at += 2 * PAGE)
		memset(self->pod.mem + at, 0, PAGE);
	check_end(_metadata, self, 1);
	EXPECT_LT(0, pod_attr(&self->pod, "demoted"));
	for (at = 0; at < REGION; at += 2 * PAGE)
		EXPECT_EQ(-1, nonzero(self->pod.mem + at, PAGE));
}

/* Released by the last reader of the pipe, with nobody to tell the pod. */
TEST_F(exhausted, end_of_a_reference_wakes)
{
	struct iovec iov = { self->pod.mem, PAGE };
	int fds[2];

	ASSERT_EQ(0, pipe(fds));
	ASSERT_EQ(PAGE, vmsplice(fds[1], &iov, 1, 0));
	ASSERT_EQ(0, pod_punch(&self->pod, 0, REGION));
	start(_metadata, self);
	close(fds[0]);
	close(fds[1]);
	check_end(_metadata, self, 1);
}

TEST_F(exhausted, signal_is_handled)
{
	start(_metadata, self);
	job_signal(&self->job);
	EXPECT_TRUE(POD_WAIT(signals_seen() == 1));
	pod_sleep_ms(A_WHILE_MS);
	EXPECT_FALSE(job_done(&self->job));
	ASSERT_EQ(0, pod_set_target(&self->pod, TARGET + REGION, NULL));
	check_end(_metadata, self, 0);
}

/* It sleeps; many slices, each soon over, would be another way to spin. */
TEST_F(exhausted, costs_no_cpu)
{
	long before;

	start(_metadata, self);
	before = job_cpu_ms(&self->job);
	pod_sleep_ms(1500);
	EXPECT_GT(400, job_cpu_ms(&self->job) - before) {
		TH_LOG("%ld ms", job_cpu_ms(&self->job) - before);
	}
	ASSERT_EQ(0, pod_set_target(&self->pod, TARGET + REGION, NULL));
	check_end(_metadata, self, 0);
}

/* Others find their memory, read the holes, and punch, meanwhile. */
TEST_F(exhausted, others_go_on)
{
	u8 *mem = self->pod.mem;

	start(_metadata, self);
	EXPECT_EQ(0, try_write(mem, 2));
	EXPECT_EQ(-1, nonzero(mem + 16 * MiB, SIZE - 16 * MiB));
	EXPECT_EQ(0, madvise(mem, TARGET, MADV_DONTNEED));
	EXPECT_EQ(2, mem[0]);
	mem = mmap(NULL, MiB, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, mem);
	memset(mem, 1, MiB);
	EXPECT_EQ(0, munmap(mem, MiB));
	EXPECT_FALSE(job_done(&self->job));
	ASSERT_EQ(0, pod_punch(&self->pod, 0, REGION));
	check_end(_metadata, self, 1);
}

/* What comes is shared out: each gets one page, and nobody is forgotten. */
TEST_F(exhausted, several)
{
	struct job jobs[NR_JOBS];
	u64 target = TARGET;
	int i;

	for (i = 0; i < NR_JOBS; i++)
		job_start(&jobs[i], touch, self->hole + i * REGION);
	ASSERT_TRUE(is_waiting(&self->pod, NR_JOBS));
	for (i = 0; i < NR_JOBS; i++) {
		target += PAGE;
		ASSERT_EQ(0, pod_set_target(&self->pod, target, NULL));
		ASSERT_TRUE(POD_WAIT(POD_GET(&self->pod, populated) == target));
	}
	for (i = 0; i < NR_JOBS; i++) {
		ASSERT_TRUE(job_wait(&jobs[i]));
		EXPECT_EQ(0, jobs[i].result);
		EXPECT_EQ(1, self->hole[i * REGION]);
	}
	EXPECT_EQ(-1, mismatch(self->pod.mem, TARGET, 1));
}

TEST_F(exhausted, all_at_once)
{
	struct job jobs[NR_JOBS];
	int i;

	for (i = 0; i < NR_JOBS; i++)
		job_start(&jobs[i], touch, self->hole + i * REGION);
	ASSERT_TRUE(is_waiting(&self->pod, NR_JOBS));
	ASSERT_EQ(0, pod_set_target(&self->pod, SIZE, NULL));
	for (i = 0; i < NR_JOBS; i++) {
		ASSERT_TRUE(job_wait(&jobs[i]));
		EXPECT_EQ(0, jobs[i].result);
	}
	EXPECT_EQ(-1, mismatch(self->pod.mem, TARGET, 1));
}

/* The policy counts for touches that wait already. */
TEST_F(exhausted, policy_fail_ends_it)
{
	start(_metadata, self);
	ASSERT_EQ(0, pod_set_policy(&self->pod, KVM_POD_POLICY_FAIL));
	ASSERT_TRUE(job_wait(&self->job));
	EXPECT_EQ(SIGBUS, self->job.result);
	EXPECT_EQ(-1, mismatch(self->pod.mem, TARGET, 1));
	EXPECT_EQ(TARGET, POD_GET(&self->pod, owned));
	EXPECT_TRUE(is_waiting(&self->pod, 0));
}

TEST_F(exhausted, policy_fail_by_sysfs_ends_it)
{
	start(_metadata, self);
	ASSERT_EQ(0, pod_attr_write(&self->pod, "policy", "fail"));
	ASSERT_TRUE(job_wait(&self->job));
	EXPECT_EQ(SIGBUS, self->job.result);
}

TEST_F(exhausted, policy_grow_ends_it)
{
	start(_metadata, self);
	ASSERT_EQ(0, pod_set_policy(&self->pod, KVM_POD_POLICY_GROW));
	ASSERT_TRUE(job_wait(&self->job));
	EXPECT_EQ(0, self->job.result);
	EXPECT_LE(PAGE, POD_GET(&self->pod, overdraft));
	EXPECT_EQ(TARGET + POD_GET(&self->pod, overdraft),
		  POD_GET(&self->pod, owned));
}

TEST_F(exhausted, overdraft_ends_it)
{
	start(_metadata, self);
	ASSERT_EQ(0, pod_set_overdraft(&self->pod, KVM_POD_POLICY_WAIT,
				       4 * PAGE));
	ASSERT_TRUE(job_wait(&self->job));
	EXPECT_EQ(0, self->job.result);
	EXPECT_EQ(PAGE, POD_GET(&self->pod, overdraft));
	EXPECT_EQ(TARGET + PAGE, POD_GET(&self->pod, owned));
}

TEST_F(exhausted, policy_by_sysfs_and_back)
{
	EXPECT_EQ(0, pod_attr_write(&self->pod, "policy", "fail"));
	EXPECT_EQ(SIGBUS, try_write(self->hole, 1));
	EXPECT_EQ(0, pod_attr_write(&self->pod, "policy", "wait"));
	start(_metadata, self);
	ASSERT_EQ(0, pod_set_target(&self->pod, TARGET + REGION, NULL));
	check_end(_metadata, self, 0);
}

TEST_HARNESS_MAIN
