// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policy "wait", for the kernel's own accesses on behalf of system calls: they
 * wait where they can, do not spin while a signal is pending, and get an error
 * where there is no way to wait.
 *
 * The overdraft is off, so that the first page beyond the target waits.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <time.h>

#include "block.h"
#include "pod_test.h"
#include "touch.h"
#include "uring.h"

#define SIZE		(32 * MiB)
#define TARGET		(8 * MiB)
#define A_WHILE_MS	300
#define AT_ONCE_MS	3000

FIXTURE(exhausted) {
	struct pod pod;
	struct job job;
	u8 *hole;
	int file;
};

/* All of the target is in use; @file holds what is to be read to @hole. */
FIXTURE_SETUP(exhausted)
{
	struct kvm_pod_create args = pod_create_args(SIZE, TARGET);

	args.policy = KVM_POD_POLICY_WAIT;
	ASSERT_GOOD(pod_begin_with(&self->pod, &args));
	ASSERT_EQ(0, pod_set_overdraft(&self->pod, KVM_POD_POLICY_WAIT, 0));
	fill(self->pod.mem, TARGET, 1);
	self->hole = self->pod.mem + TARGET;
	self->file = memfd_create("file", MFD_CLOEXEC);
	ASSERT_EQ(MiB, write(self->file, self->pod.mem, MiB));
	count_signals();
}

FIXTURE_TEARDOWN(exhausted)
{
	close(self->file);
	ASSERT_GOOD(pod_finish(&self->pod));
}

static void start(struct __test_metadata *_metadata,
		  FIXTURE_DATA(exhausted) *self, long (*fn)(void *), void *arg)
{
	job_start(&self->job, fn, arg);
	ASSERT_TRUE(POD_WAIT(POD_GET(&self->pod, waiting) == 1));
	pod_sleep_ms(A_WHILE_MS);
	ASSERT_FALSE(job_done(&self->job));
}

/* A raise lets it go on: @len bytes arrived, as they should be. */
static void check_end(struct __test_metadata *_metadata,
		      FIXTURE_DATA(exhausted) *self, long result, u64 len)
{
	ASSERT_EQ(0, pod_set_target(&self->pod, SIZE, NULL));
	ASSERT_TRUE(job_wait(&self->job));
	EXPECT_EQ(result, self->job.result);
	EXPECT_EQ(-1, mismatch(self->hole, len, 1));
	EXPECT_EQ(-1, mismatch(self->pod.mem, TARGET, 1));
	EXPECT_TRUE(POD_WAIT(!POD_GET(&self->pod, waiting)));
}

/* With a signal pending it still sleeps. */
static void check_no_spin(struct __test_metadata *_metadata,
			  FIXTURE_DATA(exhausted) *self)
{
	long before;

	job_signal(&self->job);
	before = job_cpu_ms(&self->job);
	pod_sleep_ms(1000);
	EXPECT_GT(300, job_cpu_ms(&self->job) - before) {
		TH_LOG("%ld ms of 1000", job_cpu_ms(&self->job) - before);
	}
	EXPECT_FALSE(job_done(&self->job));
}

static long result(ssize_t n)
{
	return n < 0 ? -errno : n;
}

static long read_file(void *arg)
{
	FIXTURE_DATA(exhausted) *self = arg;

	return result(pread(self->file, self->hole, 8 * PAGE, 0));
}

TEST_F(exhausted, read_waits)
{
	start(_metadata, self, read_file, self);
	check_end(_metadata, self, 8 * PAGE, 8 * PAGE);
}

TEST_F(exhausted, read_with_a_signal_pending)
{
	start(_metadata, self, read_file, self);
	check_no_spin(_metadata, self);
	check_end(_metadata, self, 8 * PAGE, 8 * PAGE);
	EXPECT_EQ(1, signals_seen());
}

static long read_pipe(void *arg)
{
	FIXTURE_DATA(exhausted) *self = arg;
	int fds[2];
	long ret;

	if (pipe(fds) || write(fds[1], self->pod.mem, PAGE) != PAGE)
		return -EIO;
	ret = result(read(fds[0], self->hole, PAGE));
	close(fds[0]);
	close(fds[1]);
	return ret;
}

TEST_F(exhausted, read_of_a_pipe_with_a_signal_pending)
{
	start(_metadata, self, read_pipe, self);
	check_no_spin(_metadata, self);
	check_end(_metadata, self, PAGE, PAGE);
}

static long write_process(void *arg)
{
	FIXTURE_DATA(exhausted) *self = arg;
	struct iovec here = { self->pod.mem, 8 * PAGE };
	struct iovec there = { self->hole, 8 * PAGE };

	return result(process_vm_writev(getpid(), &here, 1, &there, 1, 0));
}

TEST_F(exhausted, process_vm_writev_waits)
{
	start(_metadata, self, write_process, self);
	check_no_spin(_metadata, self);
	check_end(_metadata, self, 8 * PAGE, 8 * PAGE);
}

static long populate(void *arg)
{
	FIXTURE_DATA(exhausted) *self = arg;

	return result(madvise(self->hole, 8 * PAGE, MADV_POPULATE_WRITE));
}

TEST_F(exhausted, madvise_populate_waits)
{
	start(_metadata, self, populate, self);
	check_no_spin(_metadata, self);
	check_end(_metadata, self, 0, 0);
	EXPECT_EQ(-1, nonzero(self->hole, 8 * PAGE));
}

static long direct_read(void *arg)
{
	FIXTURE_DATA(exhausted) *self = arg;
	int disk = block_open();
	long ret;

	if (disk < 0 || pwrite(disk, self->pod.mem, MiB, 0) != MiB)
		return -EIO;
	ret = result(pread(disk, self->hole, 8 * PAGE, 0));
	close(disk);
	return ret;
}

TEST_F(exhausted, direct_io_waits)
{
	int disk = block_open();

	if (disk < 0)
		SKIP(return, "this kernel has no RAM disk (brd)");
	close(disk);
	start(_metadata, self, direct_read, self);
	check_no_spin(_metadata, self);
	check_end(_metadata, self, 8 * PAGE, 8 * PAGE);
}

/* There is nothing to wait with: an error, soon, and nothing is harmed. */
static void check_refusal(struct __test_metadata *_metadata,
			  FIXTURE_DATA(exhausted) *self, long (*fn)(void *),
			  long error)
{
	struct timespec from, to;
	long ms;

	clock_gettime(CLOCK_MONOTONIC, &from);
	EXPECT_EQ(error, fn(self));
	clock_gettime(CLOCK_MONOTONIC, &to);
	ms = (to.tv_sec - from.tv_sec) * 1000 +
	     (to.tv_nsec - from.tv_nsec) / 1000000;
	EXPECT_GT(AT_ONCE_MS, ms);
	EXPECT_EQ(-1, mismatch(self->pod.mem, TARGET, 1));
	EXPECT_EQ(-1, nonzero(self->hole, REGION));
	EXPECT_EQ(TARGET, POD_GET(&self->pod, owned));
	EXPECT_EQ(0, POD_GET(&self->pod, waiting));
}

static long write_proc_mem(void *arg)
{
	FIXTURE_DATA(exhausted) *self = arg;
	int mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	long ret = result(pwrite(mem, self->pod.mem, PAGE,
				 (off_t)(uintptr_t)self->hole));

	close(mem);
	return ret;
}

TEST_F(exhausted, proc_mem_is_refused)
{
	check_refusal(_metadata, self, write_proc_mem, -EIO);
}

/* A tracee with the pod at the same address; its parent is its debugger. */
static long poke(void *arg)
{
	FIXTURE_DATA(exhausted) *self = arg;
	pid_t child = fork();
	long ret;
	int status;

	if (!child) {
		mmap(self->pod.mem, SIZE, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_FIXED, self->pod.fd, 0);
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		_exit(0);
	}
	waitpid(child, &status, 0);
	ret = result(ptrace(PTRACE_POKEDATA, child, self->hole, 0x1234L));
	ptrace(PTRACE_KILL, child, 0, 0);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	return ret;
}

TEST_F(exhausted, debugger_is_refused)
{
	check_refusal(_metadata, self, poke, -EIO);
}

static long write_pod(void *arg)
{
	FIXTURE_DATA(exhausted) *self = arg;

	return result(pwrite(self->pod.fd, self->pod.mem, 2 * PAGE, TARGET));
}

TEST_F(exhausted, write_to_the_file_waits)
{
	start(_metadata, self, write_pod, self);
	check_end(_metadata, self, 2 * PAGE, 2 * PAGE);
}

TEST_F(exhausted, write_to_the_file_is_interrupted)
{
	start(_metadata, self, write_pod, self);
	job_signal(&self->job);
	ASSERT_TRUE(job_wait(&self->job));
	EXPECT_EQ(-EINTR, self->job.result);
	EXPECT_EQ(1, signals_seen());
	EXPECT_EQ(-1, nonzero(self->hole, REGION));
}

/* What was written before the signal stays, and is told. */
TEST_F(exhausted, write_to_the_file_is_cut_short)
{
	ASSERT_EQ(0, pod_set_target(&self->pod, TARGET + PAGE, NULL));
	start(_metadata, self, write_pod, self);
	EXPECT_EQ(TARGET + PAGE, POD_GET(&self->pod, populated));
	job_signal(&self->job);
	ASSERT_TRUE(job_wait(&self->job));
	EXPECT_EQ(PAGE, self->job.result);
	EXPECT_EQ(-1, mismatch(self->hole, PAGE, 1));
	EXPECT_EQ(-1, nonzero(self->hole + PAGE, REGION - PAGE));
}

TEST_F(exhausted, write_without_waiting)
{
	struct iovec iov = { self->pod.mem, PAGE };
	ssize_t n = pwritev2(self->pod.fd, &iov, 1, TARGET, RWF_NOWAIT);

	EXPECT_EQ(-1, n);
	if (errno == EOPNOTSUPP)
		SKIP(return, "the pod file does not take RWF_NOWAIT");
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(PAGE, pwritev2(self->pod.fd, &iov, 1, 0, RWF_NOWAIT));
	EXPECT_EQ(-1, nonzero(self->hole, REGION));
	EXPECT_EQ(0, POD_GET(&self->pod, waiting));
}

static long process_cpu_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* A worker of io_uring waits for it, and not by trying all the time. */
TEST_F(exhausted, io_uring_waits)
{
	struct uring ring;
	int res = 0;
	long cpu;

	if (uring_begin(&ring))
		SKIP(return, "no io_uring on this machine");
	ASSERT_EQ(0, uring_read(&ring, self->file, self->hole, 8 * PAGE, 0,
				true));
	ASSERT_TRUE(POD_WAIT(POD_GET(&self->pod, waiting) == 1));
	cpu = process_cpu_ms();
	pod_sleep_ms(1500);
	EXPECT_GT(400, process_cpu_ms() - cpu);
	EXPECT_FALSE(uring_poll(&ring, &res));
	ASSERT_EQ(0, pod_set_target(&self->pod, SIZE, NULL));
	EXPECT_TRUE(POD_WAIT(uring_poll(&ring, &res)));
	EXPECT_EQ(8 * PAGE, res);
	EXPECT_EQ(-1, mismatch(self->hole, 8 * PAGE, 1));
	uring_end(&ring);
}

TEST_HARNESS_MAIN
