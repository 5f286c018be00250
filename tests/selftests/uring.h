/* SPDX-License-Identifier: GPL-2.0-only */
/* io_uring without its library: only fixed buffers, which are long-term pins. */
#ifndef POD_SELFTEST_URING_H
#define POD_SELFTEST_URING_H

#include <stddef.h>

/* The ring, or -errno. */
int uring_open(void);
/* 0 or -errno. */
int uring_register(int ring, void *addr, size_t len);
int uring_unregister(int ring);

#endif /* POD_SELFTEST_URING_H */
