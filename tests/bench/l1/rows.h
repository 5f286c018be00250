/* SPDX-License-Identifier: GPL-2.0-only */
/* The rows of the report that are measured in L1. */
#ifndef POD_BENCH_ROWS_H
#define POD_BENCH_ROWS_H

/* The first store to a page, from user space and from a guest. */
void row_touch(void);
void row_guest(void);
/* Memory is given up: by the page, and pages of blocks. */
void row_discard(void);
/* A pod is made, and goes; and a loop that only clears. */
void row_create(void);
/* The same for large pods, and by threads: in time, and not in instructions. */
void row_create_large(void);
void row_create_threads(void);
/* KVM_POD_SWEEP over zeroes, and over data. */
void row_sweep(void);
/* What a pod costs beside its memory, as the kernel counts it: in bytes. */
void row_metadata(void);
/* What a guest notices of it. */
void row_jitter(void);

#endif /* POD_BENCH_ROWS_H */
