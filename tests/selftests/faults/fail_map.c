// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is done with mappings of a pod, each fault of theirs in turn.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pod_test.h"
#include "sequence.h"

SEQUENCE_FIXTURE

#define RW	(PROT_READ | PROT_WRITE)
#define TAG	5

static const char *fill_four(struct pod *pod)
{
	fill(pod->mem, 4 * MiB, TAG);
	return NULL;
}

static const char *still_four(struct pod *pod)
{
	return mismatch(pod->mem, 4 * MiB, TAG) == -1 ? NULL :
	       "memory has changed";
}

static long map_again(struct pod *pod, int flags, off_t offset)
{
	void *mem = mmap(NULL, 6 * MiB, RW, MAP_SHARED | flags, pod->fd,
			 offset);

	if (mem == MAP_FAILED)
		return -errno;
	return munmap(mem, 6 * MiB) ? -errno : 0;
}

static long map_plain(struct pod *pod)
{
	return map_again(pod, 0, 0);
}

static const struct sequence map = {
	.name = "mmap and munmap", .prepare = fill_four, .run = map_plain,
	.check = still_four,
};

SEQUENCE_TEST(map)

static long map_odd(struct pod *pod)
{
	return map_again(pod, 0, 3 * PAGE);
}

static const struct sequence map_at_a_page = {
	.name = "mmap at a page", .prepare = fill_four, .run = map_odd,
	.check = still_four,
};

SEQUENCE_TEST(map_at_a_page)

/* mmap() does not tell that it could not populate. */
static long map_and_populate(struct pod *pod)
{
	return map_again(pod, MAP_POPULATE, 0);
}

static const struct sequence map_populate = {
	.name = "MAP_POPULATE", .run = map_and_populate,
	.flags = SEQ_PARTIAL | SEQ_HINT,
};

SEQUENCE_TEST(map_populate)

static long advise(struct pod *pod, int advice)
{
	return madvise(pod->mem, 6 * MiB, advice) ? -errno : 0;
}

static long populate_write(struct pod *pod)
{
	return advise(pod, MADV_POPULATE_WRITE);
}

static const struct sequence populate = {
	.name = "populate by madvise", .run = populate_write,
	.flags = SEQ_PARTIAL,
};

SEQUENCE_TEST(populate)

static long populate_read(struct pod *pod)
{
	return advise(pod, MADV_POPULATE_READ);
}

static const struct sequence populate_zeroes = {
	.name = "populate with zeroes by madvise", .run = populate_read,
};

SEQUENCE_TEST(populate_zeroes)

static long drop(struct pod *pod)
{
	return advise(pod, MADV_DONTNEED);
}

static const struct sequence dontneed = {
	.name = "MADV_DONTNEED", .prepare = fill_four, .run = drop,
	.check = still_four, .flags = SEQ_NEVER_FAILS,
};

SEQUENCE_TEST(dontneed)

/* The mapping is split, and each part is watched. */
static long protect(struct pod *pod)
{
	if (mprotect(pod->mem + REGION, REGION, PROT_READ))
		return -errno;
	return mprotect(pod->mem + REGION, REGION, RW) ? -errno : 0;
}

static const struct sequence mprotect_split = {
	.name = "mprotect", .prepare = fill_four, .run = protect,
	.check = still_four,
};

SEQUENCE_TEST(mprotect_split)

static long unmap_middle(struct pod *pod)
{
	if (munmap(pod->mem + 2 * REGION, REGION))
		return -errno;
	return 0;
}

static const struct sequence munmap_split = {
	.name = "munmap of a part", .prepare = fill_four, .run = unmap_middle,
	.check = still_four,
};

SEQUENCE_TEST(munmap_split)

/* Refused, and refused the same with too little memory. */
static long move(struct pod *pod)
{
	void *mem = mremap(pod->mem, 2 * REGION, 4 * REGION, MREMAP_MAYMOVE);

	if (mem != MAP_FAILED)
		return -EPROTO;
	return errno == EINVAL || errno == EFAULT ? 0 : -errno;
}

static const struct sequence mremap_refused = {
	.name = "mremap", .prepare = fill_four, .run = move,
	.check = still_four,
};

SEQUENCE_TEST(mremap_refused)

/* A child, which has no mapping of it. */
static long fork_once(struct pod *pod)
{
	pid_t child = fork();
	int status;

	if (child < 0)
		return -errno;
	if (!child)
		_exit(0);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR && errno != EFAULT)
			return -errno;
	return 0;
}

static const struct sequence fork_and_exit = {
	.name = "fork", .prepare = fill_four, .run = fork_once,
	.check = still_four, .also = EAGAIN,
};

SEQUENCE_TEST(fork_and_exit)

/* As a VMM without our patches takes it. */
static long reopen(struct pod *pod)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", pod->fd);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 || close(fd) ? -errno : 0;
}

static const struct sequence open_again = {
	.name = "open by /proc", .prepare = fill_four, .run = reopen,
	.check = still_four,
};

SEQUENCE_TEST(open_again)

TEST_HARNESS_MAIN
