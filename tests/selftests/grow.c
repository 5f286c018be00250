// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policy "grow": what the guest wants beyond its target comes from the host,
 * up to a limit. It is shown, it is charged like the rest, it goes back first.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/resource.h>

#include "bound.h"
#include "pod_test.h"
#include "touch.h"

#define SIZE	(32 * MiB)
#define TARGET	(8 * MiB)
#define NOBODY	65534
#define LIMIT	"/sys/module/kvm_pod/parameters/limit_mb"

POD_FIXTURE_POLICY(SIZE, TARGET, KVM_POD_POLICY_GROW)

TEST_F(pod, takes_all_by_default)
{
	struct pod *pod = &self->pod;
	struct bound bound;

	EXPECT_EQ(SIZE - TARGET, POD_GET(pod, grow_max));
	bound_start(&bound, pod, SIZE - TARGET);
	fill(pod->mem, SIZE, 1);
	ASSERT_GOOD(bound_stop(&bound));
	EXPECT_EQ(SIZE - TARGET, POD_GET(pod, overdraft));
	EXPECT_EQ(SIZE - TARGET, pod_attr(pod, "overdraft"));
	EXPECT_EQ(SIZE, POD_GET(pod, owned));
	EXPECT_EQ(TARGET, POD_GET(pod, target));
	EXPECT_EQ(-1, mismatch(pod->mem, SIZE, 1));
}

/* No worse than the rest: in blocks of 2 MiB. */
TEST_F(pod, grows_by_blocks)
{
	fill(self->pod.mem, SIZE, 1);
	EXPECT_EQ(SIZE, pmd_mapped(self->pod.mem, SIZE));
}

TEST_F(pod, up_to_its_limit)
{
	struct pod *pod = &self->pod;
	struct bound bound;
	struct job job;

	ASSERT_EQ(0, pod_set_overdraft(pod, KVM_POD_POLICY_GROW, 0));
	ASSERT_EQ(0, pod_set_grow(pod, KVM_POD_POLICY_GROW, 4 * MiB));
	bound_start(&bound, pod, 4 * MiB);
	fill(pod->mem, TARGET + 4 * MiB, 1);
	job_start(&job, touch, pod->mem + TARGET + 4 * MiB);
	EXPECT_TRUE(POD_WAIT(POD_GET(pod, waiting) == 1));
	pod_sleep_ms(300);
	EXPECT_FALSE(job_done(&job));
	EXPECT_EQ(4 * MiB, POD_GET(pod, overdraft));
	ASSERT_EQ(0, pod_set_grow(pod, KVM_POD_POLICY_GROW, 6 * MiB));
	ASSERT_TRUE(job_wait(&job));
	EXPECT_EQ(0, job.result);
	ASSERT_EQ(0, pod_punch(pod, 0, SIZE));
	bound.limit = 6 * MiB;
	bound_stop(&bound);
	EXPECT_GE(6 * MiB, bound.most_overdraft);
	EXPECT_TRUE(POD_WAIT(POD_GET(pod, owned) == TARGET));
}

TEST_F(pod, pays_back_first)
{
	struct pod *pod = &self->pod;

	fill(pod->mem, TARGET + 4 * MiB, 1);
	ASSERT_EQ(4 * MiB, POD_GET(pod, overdraft));
	ASSERT_EQ(0, pod_punch(pod, 0, REGION));
	EXPECT_TRUE(POD_WAIT(POD_GET(pod, overdraft) == 2 * MiB));
	EXPECT_EQ(TARGET + 2 * MiB, POD_GET(pod, owned));
	EXPECT_EQ(0, POD_GET(pod, reserve));
	ASSERT_EQ(0, pod_inflate(pod, REGION, 2 * REGION));
	EXPECT_TRUE(POD_WAIT(!POD_GET(pod, overdraft)));
	EXPECT_EQ(TARGET, POD_GET(pod, owned));
	EXPECT_EQ(REGION, POD_GET(pod, reserve));
}

/* The guest pays by itself when the policy is "wait" again. */
TEST_F(pod, back_to_wait)
{
	struct pod *pod = &self->pod;
	struct job job;

	fill(pod->mem, TARGET + 8 * MiB, 1);
	ASSERT_EQ(0, pod_set_policy(pod, KVM_POD_POLICY_WAIT));
	EXPECT_EQ(8 * MiB, POD_GET(pod, overdraft));
	job_start(&job, touch, pod->mem + TARGET + 8 * MiB);
	EXPECT_TRUE(POD_WAIT(POD_GET(pod, waiting) == 1));
	ASSERT_EQ(0, pod_punch(pod, 0, 8 * MiB + REGION));
	ASSERT_TRUE(job_wait(&job));
	EXPECT_TRUE(POD_WAIT(POD_GET(pod, overdraft) <= 2 * MiB));
	EXPECT_TRUE(POD_WAIT(POD_GET(pod, owned) <= TARGET + 2 * MiB));
}

/* The module's limit is for all that all pods hold, this too. */
TEST_F(pod, within_the_modules_limit)
{
	struct pod *pod = &self->pod;
	char text[32];
	struct job job;
	long long used;

	ASSERT_EQ(0, pod_set_overdraft(pod, KVM_POD_POLICY_GROW, 0));
	used = pod_class_attr("total_owned") + pod_class_attr("total_float");
	snprintf(text, sizeof(text), "%llu", used / MiB + 4);
	ASSERT_EQ(0, file_write(LIMIT, text));
	fill(pod->mem, TARGET, 1);
	fill(pod->mem + TARGET, 2 * MiB, 2);
	job_start(&job, touch, pod->mem + TARGET + 16 * MiB);
	fill(pod->mem + TARGET + 2 * MiB, MiB, 3);
	ASSERT_EQ(0, file_write(LIMIT, "0"));
	ASSERT_TRUE(job_wait(&job));
	EXPECT_EQ(0, job.result);
	EXPECT_EQ(-1, mismatch(pod->mem, TARGET, 1));
}

/* Children touch one page after the other and count, until they must wait. */
struct shared {
	struct pod pod;
	u64 touched;
};

static int touch_all(void *arg)
{
	struct shared *s = arg;
	struct kvm_pod_create args = pod_create_args(SIZE, TARGET);
	u64 at;

	args.policy = KVM_POD_POLICY_GROW;
	if (ioctl(s->pod.fd, KVM_POD_CREATE, &args) < 0)
		return 1;
	s->pod.fd = args.out_fd;
	s->pod.mem = map_aligned(s->pod.fd, 0, SIZE, PROT_READ | PROT_WRITE);
	for (at = 0; at < SIZE; at += REGION) {
		memset(s->pod.mem + at, 1, REGION);
		s->touched = at + REGION;
	}
	return 0;
}

static pid_t child_as_nobody(struct shared *s)
{
	struct rlimit limit = { 16 * MiB, 16 * MiB };
	pid_t child = fork();

	if (child)
		return child;
	if (setrlimit(RLIMIT_MEMLOCK, &limit) || setgid(NOBODY) || setuid(NOBODY))
		_exit(99);
	_exit(touch_all(s));
}

/* RLIMIT_MEMLOCK of an ordinary user: the growth ends there, by waiting. */
TEST_F(pod, within_memlock)
{
	struct shared *s = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	u64 before;
	pid_t child;
	int status;

	ASSERT_NE(MAP_FAILED, s);
	s->pod.fd = open("/dev/kvm-pod", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, s->pod.fd);
	child = child_as_nobody(s);
	do {
		before = s->touched;
		pod_sleep_ms(1000);
		ASSERT_EQ(0, waitpid(child, &status, WNOHANG)) {
			TH_LOG("status %#x", status);
		}
	} while (!before || before != s->touched);
	EXPECT_LE(TARGET, before);
	EXPECT_GE(18 * MiB, before);
	kill(child, SIGKILL);
	EXPECT_EQ(child, waitpid(child, &status, 0));
}

TEST_HARNESS_MAIN
