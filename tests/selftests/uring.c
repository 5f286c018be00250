// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "uring.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* Younger than Debian 12's headers. */
#ifndef IORING_SETUP_NO_MMAP
#define IORING_SETUP_NO_MMAP	(1U << 14)
#endif
/* Both rings fit into it, for URING_ENTRIES. */
#define AREA_SIZE	4096
#define SQES_SIZE	(URING_ENTRIES * sizeof(struct io_uring_sqe))

/* The kernel takes less than 64 Ki, and a power of two. */
#define LIST_ENTRIES_MAX	32768

static int result(long ret)
{
	return ret < 0 ? -errno : ret;
}

static int setup(struct io_uring_params *params)
{
	return result(syscall(SYS_io_uring_setup, URING_ENTRIES, params));
}

int uring_open(void)
{
	struct io_uring_params params = { };

	return setup(&params);
}

int uring_register(int ring, void *addr, size_t len)
{
	struct iovec iov = { addr, len };

	return result(syscall(SYS_io_uring_register, ring,
			      IORING_REGISTER_BUFFERS, &iov, 1));
}

int uring_unregister(int ring)
{
	return result(syscall(SYS_io_uring_register, ring,
			      IORING_UNREGISTER_BUFFERS, NULL, 0));
}

int uring_register_list(int ring, void *addr, size_t len)
{
	size_t entries = len / sizeof(struct io_uring_buf);
	struct io_uring_buf_reg reg = {
		.ring_addr = (uintptr_t)addr,
		.ring_entries = entries < LIST_ENTRIES_MAX ? entries :
							     LIST_ENTRIES_MAX,
	};

	return result(syscall(SYS_io_uring_register, ring,
			      IORING_REGISTER_PBUF_RING, &reg, 1));
}

/* The addresses are the last fields, which older headers call reserved. */
int uring_open_at(void *addr)
{
	struct io_uring_params params = { .flags = IORING_SETUP_NO_MMAP };
	uint64_t area = (uintptr_t)addr, sqes = area + AREA_SIZE;

	memcpy((char *)(&params.cq_off + 1) - sizeof(area), &area,
	       sizeof(area));
	memcpy((char *)(&params.sq_off + 1) - sizeof(sqes), &sqes,
	       sizeof(sqes));
	return setup(&params);
}

static void *map_ring(int fd, size_t len, off_t offset)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_POPULATE, fd, offset);

	return p == MAP_FAILED ? NULL : p;
}

/* Request n is always entry n: the indirection is set once. */
static void locate(struct uring *ring, const struct io_uring_params *p)
{
	char *area = ring->area;
	uint32_t *array = (uint32_t *)(area + p->sq_off.array);
	unsigned int i;

	for (i = 0; i < URING_ENTRIES; i++)
		array[i] = i;
	ring->sq_tail = (unsigned int *)(area + p->sq_off.tail);
	ring->cq_head = (unsigned int *)(area + p->cq_off.head);
	ring->cq_tail = (unsigned int *)(area + p->cq_off.tail);
	ring->cqes = (struct io_uring_cqe *)(area + p->cq_off.cqes);
}

int uring_begin(struct uring *ring)
{
	struct io_uring_params params = { };

	memset(ring, 0, sizeof(*ring));
	ring->fd = setup(&params);
	if (ring->fd < 0)
		return ring->fd;
	ring->area = map_ring(ring->fd, AREA_SIZE, IORING_OFF_SQ_RING);
	ring->sqes = map_ring(ring->fd, SQES_SIZE, IORING_OFF_SQES);
	if (!ring->area || !ring->sqes) {
		uring_end(ring);
		return -ENOMEM;
	}
	locate(ring, &params);
	return 0;
}

void uring_end(struct uring *ring)
{
	if (ring->area)
		munmap(ring->area, AREA_SIZE);
	if (ring->sqes)
		munmap(ring->sqes, SQES_SIZE);
	close(ring->fd);
}

static int submit(struct uring *ring, const struct io_uring_sqe *sqe)
{
	unsigned int tail = *ring->sq_tail;

	ring->sqes[tail % URING_ENTRIES] = *sqe;
	__atomic_store_n(ring->sq_tail, tail + 1, __ATOMIC_RELEASE);
	return result(syscall(SYS_io_uring_enter, ring->fd, 1, 0, 0, NULL,
			      0)) == 1 ? 0 : -EIO;
}

int uring_read(struct uring *ring, int fd, void *mem, size_t len, off_t at,
	       bool async)
{
	const struct io_uring_sqe sqe = {
		.opcode = IORING_OP_READ,
		.flags = async ? IOSQE_ASYNC : 0,
		.fd = fd,
		.addr = (uintptr_t)mem,
		.len = len,
		.off = at,
	};

	return submit(ring, &sqe);
}

int uring_read_fixed(struct uring *ring, int fd, void *mem, size_t len,
		     off_t at)
{
	const struct io_uring_sqe sqe = {
		.opcode = IORING_OP_READ_FIXED,
		.fd = fd,
		.addr = (uintptr_t)mem,
		.len = len,
		.off = at,
	};

	return submit(ring, &sqe);
}

/* Entering lets the kernel do what it has put off for this thread. */
bool uring_poll(struct uring *ring, int *res)
{
	unsigned int head = *ring->cq_head;

	syscall(SYS_io_uring_enter, ring->fd, 0, 0, IORING_ENTER_GETEVENTS,
		NULL, 0);
	if (__atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE) == head)
		return false;
	*res = ring->cqes[head % (2 * URING_ENTRIES)].res;
	__atomic_store_n(ring->cq_head, head + 1, __ATOMIC_RELEASE);
	return true;
}
