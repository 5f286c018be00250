/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RDMA without hardware (rdma_rxe), by its system calls: a context with one
 * memory region, which stays pinned until the context is closed.
 */
#ifndef POD_SELFTEST_RDMA_H
#define POD_SELFTEST_RDMA_H

#include <stdbool.h>
#include <stddef.h>

/* A context; -1 if this machine has none to offer. */
int rdma_open(void);

/* Register memory; others may never write to it unless @writable. */
int rdma_register(int context, void *addr, size_t len, bool writable);

#endif /* POD_SELFTEST_RDMA_H */
