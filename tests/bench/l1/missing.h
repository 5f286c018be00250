/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory whose pages another thread gives when they are touched: userfaultfd.
 */
#ifndef POD_BENCH_MISSING_H
#define POD_BENCH_MISSING_H

#include "memory.h"

int make_missing(struct memory *m);
void end_missing(struct memory *m);

#endif /* POD_BENCH_MISSING_H */
