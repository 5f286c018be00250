// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pod file as a file: open, read, write, seek, and what it refuses.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "pod_test.h"

#define SIZE	(16 * MiB)
#define TARGET	(8 * MiB)
#define NOBODY	65534

POD_FIXTURE(SIZE, TARGET)

static u8 buffer[REGION + PAGE];

static int reopen(const struct pod *pod, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", pod->fd);
	return open(path, flags | O_CLOEXEC);
}

TEST_F(pod, is_a_regular_file)
{
	struct stat st;

	ASSERT_EQ(0, fstat(self->pod.fd, &st));
	EXPECT_TRUE(S_ISREG(st.st_mode));
	EXPECT_EQ(SIZE, st.st_size);
}

TEST_F(pod, size_is_fixed)
{
	const off_t bad[] = { 0, PAGE, SIZE - PAGE, SIZE + PAGE, 2 * SIZE };
	struct stat st;
	int i;

	fill(self->pod.mem, REGION, 7);
	EXPECT_EQ(0, ftruncate(self->pod.fd, SIZE));
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(-1, ftruncate(self->pod.fd, bad[i]));
	EXPECT_EQ(-1, reopen(&self->pod, O_RDWR | O_TRUNC));
	ASSERT_EQ(0, fstat(self->pod.fd, &st));
	EXPECT_EQ(SIZE, st.st_size);
	EXPECT_EQ(-1, mismatch(self->pod.mem, REGION, 7));
}

TEST_F(pod, read_of_holes)
{
	memset(buffer, 0xaa, sizeof(buffer));
	ASSERT_EQ(sizeof(buffer), pread(self->pod.fd, buffer, sizeof(buffer),
					PAGE / 2));
	EXPECT_EQ(-1, nonzero(buffer, sizeof(buffer)));
	EXPECT_EQ(0, POD_GET(&self->pod, populated));
}

TEST_F(pod, read_ends_at_size)
{
	EXPECT_EQ(0, pread(self->pod.fd, buffer, PAGE, SIZE));
	EXPECT_EQ(0, pread(self->pod.fd, buffer, PAGE, SIZE + PAGE));
	EXPECT_EQ(10, pread(self->pod.fd, buffer, PAGE, SIZE - 10));
}

TEST_F(pod, read_sees_what_was_stored)
{
	fill(self->pod.mem + REGION - PAGE, 2 * PAGE, 3);
	ASSERT_EQ(2 * PAGE, pread(self->pod.fd, buffer, 2 * PAGE,
				  REGION - PAGE));
	EXPECT_EQ(-1, mismatch(buffer, 2 * PAGE, 3));
}

TEST_F(pod, write_populates)
{
	fill(buffer, sizeof(buffer), 4);
	ASSERT_EQ(sizeof(buffer), pwrite(self->pod.fd, buffer, sizeof(buffer),
					 2 * REGION));
	EXPECT_LE(sizeof(buffer), POD_GET(&self->pod, populated));
	EXPECT_EQ(-1, mismatch(self->pod.mem + 2 * REGION, sizeof(buffer), 4));
	EXPECT_EQ(-1, nonzero(self->pod.mem, 2 * REGION));
	EXPECT_EQ(-1, nonzero(self->pod.mem + 2 * REGION + sizeof(buffer),
			      REGION));
}

TEST_F(pod, write_of_few_bytes)
{
	ASSERT_EQ(3, pwrite(self->pod.fd, "abc", 3, REGION - 1));
	EXPECT_EQ(0, memcmp(self->pod.mem + REGION - 1, "abc", 3));
	EXPECT_EQ(-1, nonzero(self->pod.mem, REGION - 8));
}

TEST_F(pod, write_ends_at_size)
{
	EXPECT_EQ(-1, pwrite(self->pod.fd, buffer, PAGE, SIZE));
	EXPECT_EQ(10, pwrite(self->pod.fd, buffer, PAGE, SIZE - 10));
}

/* More than the target: a short write or an error, no signal, no damage. */
TEST_F(pod, write_beyond_the_reserve)
{
	off_t at = 0;
	ssize_t n;

	fill(buffer, REGION, 5);
	while (at < SIZE) {
		n = pwrite(self->pod.fd, buffer, REGION, at);
		if (n < (ssize_t)REGION)
			break;
		at += n;
	}
	EXPECT_EQ(TARGET, at);
	EXPECT_EQ(TARGET, POD_GET(&self->pod, populated));
	EXPECT_EQ(-1, mismatch(self->pod.mem + TARGET - REGION, REGION, 5));
}

TEST_F(pod, seek)
{
	int fd = self->pod.fd;

	EXPECT_EQ(SIZE, lseek(fd, 0, SEEK_END));
	EXPECT_EQ(SIZE - 5, lseek(fd, -5, SEEK_CUR));
	EXPECT_EQ(77, lseek(fd, 77, SEEK_SET));
	EXPECT_EQ(-1, lseek(fd, -1, SEEK_SET));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(pod, seek_data_and_hole)
{
	int fd = self->pod.fd;

	EXPECT_EQ(-1, lseek(fd, 0, SEEK_DATA));
	EXPECT_EQ(ENXIO, errno);
	EXPECT_EQ(0, lseek(fd, 0, SEEK_HOLE));
	self->pod.mem[2 * REGION + 5] = 1;
	EXPECT_EQ(2 * REGION, lseek(fd, 0, SEEK_DATA));
	EXPECT_EQ(2 * REGION + 17, lseek(fd, 2 * REGION + 17, SEEK_DATA));
	EXPECT_EQ(3 * REGION, lseek(fd, 2 * REGION + 17, SEEK_HOLE));
	EXPECT_EQ(-1, lseek(fd, 3 * REGION, SEEK_DATA));
	EXPECT_EQ(ENXIO, errno);
	EXPECT_EQ(-1, lseek(fd, SIZE, SEEK_HOLE));
	EXPECT_EQ(ENXIO, errno);
	EXPECT_EQ(REGION, POD_GET(&self->pod, populated));
}

TEST_F(pod, seek_data_in_small_region)
{
	void *reserved;
	u8 *mem = map_unaligned(self->pod.fd, SIZE, PROT_READ | PROT_WRITE,
				&reserved);

	ASSERT_NE(NULL, mem);
	mem[REGION + 7 * PAGE] = 1;
	EXPECT_EQ(REGION + 7 * PAGE, lseek(self->pod.fd, 0, SEEK_DATA));
	EXPECT_EQ(REGION + 8 * PAGE,
		  lseek(self->pod.fd, REGION + 7 * PAGE, SEEK_HOLE));
	EXPECT_EQ(PAGE, POD_GET(&self->pod, populated));
	munmap(mem, SIZE);
}

TEST_F(pod, fallocate_modes)
{
	const int bad[] = {
		0, FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE,
		FALLOC_FL_ZERO_RANGE, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_COLLAPSE_RANGE, FALLOC_FL_INSERT_RANGE,
	};
	int i;

	fill(self->pod.mem, REGION, 7);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-1, fallocate(self->pod.fd, bad[i], 0, REGION));
		EXPECT_EQ(EOPNOTSUPP, errno) {
			TH_LOG("mode %#x", bad[i]);
		}
	}
	EXPECT_EQ(-1, mismatch(self->pod.mem, REGION, 7));
}

/* The way for an unpatched VMM: the same pod through another open file. */
TEST_F(pod, reopen)
{
	int fd = reopen(&self->pod, O_RDWR);
	u8 *other;

	ASSERT_LE(0, fd);
	other = map_aligned(fd, 0, SIZE, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, other);
	fill(self->pod.mem + REGION, REGION, 9);
	EXPECT_EQ(-1, mismatch(other + REGION, REGION, 9));
	fill(other, REGION, 10);
	EXPECT_EQ(-1, mismatch(self->pod.mem, REGION, 10));
	EXPECT_EQ(2 * REGION, POD_GET(&self->pod, populated));
	munmap(other, SIZE);
	close(fd);
}

/* A mapping alone keeps the pod, and so does a second open file. */
TEST_F(pod, outlives_its_first_descriptor)
{
	int fd = reopen(&self->pod, O_RDWR);

	ASSERT_LE(0, fd);
	fill(self->pod.mem, REGION, 9);
	close(self->pod.fd);
	self->pod.fd = fd;
	EXPECT_EQ(-1, mismatch(self->pod.mem, REGION, 9));
	EXPECT_EQ(REGION, POD_GET(&self->pod, populated));
}

TEST_F(pod, reopen_read_only)
{
	int fd = reopen(&self->pod, O_RDONLY);
	u8 *ro;

	ASSERT_LE(0, fd);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
				   MAP_SHARED, fd, 0));
	EXPECT_EQ(EACCES, errno);
	ro = map_aligned(fd, 0, SIZE, PROT_READ);
	ASSERT_NE(NULL, ro);
	EXPECT_EQ(-1, nonzero(ro, SIZE));
	EXPECT_EQ(0, POD_GET(&self->pod, populated));
	fill(self->pod.mem, REGION, 11);
	EXPECT_EQ(-1, mismatch(ro, REGION, 11));
	EXPECT_EQ(SIGSEGV, try_write(ro, 1));
	EXPECT_NE(0, mprotect(ro, REGION, PROT_READ | PROT_WRITE));
	EXPECT_EQ(-1, pwrite(fd, "x", 1, 0));
	munmap(ro, SIZE);
	close(fd);
}

static int reopen_fails_with(void *arg)
{
	int fd = reopen(arg, O_RDWR);

	return fd < 0 ? errno : 0;
}

TEST_F(pod, other_user_cannot_reopen)
{
	EXPECT_EQ(EACCES, run_as(NOBODY, reopen_fails_with, &self->pod));
}

static int exec_fails_with(void *arg)
{
	struct pod *pod = arg;
	char *const argv[] = { "pod", NULL }, *const envp[] = { NULL };

	fexecve(pod->fd, argv, envp);
	return errno;
}

TEST_F(pod, cannot_be_executed)
{
	ASSERT_EQ(10, pwrite(self->pod.fd, "#!/bin/sh\n", 10, 0));
	fchmod(self->pod.fd, 0700);
	EXPECT_EQ(EACCES, run_child(exec_fails_with, &self->pod));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, SIZE, PROT_READ | PROT_EXEC,
				   MAP_SHARED, self->pod.fd, 0));
	EXPECT_EQ(EPERM, errno);
}

TEST_F(pod, poll_does_not_block)
{
	struct pollfd p = { self->pod.fd, POLLIN | POLLPRI | POLLOUT };

	EXPECT_LE(0, poll(&p, 1, 0));
	EXPECT_EQ(0, p.revents & (POLLNVAL | POLLHUP));
}

TEST_F(pod, sendfile)
{
	int fds[2];

	ASSERT_EQ(0, pipe(fds));
	fill(self->pod.mem + 2 * PAGE, PAGE, 6);
	ASSERT_EQ(PAGE, sendfile(fds[1], self->pod.fd, &(off_t){ 2 * PAGE },
				 PAGE));
	ASSERT_EQ(PAGE, read(fds[0], buffer, PAGE));
	EXPECT_EQ(-1, mismatch(buffer, PAGE, 6));
	ASSERT_EQ(PAGE, sendfile(fds[1], self->pod.fd, &(off_t){ 5 * REGION },
				 PAGE));
	ASSERT_EQ(PAGE, read(fds[0], buffer, PAGE));
	EXPECT_EQ(-1, nonzero(buffer, PAGE));
	EXPECT_EQ(REGION, POD_GET(&self->pod, populated));
	close(fds[0]);
	close(fds[1]);
}

TEST_HARNESS_MAIN
