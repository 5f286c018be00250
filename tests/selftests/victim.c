// SPDX-License-Identifier: GPL-2.0-only
/*
 * SIGKILL for those who wait for memory: they end at once, whatever they wait
 * in, and every page comes back (DESIGN rules 9 and 13).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>

#include "../ept/vm.h"
#include "block.h"
#include "pod_test.h"
#include "touch.h"
#include "uring.h"

#define SIZE		(32 * MiB)
#define TARGET		(8 * MiB)
#define ROUNDS		5
#define AT_ONCE_MS	2000
#define NR_THREADS	4

typedef void victim_fn(struct pod *pod);

static void store(struct pod *pod)
{
	touch(pod->mem + TARGET);
}

static void store_by_threads(struct pod *pod)
{
	static struct job jobs[NR_THREADS];
	int i;

	for (i = 0; i < NR_THREADS; i++)
		job_start(&jobs[i], touch, pod->mem + TARGET + i * REGION);
	store(pod);
}

static void read_file(struct pod *pod)
{
	int file = memfd_create("file", MFD_CLOEXEC);

	if (write(file, pod->mem, MiB) == MiB &&
	    pread(file, pod->mem + TARGET, MiB, 0) < 0)
		return;
}

/* A signal that is not fatal is pending all the while. */
static void read_with_a_signal(struct pod *pod)
{
	signal(SIGALRM, (void (*)(int))_exit);
	alarm(1);
	read_file(pod);
}

static void write_file(struct pod *pod)
{
	if (pwrite(pod->fd, pod->mem, MiB, TARGET) < 0)
		return;
}

static void write_process(struct pod *pod)
{
	struct iovec here = { pod->mem, MiB };
	struct iovec there = { pod->mem + TARGET, MiB };

	process_vm_writev(getpid(), &here, 1, &there, 1, 0);
}

static void direct_io(struct pod *pod)
{
	if (pread(block_open(), pod->mem + TARGET, MiB, 0) < 0)
		return;
}

/* The submitter may sleep or not: the worker is what is to be killed. */
static void io_uring(struct pod *pod)
{
	int file = memfd_create("file", MFD_CLOEXEC);
	struct uring ring;

	if (write(file, pod->mem, MiB) != MiB || uring_begin(&ring) ||
	    uring_read(&ring, file, pod->mem + TARGET, MiB, 0, true))
		return;
	for (;;)
		pause();
}

static void run_vcpu(struct pod *pod, bool apic)
{
	struct vm vm;
	int ret;

	if (vm_begin(&vm, apic) || vm_set_memory(&vm, pod->mem, pod->size))
		return;
	ret = vm_fill(&vm, TARGET, PAGE, 64);
	while (ret == -EINTR)
		ret = vm_resume(&vm);
}

static void vcpu(struct pod *pod)
{
	run_vcpu(pod, false);
}

/* A worker of KVM waits, the vCPU is halted. */
static void vcpu_async(struct pod *pod)
{
	run_vcpu(pod, true);
}

/* The kernel clears the word when the thread ends, and wakes who joins it. */
static void *end_at(void *word)
{
	syscall(SYS_set_tid_address, word);
	pause();
	return NULL;
}

static void end_threads(struct pod *pod)
{
	pthread_t thread;
	int i;

	for (i = 0; i < NR_THREADS; i++)
		pthread_create(&thread, NULL, end_at,
			       pod->mem + TARGET + i * REGION);
	for (;;)
		pause();
}

/* In the child: never returns. */
static void victim(victim_fn *fn, int ready)
{
	struct kvm_pod_create args = pod_create_args(SIZE, TARGET);
	struct pod pod;

	args.policy = KVM_POD_POLICY_WAIT;
	if (pod_begin_with(&pod, &args) ||
	    pod_set_overdraft(&pod, KVM_POD_POLICY_WAIT, 0))
		_exit(1);
	fill(pod.mem, TARGET, 1);
	if (write(ready, &pod.id, sizeof(pod.id)) < 0)
		_exit(2);
	fn(&pod);
	_exit(3);
}

static pid_t begin(struct __test_metadata *_metadata, victim_fn *fn,
		   struct pod *pod)
{
	int fds[2];
	pid_t child;

	ASSERT_EQ(0, pipe(fds)) {
		return -1;
	}
	child = fork();
	if (!child)
		victim(fn, fds[1]);
	close(fds[1]);
	ASSERT_EQ(sizeof(pod->id), read(fds[0], &pod->id, sizeof(pod->id)));
	close(fds[0]);
	return child;
}

static long ms_since(const struct timespec *from)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - from->tv_sec) * 1000 +
	       (now.tv_nsec - from->tv_nsec) / 1000000;
}

static void kill_it(struct __test_metadata *_metadata, pid_t child)
{
	struct timespec from;
	int status;

	clock_gettime(CLOCK_MONOTONIC, &from);
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_GT(AT_ONCE_MS, ms_since(&from)) {
		TH_LOG("%ld ms", ms_since(&from));
	}
}

/* Kill it after @ms, from when it was seen waiting; see that all comes back. */
static void kill_after(struct __test_metadata *_metadata, victim_fn *fn,
		       bool waiting, unsigned int ms)
{
	long long pods = pod_class_attr("pods");
	long long owned = pod_class_attr("total_owned");
	struct pod pod = { -1 };
	pid_t child = begin(_metadata, fn, &pod);

	ASSERT_TRUE(POD_WAIT(!waiting || pod_attr(&pod, "waits") > 0));
	pod_sleep_ms(ms);
	ASSERT_EQ(0, waitpid(child, NULL, WNOHANG));
	kill_it(_metadata, child);
	EXPECT_TRUE(POD_WAIT(pod_class_attr("pods") == pods));
	EXPECT_TRUE(POD_WAIT(pod_class_attr("total_owned") == owned));
}

static void kill_waiting(struct __test_metadata *_metadata, victim_fn *fn,
			 unsigned int ms)
{
	kill_after(_metadata, fn, true, ms);
}

/* In the middle of a wait, at its begin, and somewhere. */
static void kill_some(struct __test_metadata *_metadata, victim_fn *fn)
{
	unsigned int seed = time(NULL), round;

	TH_LOG("seed %u", seed);
	kill_waiting(_metadata, fn, 500);
	kill_waiting(_metadata, fn, 0);
	for (round = 2; round < ROUNDS; round++)
		kill_waiting(_metadata, fn, rand_r(&seed) % 150);
}

FIXTURE(kill) {
};

FIXTURE_SETUP(kill)
{
}

FIXTURE_TEARDOWN(kill)
{
}

TEST_F_TIMEOUT(kill, store, 60)
{
	kill_some(_metadata, store);
}

TEST_F_TIMEOUT(kill, store_by_threads, 60)
{
	kill_some(_metadata, store_by_threads);
}

TEST_F_TIMEOUT(kill, read_file, 60)
{
	kill_some(_metadata, read_file);
}

TEST_F_TIMEOUT(kill, write_file, 60)
{
	kill_some(_metadata, write_file);
}

TEST_F_TIMEOUT(kill, write_process, 60)
{
	kill_some(_metadata, write_process);
}

TEST_F_TIMEOUT(kill, io_uring, 60)
{
	kill_some(_metadata, io_uring);
}

TEST_F_TIMEOUT(kill, vcpu, 60)
{
	kill_some(_metadata, vcpu);
}

TEST_F_TIMEOUT(kill, vcpu_async, 60)
{
	kill_some(_metadata, vcpu_async);
}

TEST_F_TIMEOUT(kill, direct_io, 60)
{
	int disk = block_open();

	if (disk < 0)
		SKIP(return, "this kernel has no RAM disk (brd)");
	close(disk);
	kill_some(_metadata, direct_io);
}

TEST_F_TIMEOUT(kill, read_with_a_signal, 60)
{
	kill_waiting(_metadata, read_with_a_signal, 1500);
}

/* SIGKILL is not pending any more in a thread that is on its way out. */
TEST_F_TIMEOUT(kill, end_of_threads, 60)
{
	kill_after(_metadata, end_threads, false, 500);
}

TEST_HARNESS_MAIN
