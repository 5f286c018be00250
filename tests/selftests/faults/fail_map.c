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

/* What could not be unmapped, for lack of memory, or MAP_FAILED. */
static void *again = MAP_FAILED;

static long unmap_again(void)
{
	if (again != MAP_FAILED && munmap(again, 6 * MiB))
		return -errno;
	again = MAP_FAILED;
	return 0;
}

static void clean_up(struct pod *pod)
{
	unmap_again();
}

static long map_again(struct pod *pod, int flags, off_t offset)
{
	if (again == MAP_FAILED)
		again = mmap(NULL, 6 * MiB, RW, MAP_SHARED | flags, pod->fd,
			     offset);
	return again == MAP_FAILED ? -errno : unmap_again();
}

static long map_plain(struct pod *pod)
{
	return map_again(pod, 0, 0);
}

SEQUENCE(map, "mmap and munmap", .prepare = fill_two, .run = map_plain, .clean_up = clean_up,
	 .check = still_two);

static long map_odd(struct pod *pod)
{
	return map_again(pod, 0, 3 * PAGE);
}

SEQUENCE(map_at_a_page, "mmap at a page", .prepare = fill_two, .run = map_odd, .clean_up = clean_up,
	 .check = still_two);

/* mmap() does not tell that it could not populate. */
static long map_and_populate(struct pod *pod)
{
	return map_again(pod, MAP_POPULATE, 0);
}

SEQUENCE(map_populate, "MAP_POPULATE", .run = map_and_populate, .clean_up = clean_up,
	 .flags = SEQ_PARTIAL | SEQ_HINT);

static long advise(struct pod *pod, int advice)
{
	return madvise(pod->mem, 6 * MiB, advice) ? -errno : 0;
}

static long populate_write(struct pod *pod)
{
	return advise(pod, MADV_POPULATE_WRITE);
}

SEQUENCE(populate, "populate by madvise", .run = populate_write,
	 .flags = SEQ_PARTIAL);

static long populate_read(struct pod *pod)
{
	return advise(pod, MADV_POPULATE_READ);
}

SEQUENCE(populate_zeroes, "populate with zeroes by madvise",
	 .run = populate_read);

static long drop(struct pod *pod)
{
	return advise(pod, MADV_DONTNEED);
}

SEQUENCE(dontneed, "MADV_DONTNEED", .prepare = fill_two, .run = drop,
	 .check = still_two, .flags = SEQ_NEVER_FAILS);

/* The mapping is split, and each part is watched. */
static long protect(struct pod *pod)
{
	if (mprotect(pod->mem + REGION, REGION, PROT_READ))
		return -errno;
	return mprotect(pod->mem + REGION, REGION, RW) ? -errno : 0;
}

SEQUENCE(mprotect_split, "mprotect", .prepare = fill_two, .run = protect,
	 .check = still_two);

static long unmap_middle(struct pod *pod)
{
	if (munmap(pod->mem + 2 * REGION, REGION))
		return -errno;
	return 0;
}

SEQUENCE(munmap_split, "munmap of a part", .prepare = fill_two,
	 .run = unmap_middle, .check = still_two);

/* Refused, and refused the same with too little memory. */
static long move(struct pod *pod)
{
	void *mem = mremap(pod->mem, 2 * REGION, 4 * REGION, MREMAP_MAYMOVE);

	if (mem != MAP_FAILED)
		return -EPROTO;
	return errno == EINVAL || errno == EFAULT ? 0 : -errno;
}

SEQUENCE(mremap_refused, "mremap", .prepare = fill_two, .run = move,
	 .check = still_two);

/* As a VMM without our patches takes it. */
static long reopen(struct pod *pod)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", pod->fd);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 || close(fd) ? -errno : 0;
}

SEQUENCE(open_again, "open by /proc", .prepare = fill_two, .run = reopen,
	 .check = still_two);

enum { NOT_HIT, HIT, BAD };

static int map_first(const struct pod *pod, enum inject_kind kind,
		     unsigned int nth)
{
	bool hit = false;
	void *mem;
	int error;

	if (inject_begin(kind))
		return BAD;
	if (nth)
		inject_arm(nth);
	mem = mmap(NULL, 6 * MiB, RW, MAP_SHARED, pod->fd, 0);
	error = errno;
	if (nth)
		hit = inject_disarm();
	if (mem == MAP_FAILED ? !hit || error != ENOMEM : munmap(mem, 6 * MiB))
		return BAD;
	return hit ? HIT : NOT_HIT;
}

/* In a child, in whose memory nothing is watched yet. */
static const char *map_first_one(const void *arg, unsigned int nth, bool *hit)
{
	const enum inject_kind *kind = arg;
	struct pod pod;
	const char *bad = pod_begin(&pod, 16 * MiB, 8 * MiB);
	int status;
	pid_t child;

	if (bad)
		return bad;
	child = fork();
	if (!child)
		_exit(map_first(&pod, *kind, nth));
	if (waitpid(child, &status, 0) != child || !WIFEXITED(status) ||
	    WEXITSTATUS(status) == BAD)
		return wrong("the child ended with %#x", status);
	*hit = WEXITSTATUS(status) == HIT;
	return pod_finish(&pod);
}

TEST_F_TIMEOUT(faults, map_first, SEQUENCE_TIMEOUT)
{
	ASSERT_GOOD(each_fault("the first mapping", map_first_one,
			       &variant->kind));
}

TEST_HARNESS_MAIN
