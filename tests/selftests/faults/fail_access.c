// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's own accesses to a pod, each fault of theirs in turn: what a VMM
 * sees is ENOMEM or EFAULT, or less than it asked for.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "block.h"
#include "pod_test.h"
#include "sequence.h"
#include "uring.h"

SEQUENCE_FIXTURE

#define TAG	9
#define LEN	(16 * PAGE)

/* Touched before: not its faults are to be counted. */
static u8 buffer[LEN];

static const char *fill_first(struct pod *pod)
{
	fill(pod->mem, REGION, TAG);
	memset(buffer, 1, LEN);
	return NULL;
}

/* All of it, or why not; what is less than asked for came to a fault. */
static long whole(ssize_t done)
{
	if (done < 0)
		return -errno;
	return done == LEN ? 0 : -EFAULT;
}

static long read_call(struct pod *pod)
{
	return whole(pread(pod->fd, buffer, LEN, 0));
}

static const char *buffer_is_right(struct pod *pod)
{
	return memcmp(buffer, pod->mem, LEN) ? "wrong data" : NULL;
}

SEQUENCE(file_read_call, "pread", .prepare = fill_first, .run = read_call,
	 .check = buffer_is_right);

static const char *fill_buffer(struct pod *pod)
{
	fill(buffer, LEN, TAG);
	return NULL;
}

static long write_call(struct pod *pod)
{
	return whole(pwrite(pod->fd, buffer, LEN, 0));
}

/* It may have populated before the copy failed. */
SEQUENCE(file_write_call, "pwrite", .prepare = fill_buffer, .run = write_call,
	 .check = buffer_is_right, .flags = SEQ_PARTIAL);

/* Into a hole that must be split for it. */
static const char *give_and_fill(struct pod *pod)
{
	return pod_inflate(pod, 0, REGION) ? "cannot inflate" :
					     fill_buffer(pod);
}

SEQUENCE(file_write_given, "pwrite to what was given",
	 .prepare = give_and_fill, .run = write_call, .check = buffer_is_right,
	 .flags = SEQ_PARTIAL);

static const char *exhaust(struct pod *pod)
{
	fill(pod->mem + REGION, 8 * MiB, TAG);
	return fill_buffer(pod);
}

/* Each allocation that fails is waited for. */
SEQUENCE(file_write_overdraft, "pwrite beyond the target", .burst = 3,
	 .policy = KVM_POD_POLICY_WAIT, .prepare = exhaust, .run = write_call,
	 .check = buffer_is_right, .flags = SEQ_PARTIAL | SEQ_HINT);

/* These two know no other word for a page that they do not get than EFAULT. */
static long read_by_vm(struct pod *pod)
{
	struct iovec here = { buffer, LEN }, there = { pod->mem, LEN };

	return whole(process_vm_readv(getpid(), &here, 1, &there, 1, 0));
}

SEQUENCE(vm_read, "process_vm_readv", .prepare = fill_first, .run = read_by_vm,
	 .check = buffer_is_right);

/* What somebody else's debugger reads of a hole. */
SEQUENCE(vm_read_hole, "process_vm_readv of a hole", .run = read_by_vm,
	 .check = buffer_is_right, .also = EFAULT);

static long write_by_vm(struct pod *pod)
{
	struct iovec here = { buffer, LEN }, there = { pod->mem, LEN };

	return whole(process_vm_writev(getpid(), &here, 1, &there, 1, 0));
}

SEQUENCE(vm_write, "process_vm_writev", .prepare = fill_buffer,
	 .run = write_by_vm, .check = buffer_is_right, .also = EFAULT,
	 .flags = SEQ_PARTIAL);

static int disk = -1;
static struct uring ring;

static const char *write_disk(struct pod *pod)
{
	static u8 sectors[LEN] __attribute__((aligned(4096)));

	if (disk < 0)
		disk = block_open();
	if (disk < 0)
		return "no RAM disk";
	fill(buffer, LEN, TAG);
	fill(sectors, LEN, TAG);
	return pwrite(disk, sectors, LEN, 0) == LEN ? NULL :
						      "cannot write the disk";
}

static long read_direct(struct pod *pod)
{
	return whole(pread(disk, pod->mem, LEN, 0));
}

SEQUENCE(direct_read, "O_DIRECT read", .prepare = write_disk,
	 .run = read_direct, .check = buffer_is_right, .flags = SEQ_PARTIAL,
	 .also = EIO);

static const char *begin_ring(struct pod *pod)
{
	if (!ring.area && uring_begin(&ring))
		return "no io_uring";
	return write_disk(pod);
}

/* A request that could not be made stays in its ring: a new one, then. */
static long read_uring(struct pod *pod)
{
	int result, ret;

	if (!ring.area && uring_begin(&ring))
		return -EIO;
	ret = uring_read(&ring, disk, pod->mem, LEN, 0, false);
	if (ret) {
		uring_end(&ring);
		ring.area = NULL;
		return ret;
	}
	while (!uring_poll(&ring, &result))
		;
	return result == LEN ? 0 : result < 0 ? result : -EFAULT;
}

SEQUENCE(uring_direct_read, "read by io_uring", .prepare = begin_ring,
	 .run = read_uring, .check = buffer_is_right, .flags = SEQ_PARTIAL,
	 .also = EIO);

TEST_HARNESS_MAIN
