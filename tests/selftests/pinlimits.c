// SPDX-License-Identifier: GPL-2.0-only
/*
 * Creating a pod for devices: who pays, and that nothing is kept of one that
 * does not come into being, however far it was.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>

#include "attempt.h"
#include "cgroup.h"
#include "pinner.h"
#include "pod_test.h"
#include "touch.h"

#define SIZE	(32 * MiB)
#define NOBODY	65534
#define HUGE	"/sys/module/kvm_pod/parameters/huge"

/* What other users of the machine may take meanwhile. */
#define SLACK	(24 * MiB)

FIXTURE(limits) {
	int dev;
	long long owned;
	long long reserve;
	long long kills;
	long long available;
};

FIXTURE_SETUP(limits)
{
	struct rlimit limit = { 64 * 1024, RLIM_INFINITY };

	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &limit));
	self->dev = open("/dev/kvm-pod", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->dev);
	self->owned = pod_class_attr("total_owned");
	self->reserve = pod_class_attr("total_reserve");
	self->kills = file_field("/proc/vmstat", "oom_kill");
	self->available = available();
}

/* All is back, and nobody was killed for it. */
FIXTURE_TEARDOWN(limits)
{
	close(self->dev);
	EXPECT_TRUE(POD_WAIT(pod_class_attr("total_owned") == self->owned));
	EXPECT_EQ(self->kills, file_field("/proc/vmstat", "oom_kill"));
	EXPECT_TRUE(POD_WAIT(available() > self->available - SLACK));
}

/* To the page: no block is ever taken apart, so there is no float. */
TEST_F(limits, memlock)
{
	struct attempt a = { self->dev, SIZE, 0, SIZE, KVM_POD_F_PINNABLE };

	EXPECT_EQ(0, run_as(NOBODY, try_create, &a));
	a.memlock = SIZE - PAGE;
	EXPECT_EQ(ENOMEM, run_as(NOBODY, try_create, &a));
	a.memlock = SIZE;
	a.flags = 0;
	EXPECT_EQ(ENOMEM, run_as(NOBODY, try_create, &a));
}

/* Some who pin count what they pin once more, for the same user. */
static int create_and_pin(void *arg)
{
	struct attempt *a = arg;
	int ret = try_create(a), pin;
	u8 *mem;

	if (ret)
		return ret;
	mem = mmap(NULL, a->size, PROT_READ | PROT_WRITE, MAP_SHARED, a->fd, 0);
	pin = pinner_pin(PIN_URING_BUFFERS, mem);
	return pin < 0 ? -pin : 0;
}

TEST_F(limits, memlock_of_pod_and_pin)
{
	struct attempt a = { self->dev, SIZE, 0, SIZE, KVM_POD_F_PINNABLE };

	if (pinner_try(PIN_URING_BUFFERS) == -ENODEV)
		SKIP(return, "no io_uring on this machine");
	EXPECT_EQ(ENOMEM, run_as(NOBODY, create_and_pin, &a));
	a.memlock = SIZE + REGION;
	EXPECT_EQ(0, run_as(NOBODY, create_and_pin, &a));
}

TEST_F(limits, cgroup_pays)
{
	struct attempt a = { self->dev, SIZE, 0, 0, KVM_POD_F_PINNABLE };
	struct cgroup cg;

	if (cgroup_make(&cg))
		SKIP(return, "no memory controller in cgroup v2");
	ASSERT_EQ(0, cgroup_enter(&cg));
	EXPECT_EQ(0, try_create(&a));
	cgroup_leave();
	EXPECT_LE(SIZE, cgroup_current(&cg));
	EXPECT_GT(SIZE + 8 * MiB, cgroup_current(&cg));
	close(a.fd);
	EXPECT_TRUE(POD_WAIT(cgroup_current(&cg) < 4 * MiB));
	cgroup_remove(&cg);
}

TEST_F(limits, cgroup_limit)
{
	struct attempt a = { self->dev, SIZE, 0, 0, KVM_POD_F_PINNABLE };
	struct cgroup cg;

	if (cgroup_make(&cg))
		SKIP(return, "no memory controller in cgroup v2");
	ASSERT_EQ(0, cgroup_limit(&cg, SIZE / 2));
	ASSERT_EQ(0, cgroup_enter(&cg));
	EXPECT_EQ(ENOMEM, run_child(try_create, &a));
	cgroup_leave();
	EXPECT_EQ(0, cgroup_oom_kills(&cg));
	EXPECT_TRUE(POD_WAIT(cgroup_current(&cg) < 8 * MiB));
	cgroup_remove(&cg);
}

TEST_F_TIMEOUT(limits, more_than_the_host_has, 120)
{
	struct attempt a = { self->dev, 0, 0, 0, KVM_POD_F_PINNABLE };

	a.size = meminfo("MemTotal") & ~(REGION - 1);
	EXPECT_EQ(ENOMEM, run_child(try_create, &a));
	a.size = 1ULL << 40;
	EXPECT_EQ(ENOMEM, run_child(try_create, &a));
}

/* As try_create(), and all of what was created is there. */
static int try_create_whole(void *arg)
{
	struct kvm_pod_query q = { .size = sizeof(q) };
	struct attempt *a = arg;
	int ret = try_create(a);

	if (ret)
		return ret;
	if (ioctl(a->fd, KVM_POD_QUERY, &q) || q.out_size != a->size)
		return 97;
	return q.out_populated == a->size && q.out_owned == a->size ? 0 : 96;
}

/* It is enough or it is not; there is nothing between. */
TEST_F_TIMEOUT(limits, all_that_is_available, 120)
{
	struct attempt a = { self->dev, 0, 0, 0, KVM_POD_F_PINNABLE };
	int error;

	a.size = (meminfo("MemAvailable") - 3 * MiB) & ~(REGION - 1);
	error = run_child(try_create_whole, &a);
	EXPECT_TRUE(error == 0 || error == ENOMEM) {
		TH_LOG("error %d", error);
	}
	EXPECT_TRUE(POD_WAIT(pod_class_attr("total_owned") == self->owned));
	EXPECT_TRUE(POD_WAIT(pod_class_attr("total_reserve") == self->reserve));
}

TEST_F(limits, no_descriptor_left)
{
	struct attempt a = { self->dev, SIZE, 0, 0, KVM_POD_F_PINNABLE };
	struct rlimit limit = { 64, 64 };

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(EMFILE, run_child(try_create_without_descriptor, &a));
}

/* At all moments: before, while and after it is populated. */
static void kill_creators(struct __test_metadata *_metadata, int dev,
			  long long owned)
{
	u64 size = meminfo("MemAvailable") / 2 & ~(REGION - 1);
	struct attempt a = { dev, size, 0, 0, KVM_POD_F_PINNABLE };
	unsigned int i, early = 0;
	pid_t child;

	for (i = 0; i < 12; i++) {
		child = fork();
		ASSERT_LE(0, child);
		if (!child)
			_exit(try_create(&a));
		pod_sleep_ms(i * 10);
		early += !waitpid(child, NULL, WNOHANG);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		EXPECT_TRUE(POD_WAIT(pod_class_attr("total_owned") == owned));
	}
	EXPECT_LT(0, early);
}

TEST_F_TIMEOUT(limits, killed_while_creating, 60)
{
	kill_creators(_metadata, self->dev, self->owned);
}

/* Single pages only: that takes longer. */
TEST_F_TIMEOUT(limits, killed_while_creating_of_pages, 120)
{
	char before[8];

	ASSERT_EQ(0, file_read(HUGE, before, sizeof(before)));
	ASSERT_EQ(0, file_write(HUGE, "0"));
	kill_creators(_metadata, self->dev, self->owned);
	ASSERT_EQ(0, file_write(HUGE, before));
}

struct flip {
	bool stop;
};

/* The host has blocks, has none, has some again. */
static long flip_huge(void *arg)
{
	struct flip *f = arg;
	unsigned int i;

	for (i = 0; !__atomic_load_n(&f->stop, __ATOMIC_RELAXED); i++) {
		file_write(HUGE, i % 2 ? "0" : "1");
		usleep(1000 + i % 7 * 1000);
	}
	return 0;
}

/* Blocks and single pages in one pod: whole all the same. */
static void create_mixed(struct __test_metadata *_metadata, u64 *mixed)
{
	struct kvm_pod_create args = pod_create_args(SIZE, SIZE);
	struct pod pod;
	u64 single;

	args.flags = KVM_POD_F_PINNABLE;
	ASSERT_GOOD(pod_begin_with(&pod, &args));
	EXPECT_EQ(SIZE, POD_GET(&pod, populated));
	EXPECT_EQ(0, POD_GET(&pod, reserve));
	single = pod_attr(&pod, "populate_4k") * PAGE;
	EXPECT_EQ(SIZE, single + pod_attr(&pod, "populate_2m") * REGION);
	*mixed += single && single < SIZE;
	EXPECT_EQ(-1, nonzero(pod.mem, SIZE));
	EXPECT_EQ(SIZE - single, pmd_mapped(pod.mem, SIZE));
	fill(pod.mem, SIZE, 1);
	EXPECT_EQ(-1, mismatch(pod.mem, SIZE, 1));
	ASSERT_GOOD(pod_finish(&pod));
}

TEST_F_TIMEOUT(limits, blocks_and_pages, 120)
{
	struct flip f = { };
	struct job job;
	u64 mixed = 0;
	char before[8];
	int i;

	ASSERT_EQ(0, file_read(HUGE, before, sizeof(before)));
	job_start(&job, flip_huge, &f);
	for (i = 0; i < 30; i++)
		create_mixed(_metadata, &mixed);
	__atomic_store_n(&f.stop, true, __ATOMIC_RELAXED);
	EXPECT_TRUE(job_wait(&job));
	EXPECT_EQ(0, file_write(HUGE, before));
	EXPECT_LT(0, mixed) {
		TH_LOG("no pod had both");
	}
}

TEST_HARNESS_MAIN
