// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a pod costs beside its pages: the tables that say what is behind each
 * page of the guest. Whoever makes a pod chooses its size freely, so these must
 * be paid for, too.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>

#include "attempt.h"
#include "cgroup.h"
#include "pod_test.h"

#define TiB	(1UL << 40)
#define REGIONS	6144
#define RW	(PROT_READ | PROT_WRITE)

/* What slabs keep of what others took and gave meanwhile. */
#define SLACK	(3 * MiB)

FIXTURE(metadata) {
	struct cgroup cg;
	int dev;
	long long owned;
};

FIXTURE_SETUP(metadata)
{
	self->owned = pod_class_attr("total_owned");
	self->dev = open("/dev/kvm-pod", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->dev);
	if (cgroup_make(&self->cg))
		SKIP(return, "no memory controller in cgroup v2");
}

FIXTURE_TEARDOWN(metadata)
{
	EXPECT_TRUE(POD_WAIT(pod_class_attr("total_owned") == self->owned));
	cgroup_remove(&self->cg);
	close(self->dev);
}

/* A pod of 16 TiB has 64 MiB of table: no memory is an answer, no killing. */
TEST_F(metadata, table_beyond_the_cgroup)
{
	struct attempt a = { self->dev, 16 * TiB, 2 * MiB };

	ASSERT_EQ(0, cgroup_limit(&self->cg, 24 * MiB));
	ASSERT_EQ(0, cgroup_enter(&self->cg));
	EXPECT_EQ(ENOMEM, run_child(try_create, &a));
	cgroup_leave();
	EXPECT_EQ(0, cgroup_oom_kills(&self->cg));
}

/**
 * struct hoarder - a process that collects tables, in a cgroup without room
 * @cg: the cgroup
 * @nr: regions that it could use
 * @state: 1 = the pod is there, 2 = go on, 3 = done; atomic
 */
struct hoarder {
	struct cgroup *cg;
	unsigned int nr;
	int state;
};

static void set_state(struct hoarder *h, int state)
{
	__atomic_store_n(&h->state, state, __ATOMIC_RELEASE);
}

static bool in_state(struct hoarder *h, int state)
{
	return __atomic_load_n(&h->state, __ATOMIC_ACQUIRE) == state;
}

/* By write() and ioctl(): nothing else has to be allocated for these. */
static bool use_and_give(const struct pod *pod, u64 offset)
{
	return pwrite(pod->fd, "x", 1, offset) == 1 &&
	       !pod_inflate(pod, offset, PAGE);
}

static int hoard(struct hoarder *h)
{
	struct kvm_pod_create args = pod_create_args(TiB, 2 * MiB);
	struct pod pod = { };
	void *reserved;

	if (cgroup_enter(h->cg))
		return 1;
	pod.fd = pod_create(&args);
	if (pod.fd < 0)
		return 2;
	/* Single pages from here on: the block goes to the float for them. */
	*(u8 *)map_unaligned(pod.fd, REGION, RW, &reserved) = 1;
	set_state(h, 1);
	while (!in_state(h, 2))
		sched_yield();
	while (h->nr < REGIONS && use_and_give(&pod, (h->nr + 1) * REGION))
		h->nr++;
	set_state(h, 3);
	for (;;)
		pause();
}

static pid_t start_hoarder(struct hoarder *h)
{
	pid_t child = fork();

	if (!child)
		_exit(hoard(h));
	return child;
}

/*
 * A leaf stays behind where a page was used and given up by the balloon; the
 * page is the next region's. The cgroup pays for what the pod does not own a
 * page for, or the guest is refused.
 */
TEST_F_TIMEOUT(metadata, leaves_without_pages, 60)
{
	struct hoarder *h = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS,
				 -1, 0);
	long long before, grown, paid;
	pid_t child;

	ASSERT_NE(MAP_FAILED, h);
	h->cg = &self->cg;
	child = start_hoarder(h);
	EXPECT_TRUE(POD_WAIT(in_state(h, 1)));
	before = meminfo("SUnreclaim");
	paid = cgroup_current(&self->cg);
	ASSERT_EQ(0, cgroup_limit(&self->cg, paid + 2 * MiB));
	set_state(h, 2);
	EXPECT_TRUE(POD_WAIT(in_state(h, 3)));
	grown = meminfo("SUnreclaim") - before;
	paid = cgroup_current(&self->cg) - paid;
	TH_LOG("%u regions used, slabs grew by %lld KiB, %lld KiB charged",
	       h->nr, grown / 1024, paid / 1024);
	EXPECT_LT(0, h->nr);
	/* A page of leaf for each page that the pod and its float own. */
	EXPECT_GE(paid + 4 * MiB + SLACK, grown);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	EXPECT_EQ(0, cgroup_oom_kills(&self->cg));
}

TEST_HARNESS_MAIN
