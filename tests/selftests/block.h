/* SPDX-License-Identifier: GPL-2.0-only */
/* A RAM disk: the one kind of file here that takes O_DIRECT. */
#ifndef POD_SELFTEST_BLOCK_H
#define POD_SELFTEST_BLOCK_H

/* Opened with O_DIRECT, at least 8 MiB; -1 if the kernel has no brd. */
int block_open(void);

#endif /* POD_SELFTEST_BLOCK_H */
