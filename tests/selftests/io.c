// SPDX-License-Identifier: GPL-2.0-only
/*
 * Others that reach the memory: the kernel for a system call, a device by
 * DMA, a debugger. Reading a hole takes nothing; writing takes a page.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "block.h"
#include "pod_test.h"
#include "uring.h"

#define SIZE	(32 * MiB)
#define TARGET	(16 * MiB)
#define RW	(PROT_READ | PROT_WRITE)

POD_FIXTURE(SIZE, TARGET)

static u8 buffer[REGION] __attribute__((aligned(4096)));

static void direct_io(struct __test_metadata *_metadata, u8 *mem, int disk)
{
	fill(buffer, REGION, 1);
	ASSERT_EQ(REGION, pwrite(disk, buffer, REGION, 0));
	ASSERT_EQ(REGION, pread(disk, mem + REGION, REGION, 0));
	EXPECT_EQ(-1, mismatch(mem + REGION, REGION, 1));
	fill(mem + REGION, REGION, 2);
	ASSERT_EQ(REGION, pwrite(disk, mem + REGION, REGION, REGION));
	memset(buffer, 0, REGION);
	ASSERT_EQ(REGION, pread(disk, buffer, REGION, REGION));
	EXPECT_EQ(-1, mismatch(buffer, REGION, 2));
	ASSERT_EQ(REGION, pwrite(disk, mem + 4 * REGION, REGION, REGION));
	ASSERT_EQ(REGION, pread(disk, buffer, REGION, REGION));
	EXPECT_EQ(-1, nonzero(buffer, REGION));
}

TEST_F(pod, direct_io)
{
	int disk = block_open();

	if (disk < 0)
		SKIP(return, "this kernel has no RAM disk (brd)");
	direct_io(_metadata, self->pod.mem, disk);
	EXPECT_EQ(REGION, POD_GET(&self->pod, populated));
	close(disk);
}

TEST_F(pod, direct_io_by_4k)
{
	int disk = block_open();
	void *reserved;
	u8 *mem = map_unaligned(self->pod.fd, SIZE, RW, &reserved);

	if (disk < 0)
		SKIP(return, "this kernel has no RAM disk (brd)");
	ASSERT_NE(NULL, mem);
	direct_io(_metadata, mem, disk);
	EXPECT_EQ(REGION, POD_GET(&self->pod, populated));
	close(disk);
	munmap(mem, SIZE);
}

TEST_F(pod, copy_by_the_kernel)
{
	int file = memfd_create("file", MFD_CLOEXEC);

	ASSERT_LE(0, file);
	fill(buffer, REGION, 3);
	ASSERT_EQ(REGION, pwrite(file, buffer, REGION, 0));
	ASSERT_EQ(REGION, pread(file, self->pod.mem + PAGE, REGION, 0));
	EXPECT_EQ(-1, mismatch(self->pod.mem + PAGE, REGION, 3));
	ASSERT_EQ(REGION, pwrite(file, self->pod.mem + 8 * REGION, REGION, 0));
	ASSERT_EQ(REGION, pread(file, buffer, REGION, 0));
	EXPECT_EQ(-1, nonzero(buffer, REGION));
	EXPECT_EQ(2 * REGION, POD_GET(&self->pod, populated));
	close(file);
}

TEST_F(pod, vmsplice)
{
	struct iovec hole = { self->pod.mem + 4 * REGION, PAGE };
	struct iovec data = { self->pod.mem, PAGE };
	int fds[2];

	ASSERT_EQ(0, pipe(fds));
	fill(self->pod.mem, PAGE, 4);
	ASSERT_EQ(PAGE, vmsplice(fds[1], &hole, 1, 0));
	ASSERT_EQ(PAGE, vmsplice(fds[1], &data, 1, 0));
	ASSERT_EQ(PAGE, read(fds[0], buffer, PAGE));
	EXPECT_EQ(-1, nonzero(buffer, PAGE));
	ASSERT_EQ(PAGE, read(fds[0], buffer, PAGE));
	EXPECT_EQ(-1, mismatch(buffer, PAGE, 4));
	EXPECT_EQ(REGION, POD_GET(&self->pod, populated));
	close(fds[0]);
	close(fds[1]);
}

TEST_F(pod, process_vm)
{
	struct iovec here = { buffer, REGION };
	struct iovec there = { self->pod.mem + REGION, REGION };

	memset(buffer, 0xff, REGION);
	ASSERT_EQ(REGION, process_vm_readv(getpid(), &here, 1, &there, 1, 0));
	EXPECT_EQ(-1, nonzero(buffer, REGION));
	EXPECT_EQ(0, POD_GET(&self->pod, populated));
	fill(buffer, REGION, 5);
	ASSERT_EQ(REGION, process_vm_writev(getpid(), &here, 1, &there, 1, 0));
	EXPECT_EQ(-1, mismatch(self->pod.mem + REGION, REGION, 5));
	EXPECT_EQ(REGION, POD_GET(&self->pod, populated));
}

TEST_F(pod, proc_mem)
{
	int mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	off_t at = (off_t)(uintptr_t)(self->pod.mem + 3 * REGION);

	ASSERT_LE(0, mem);
	memset(buffer, 0xff, PAGE);
	ASSERT_EQ(PAGE, pread(mem, buffer, PAGE, at));
	EXPECT_EQ(-1, nonzero(buffer, PAGE));
	EXPECT_EQ(0, POD_GET(&self->pod, populated));
	fill(buffer, PAGE, 6);
	ASSERT_EQ(PAGE, pwrite(mem, buffer, PAGE, at));
	EXPECT_EQ(-1, mismatch(self->pod.mem + 3 * REGION, PAGE, 6));
	EXPECT_LE(PAGE, POD_GET(&self->pod, populated));
	close(mem);
}

/* No way to wait and no signal to send: an error for the caller. */
TEST_F(pod, proc_mem_beyond_the_reserve)
{
	int mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);

	ASSERT_LE(0, mem);
	fill(self->pod.mem, TARGET, 1);
	EXPECT_EQ(-1, pwrite(mem, buffer, PAGE,
			     (off_t)(uintptr_t)(self->pod.mem + TARGET)));
	EXPECT_EQ(-1, mismatch(self->pod.mem, TARGET, 1));
	close(mem);
}

/* A child that maps the pod where the parent has it, and stops. */
static pid_t traced_child(const struct pod *pod)
{
	pid_t child = fork();

	if (child)
		return child;
	if (mmap(pod->mem, SIZE, RW, MAP_SHARED | MAP_FIXED, pod->fd, 0) !=
	    pod->mem)
		_exit(1);
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
	_exit(0);
}

TEST_F(pod, debugger)
{
	pid_t child = traced_child(&self->pod);
	u8 *at = self->pod.mem + 2 * REGION;
	int status;

	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_TRUE(WIFSTOPPED(status));
	errno = 0;
	EXPECT_EQ(0, ptrace(PTRACE_PEEKDATA, child, at, 0));
	EXPECT_EQ(0, errno);
	EXPECT_EQ(0, POD_GET(&self->pod, populated));
	EXPECT_EQ(0, ptrace(PTRACE_POKEDATA, child, at, 0x1234L));
	EXPECT_EQ(0x1234L, *(long *)at);
	EXPECT_LE(PAGE, POD_GET(&self->pod, populated));
	ptrace(PTRACE_CONT, child, 0, 0);
	waitpid(child, &status, 0);
}

/* The inode has no page cache, so there is no key: an error, not a hang. */
TEST_F(pod, futex)
{
	unsigned int *word = (unsigned int *)self->pod.mem;

	*word = 1;
	EXPECT_GE(0, syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0));
}

TEST_F(pod, long_term_pin_is_refused)
{
	u8 *plain = mmap(NULL, REGION, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int ring = uring_open();

	if (ring < 0)
		SKIP(return, "no io_uring on this machine");
	ASSERT_NE(MAP_FAILED, plain);
	ASSERT_EQ(0, uring_register(ring, plain, REGION));
	ASSERT_EQ(0, uring_unregister(ring));
	EXPECT_EQ(-EFAULT, uring_register(ring, self->pod.mem, PAGE));
	fill(self->pod.mem, REGION, 1);
	EXPECT_EQ(-EFAULT, uring_register(ring, self->pod.mem, PAGE));
	EXPECT_EQ(-EFAULT, uring_register(ring, self->pod.mem, REGION));
	EXPECT_EQ(-1, mismatch(self->pod.mem, REGION, 1));
	close(ring);
}

TEST_F(pod, long_term_pin_of_small_pages_is_refused)
{
	int ring = uring_open();
	void *reserved;
	u8 *mem = map_unaligned(self->pod.fd, SIZE, RW, &reserved);

	if (ring < 0)
		SKIP(return, "no io_uring on this machine");
	ASSERT_NE(NULL, mem);
	EXPECT_EQ(-EFAULT, uring_register(ring, mem, PAGE));
	fill(mem, 4 * PAGE, 1);
	EXPECT_EQ(-EFAULT, uring_register(ring, mem, PAGE));
	EXPECT_EQ(-EFAULT, uring_register(ring, mem, REGION));
	EXPECT_EQ(-1, mismatch(mem, 4 * PAGE, 1));
	close(ring);
	munmap(mem, SIZE);
}

TEST_HARNESS_MAIN
