// SPDX-License-Identifier: GPL-2.0-only
/*
 * vhost-net, whose worker copies packets to and from guest memory while it
 * holds the lock of a queue. Here without a guest: the rings are ours.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>

#include "pod_test.h"
#include "touch.h"
#include "vnet.h"

#define SIZE		(32 * MiB)
#define TARGET		(8 * MiB)
#define BUFFER		(VNET_HEADER + VNET_FRAME)
#define PACKETS		500

FIXTURE(vhost) {
	struct pod pod;
	struct vnet net;
	u64 hole;
	bool none;
};

FIXTURE_SETUP(vhost)
{
	struct kvm_pod_create args = pod_create_args(SIZE, TARGET);

	args.policy = KVM_POD_POLICY_WAIT;
	ASSERT_GOOD(pod_begin_with(&self->pod, &args));
	self->hole = TARGET + 2000;
	self->none = vnet_begin(&self->net, self->pod.mem, SIZE);
	if (self->none)
		SKIP(return, "this kernel has no tun, or no vhost_net");
	ASSERT_EQ(0, vnet_run(&self->net, true));
}

FIXTURE_TEARDOWN(vhost)
{
	vnet_end(&self->net);
	ASSERT_GOOD(pod_finish(&self->pod));
}

/* Other packets may come by: the machine's own. */
static bool receive(struct vnet *net, u64 offset, u64 tag)
{
	int tries = 20;
	uint32_t len;

	do {
		vnet_post(net, VNET_RX, offset, 2048);
		if (tag && vnet_send(net, tag))
			return false;
		if (!POD_WAIT(vnet_done(net, VNET_RX, &len)))
			return false;
	} while (vnet_tag(net->mem + offset + VNET_HEADER) != tag && --tries);
	return tries;
}

TEST_F(vhost, populates)
{
	ASSERT_TRUE(receive(&self->net, self->hole, 5));
	EXPECT_LE(PAGE, POD_GET(&self->pod, populated));
	EXPECT_GE(REGION, POD_GET(&self->pod, populated));
}

/* Sending what was never written costs nothing. */
TEST_F(vhost, sends_zeroes)
{
	uint32_t len;

	vnet_post(&self->net, VNET_TX, self->hole, BUFFER);
	EXPECT_TRUE(POD_WAIT(vnet_done(&self->net, VNET_TX, &len)));
	EXPECT_EQ(0, POD_GET(&self->pod, populated));
}

/* The worker must not sleep with the lock: it gets beyond the target. */
TEST_F(vhost, overdraft)
{
	fill(self->pod.mem, TARGET, 1);
	ASSERT_TRUE(receive(&self->net, self->hole, 6));
	EXPECT_LE(PAGE, POD_GET(&self->pod, overdraft));
	EXPECT_GE(2 * PAGE, POD_GET(&self->pod, overdraft));
	ASSERT_EQ(0, vnet_run(&self->net, false));
	EXPECT_EQ(-1, mismatch(self->pod.mem, TARGET, 1));
}

static long stop_rings(void *arg)
{
	return vnet_run(arg, false);
}

/* Without one it waits, whoever wants the lock waits too: a raise frees all. */
TEST_F(vhost, waits_without_overdraft)
{
	struct job job;
	uint32_t len;

	fill(self->pod.mem, TARGET, 1);
	ASSERT_EQ(0, pod_set_overdraft(&self->pod, KVM_POD_POLICY_WAIT, 0));
	vnet_post(&self->net, VNET_RX, self->hole, 2048);
	ASSERT_EQ(0, vnet_send(&self->net, 7));
	ASSERT_TRUE(POD_WAIT(POD_GET(&self->pod, waiting)));
	job_start(&job, stop_rings, &self->net);
	pod_sleep_ms(300);
	EXPECT_EQ(TARGET, POD_GET(&self->pod, owned));
	ASSERT_EQ(0, pod_set_target(&self->pod, SIZE, NULL));
	EXPECT_TRUE(job_wait(&job));
	EXPECT_EQ(0, job.result);
	EXPECT_TRUE(POD_WAIT(vnet_done(&self->net, VNET_RX, &len)));
}

struct waiter {
	unsigned int id;
	pid_t holder;
};

/* Has all files of who forks it open, and nothing mapped: until it is killed. */
static pid_t hold_files(struct pod *pod)
{
	pid_t child = fork();

	if (child)
		return child;
	munmap(pod->mem, pod->size);
	for (;;)
		pause();
}

/*
 * In the child: a worker that waits, and lives as long as its process. There
 * are @packets to be copied after the one that it waits with.
 */
static void wait_in_worker(int ready, unsigned int packets)
{
	struct kvm_pod_create args = pod_create_args(SIZE, TARGET);
	struct waiter waiter;
	struct vnet net;
	struct pod pod;

	args.policy = KVM_POD_POLICY_WAIT;
	if (pod_begin_with(&pod, &args) ||
	    pod_set_overdraft(&pod, KVM_POD_POLICY_WAIT, 0) ||
	    vnet_begin(&net, pod.mem, SIZE) || vnet_run(&net, true))
		_exit(1);
	fill(pod.mem, TARGET, 1);
	vnet_post(&net, VNET_RX, TARGET, 2048);
	if (vnet_send(&net, 8))
		_exit(2);
	while (packets--)
		vnet_send(&net, 9);
	waiter = (struct waiter){ pod.id, hold_files(&pod) };
	if (write(ready, &waiter, sizeof(waiter)) != sizeof(waiter))
		_exit(3);
	for (;;)
		pause();
}

static void kill_worker(struct __test_metadata *_metadata,
			unsigned int packets)
{
	long long pods = pod_class_attr("pods");
	struct waiter waiter;
	struct pod pod;
	time_t from;
	pid_t child;
	int fds[2];

	ASSERT_EQ(0, pipe(fds));
	child = fork();
	if (!child)
		wait_in_worker(fds[1], packets);
	ASSERT_EQ(sizeof(waiter), read(fds[0], &waiter, sizeof(waiter)));
	pod.id = waiter.id;
	ASSERT_TRUE(POD_WAIT(pod_attr(&pod, "waits") > 0));
	pod_sleep_ms(300);
	from = time(NULL);
	ASSERT_EQ(0, kill(child, SIGKILL));
	EXPECT_TRUE(POD_WAIT(waitpid(child, NULL, WNOHANG) == child)) {
		print_stacks(child);
	}
	EXPECT_GE(3, time(NULL) - from);
	ASSERT_EQ(0, kill(waiter.holder, SIGKILL));
	EXPECT_TRUE(POD_WAIT(pod_class_attr("pods") == pods));
}

TEST_F(vhost, killed_while_waiting)
{
	kill_worker(_metadata, 0);
}

/*
 * More than the worker copies in one go: it notices SIGKILL, which is not
 * pending any more then, and does what is left of its work. Nobody has closed
 * the device meanwhile, as another process has it open.
 */
TEST_F(vhost, killed_with_work_left)
{
	kill_worker(_metadata, 300);
}

struct sweeper {
	struct job job;
	struct pod *pod;
	bool stop;
};

static long sweep_on(void *arg)
{
	struct sweeper *s = arg;
	long ret = 0;

	while (!ret && !__atomic_load_n(&s->stop, __ATOMIC_RELAXED))
		ret = pod_sweep(s->pod, 0, 0, KVM_POD_SWEEP_DEMOTE, NULL);
	return ret;
}

/* Packets in both directions, by buffers that are zero in between. */
static int traffic(struct vnet *net, unsigned int seed)
{
	unsigned int i, bad = 0;
	uint32_t len;
	u64 at;

	for (i = 1; i <= PACKETS; i++) {
		at = (u64)rand_r(&seed) % (SIZE - 2048);
		bad += !receive(net, at, i);
		memset(net->mem + at, 0, 2048);
		vnet_frame(net->mem + at + VNET_HEADER, i);
		vnet_post(net, VNET_TX, at, BUFFER);
		bad += vnet_receive(net) != i;
		bad += !POD_WAIT(vnet_done(net, VNET_TX, &len));
		memset(net->mem + at, 0, 2048);
	}
	return bad;
}

TEST_F_TIMEOUT(vhost, traffic_under_sweeps, 60)
{
	struct sweeper s = { .pod = &self->pod };
	unsigned int seed = time(NULL);

	TH_LOG("seed %u", seed);
	job_start(&s.job, sweep_on, &s);
	EXPECT_EQ(0, traffic(&self->net, seed));
	__atomic_store_n(&s.stop, true, __ATOMIC_RELAXED);
	EXPECT_TRUE(job_wait(&s.job));
	EXPECT_EQ(0, s.job.result);
	EXPECT_EQ(0, POD_GET(&self->pod, overdraft));
	EXPECT_EQ(-1, nonzero(self->pod.mem, SIZE));
}

TEST_HARNESS_MAIN
