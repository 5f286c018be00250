/* SPDX-License-Identifier: GPL-2.0-only */
/* Block devices to read from and write to without the page cache. */
#ifndef POD_SELFTEST_BLOCK_H
#define POD_SELFTEST_BLOCK_H

/* A RAM disk, which copies at once; -1 if this kernel has none. */
int block_open(void);

/*
 * A loop device over @file: a worker of it copies, while who asked goes on.
 * Closing it detaches it. -1 if this kernel has none.
 */
int block_open_loop(int file);

#endif /* POD_SELFTEST_BLOCK_H */
