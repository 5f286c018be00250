// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a pod costs, who pays, and what happens when nobody can: host memory,
 * memory cgroup, RLIMIT_MEMLOCK, descriptors.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>

#include "attempt.h"
#include "cgroup.h"
#include "pod_test.h"

#define SIZE	(64 * MiB)
#define NOBODY	65534

/* What other users of the machine may take meanwhile. */
#define SLACK	(24 * MiB)

FIXTURE(limits) {
	int dev;
	long long owned;
};

/* Children may lower the limit as they like, also as another user. */
FIXTURE_SETUP(limits)
{
	struct rlimit limit = { 64 * 1024, RLIM_INFINITY };

	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &limit));
	self->dev = open("/dev/kvm-pod", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->dev);
	self->owned = pod_class_attr("total_owned");
}

FIXTURE_TEARDOWN(limits)
{
	close(self->dev);
	EXPECT_TRUE(POD_WAIT(pod_class_attr("total_owned") == self->owned));
}

/* Nothing is kept and nobody is killed, whatever the answer is. */
static void create_much(struct __test_metadata *_metadata, int dev, u64 size,
			int *error)
{
	long long kills = file_field("/proc/vmstat", "oom_kill");
	long long owned = pod_class_attr("total_owned");
	long long before = available();
	struct attempt a = { dev, size & ~(REGION - 1), size & ~(REGION - 1) };

	ASSERT_LE(0, kills);
	*error = run_child(try_create, &a);
	EXPECT_EQ(kills, file_field("/proc/vmstat", "oom_kill"));
	EXPECT_TRUE(POD_WAIT(pod_class_attr("total_owned") == owned));
	EXPECT_TRUE(POD_WAIT(available() > before - SLACK)) {
		TH_LOG("MemAvailable %lld, before %lld",
		       available(), before);
	}
}

TEST_F_TIMEOUT(limits, more_than_the_host_has, 120)
{
	int error;

	create_much(_metadata, self->dev, meminfo("MemTotal"), &error);
	EXPECT_EQ(ENOMEM, error);
	create_much(_metadata, self->dev, 8ULL << 30, &error);
	EXPECT_EQ(ENOMEM, error);
}

/* As much as the host says it has: too much or just enough. */
TEST_F_TIMEOUT(limits, all_that_is_available, 120)
{
	int error;

	create_much(_metadata, self->dev, meminfo("MemAvailable") - 3 * MiB,
		    &error);
	EXPECT_TRUE(error == 0 || error == ENOMEM);
	create_much(_metadata, self->dev, meminfo("MemFree") - 8 * MiB, &error);
	EXPECT_TRUE(error == 0 || error == ENOMEM);
}

/* A raise stops where the host does, and tells how far it came. */
TEST_F_TIMEOUT(limits, raise_beyond_the_host, 120)
{
	long long kills = file_field("/proc/vmstat", "oom_kill");
	u64 size = (meminfo("MemTotal") * 2) & ~(REGION - 1), out;
	struct pod pod;

	ASSERT_GOOD(pod_begin(&pod, size, SIZE));
	EXPECT_EQ(-ENOMEM, pod_set_target(&pod, size, &out));
	EXPECT_LE(SIZE, out);
	EXPECT_GT(size, out);
	EXPECT_EQ(out, POD_GET(&pod, target));
	EXPECT_EQ(out, POD_GET(&pod, owned));
	EXPECT_EQ(0, pod_inflate(&pod, 0, size));
	EXPECT_EQ(0, pod_set_target(&pod, SIZE, &out));
	EXPECT_EQ(SIZE, out);
	EXPECT_TRUE(POD_WAIT(POD_GET(&pod, owned) == SIZE));
	ASSERT_GOOD(pod_finish(&pod));
	EXPECT_EQ(kills, file_field("/proc/vmstat", "oom_kill"));
}

TEST_F(limits, memory_comes_back)
{
	long long before = meminfo("MemFree"), after;
	struct pod pod;

	ASSERT_GOOD(pod_begin(&pod, SIZE, SIZE));
	fill(pod.mem, pod.size, 1);
	ASSERT_GOOD(pod_finish(&pod));
	POD_WAIT(meminfo("MemFree") > before - SLACK / 2);
	after = meminfo("MemFree");
	EXPECT_LT(before - SLACK / 2, after);
}

TEST_F(limits, memlock_of_an_ordinary_user)
{
	struct attempt a = { self->dev, SIZE, 8 * MiB, 64 * 1024 };

	EXPECT_EQ(ENOMEM, run_as(NOBODY, try_create, &a));
	a.memlock = 64 * MiB;
	EXPECT_EQ(0, run_as(NOBODY, try_create, &a));
	a.target = SIZE;
	a.memlock = SIZE - PAGE;
	EXPECT_EQ(ENOMEM, run_as(NOBODY, try_create, &a));
}

TEST_F(limits, memlock_does_not_bind_root)
{
	struct attempt a = { self->dev, SIZE, 8 * MiB, 64 * 1024 };

	EXPECT_EQ(0, run_child(try_create, &a));
}

/* Two pods of one user share the limit, and a closed one gives it back. */
static int memlock_is_per_user(void *arg)
{
	struct attempt *a = arg;
	struct rlimit limit = { 24 * MiB, 24 * MiB };
	struct kvm_pod_create args;
	int fd, i;

	if (setrlimit(RLIMIT_MEMLOCK, &limit))
		return 98;
	for (i = 0; i < 4; i++) {
		args = pod_create_args(SIZE, 12 * MiB);
		if (ioctl(a->dev, KVM_POD_CREATE, &args) < 0)
			return 1;
		fd = args.out_fd;
		args = pod_create_args(SIZE, 12 * MiB);
		if (!ioctl(a->dev, KVM_POD_CREATE, &args) || errno != ENOMEM)
			return 2;
		close(fd);
		pod_sleep_ms(300);
	}
	return 0;
}

TEST_F(limits, memlock_is_per_user)
{
	struct attempt a = { self->dev };

	EXPECT_EQ(0, run_as(NOBODY, memlock_is_per_user, &a));
}

/* Raising the target is charged like creating. */
static int memlock_binds_set_target(void *arg)
{
	struct attempt *a = arg;
	struct rlimit limit = { 16 * MiB, 16 * MiB };
	struct kvm_pod_create args = pod_create_args(SIZE, 4 * MiB);
	struct kvm_pod_set_target t = { .size = sizeof(t) };

	if (setrlimit(RLIMIT_MEMLOCK, &limit))
		return 98;
	if (ioctl(a->dev, KVM_POD_CREATE, &args) < 0)
		return 1;
	t.target = 8 * MiB;
	if (ioctl(args.out_fd, KVM_POD_SET_TARGET, &t) < 0)
		return 2;
	t.target = 32 * MiB;
	if (!ioctl(args.out_fd, KVM_POD_SET_TARGET, &t) || errno != ENOMEM)
		return 3;
	return t.out_target >= 8 * MiB && t.out_target <= 16 * MiB ? 0 : 4;
}

TEST_F(limits, memlock_binds_set_target)
{
	struct attempt a = { self->dev };

	EXPECT_EQ(0, run_as(NOBODY, memlock_binds_set_target, &a));
}

TEST_F(limits, no_descriptor_left)
{
	struct rlimit limit = { 64, 64 };
	struct attempt a = { self->dev, SIZE, 8 * MiB };

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(EMFILE, run_child(try_create_without_descriptor, &a));
}

TEST_F(limits, cgroup_pays)
{
	struct kvm_pod_create args = pod_create_args(SIZE, 32 * MiB);
	struct cgroup cg;
	int fd;

	if (cgroup_make(&cg))
		SKIP(return, "no memory controller in cgroup v2");
	ASSERT_EQ(0, cgroup_enter(&cg));
	fd = pod_create(&args);
	EXPECT_LE(0, fd);
	EXPECT_LE(32 * MiB, cgroup_current(&cg));
	EXPECT_GT(48 * MiB, cgroup_current(&cg));
	cgroup_leave();
	EXPECT_LE(32 * MiB, cgroup_current(&cg));
	close(fd);
	EXPECT_TRUE(POD_WAIT(cgroup_current(&cg) < 4 * MiB));
	cgroup_remove(&cg);
}

TEST_F(limits, cgroup_limit)
{
	struct attempt a = { self->dev, SIZE, 32 * MiB };
	struct cgroup cg;

	if (cgroup_make(&cg))
		SKIP(return, "no memory controller in cgroup v2");
	ASSERT_EQ(0, cgroup_limit(&cg, 16 * MiB));
	ASSERT_EQ(0, cgroup_enter(&cg));
	EXPECT_EQ(ENOMEM, run_child(try_create, &a));
	cgroup_leave();
	EXPECT_EQ(0, cgroup_oom_kills(&cg));
	EXPECT_TRUE(POD_WAIT(cgroup_current(&cg) < 8 * MiB)) {
		TH_LOG("memory.current %lld", cgroup_current(&cg));
	}
	cgroup_remove(&cg);
}

/* The pod's cgroup pays for a raise, whoever asks for it. */
TEST_F(limits, cgroup_pays_for_a_raise)
{
	struct cgroup cg;
	struct pod pod;
	u64 out;

	if (cgroup_make(&cg))
		SKIP(return, "no memory controller in cgroup v2");
	ASSERT_EQ(0, cgroup_limit(&cg, 40 * MiB));
	ASSERT_EQ(0, cgroup_enter(&cg));
	EXPECT_EQ(NULL, pod_begin(&pod, SIZE, 8 * MiB));
	cgroup_leave();
	EXPECT_EQ(0, pod_set_target(&pod, 24 * MiB, &out));
	EXPECT_LE(24 * MiB, cgroup_current(&cg));
	EXPECT_EQ(-ENOMEM, pod_set_target(&pod, SIZE, &out));
	EXPECT_LE(24 * MiB, out);
	EXPECT_GE(40 * MiB, out);
	EXPECT_EQ(out, POD_GET(&pod, target));
	EXPECT_EQ(0, cgroup_oom_kills(&cg));
	EXPECT_EQ(NULL, pod_finish(&pod));
	cgroup_remove(&cg);
}

/* A fatal signal ends a creation; what it took goes back. */
TEST_F_TIMEOUT(limits, killed_while_creating, 60)
{
	u64 size = meminfo("MemAvailable") / 2 & ~(REGION - 1);
	struct attempt a = { self->dev, size, size };
	unsigned int i, early = 0;
	pid_t child;

	for (i = 0; i < 10; i++) {
		child = fork();
		ASSERT_LE(0, child);
		if (!child)
			_exit(try_create(&a));
		pod_sleep_ms(i * 10);
		early += !waitpid(child, NULL, WNOHANG);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		EXPECT_TRUE(POD_WAIT(pod_class_attr("total_owned") ==
				     self->owned));
	}
	EXPECT_LT(0, early);
}

TEST_HARNESS_MAIN
