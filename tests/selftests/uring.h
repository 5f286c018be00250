/* SPDX-License-Identifier: GPL-2.0-only */
/* io_uring by its system calls: what it pins, and reads. */
#ifndef POD_SELFTEST_URING_H
#define POD_SELFTEST_URING_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* All return -errno on failure. */
int uring_open(void);
/* Register one buffer, which the kernel pins for as long as it likes. */
int uring_register(int ring, void *addr, size_t len);
int uring_unregister(int ring);
/* Give the ring buffers by a list at @addr, of at most @len bytes, pinned. */
int uring_register_list(int ring, void *addr, size_t len);
/* A ring with its indexes at @addr and its requests a page on, pinned. */
int uring_open_at(void *addr);

struct io_uring_sqe;
struct io_uring_cqe;

/**
 * struct uring - a ring that takes requests
 * @fd: the ring
 * @area: both rings' indexes and the completions, shared with the kernel
 * @sqes: the requests, shared with the kernel
 * @sq_tail: where the next request goes
 * @cq_head: where the next completion is read
 */
struct uring {
	int fd;
	void *area;
	struct io_uring_sqe *sqes;
	unsigned int *sq_tail;
	unsigned int *cq_head;
	unsigned int *cq_tail;
	struct io_uring_cqe *cqes;
};

#define URING_ENTRIES	4

int uring_begin(struct uring *ring);
void uring_end(struct uring *ring);

/* Ask for a read, by a worker thread if @async; 0 when it is under way. */
int uring_read(struct uring *ring, int fd, void *mem, size_t len, off_t at,
	       bool async);

/* Ask for a read into the registered buffer. */
int uring_read_fixed(struct uring *ring, int fd, void *mem, size_t len,
		     off_t at);

/* Is one complete? Takes it out: true, and @result has bytes or -errno. */
bool uring_poll(struct uring *ring, int *result);

#endif /* POD_SELFTEST_URING_H */
