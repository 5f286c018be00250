/* SPDX-License-Identifier: GPL-2.0-only */
/* What the test and the fuzzer of the zero scans compare them with. */
#ifndef POD_TEST_SCANS_H
#define POD_TEST_SCANS_H

#include "zero.h"

#define PAGE	4096
#define FENCED	(2 * PAGE)

/*
 * FENCED bytes of zeroes, the same ones each time, between pages that
 * cannot be read: who reads one byte too many dies.
 */
u8 *fenced_pages(void);

/* Can this CPU do it? */
bool cpu_has(enum pod_zero_kind kind);

bool bytes_are_zero(const u8 *p, size_t len);

#endif /* POD_TEST_SCANS_H */
