/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The zero scan, which reads memory and decides nothing else; and clearing, by
 * the same registers.
 */
#ifndef POD_CORE_ZERO_H
#define POD_CORE_ZERO_H

#include <linux/types.h>

/* What is scanned begins at a multiple of this, in bytes ... */
#define POD_ZERO_ALIGN	64

/* ... and is a multiple of this long. */
#define POD_ZERO_STEP	256

/**
 * enum pod_zero_kind - the ways to scan and to clear
 * @POD_ZERO_GENERIC: by 64-bit words, on any CPU and in any context
 * @POD_ZERO_AVX2: by 32 bytes
 * @POD_ZERO_AVX512: by 64 bytes, needs AVX512F; clears by 32
 * @POD_ZERO_NR: how many there are
 */
enum pod_zero_kind {
	POD_ZERO_GENERIC,
	POD_ZERO_AVX2,
	POD_ZERO_AVX512,
	POD_ZERO_NR,
};

/**
 * struct pod_zero_scan - one way to scan and to clear
 * @name: for people
 * @is_zero: is every byte zero? The answer holds for as long as nobody can
 *	write there: unmapped, no reference but the caller's.
 * @clear: make every byte zero, past the caches. The stores are weakly
 *	ordered: an sfence comes before anybody else gets the memory. Not for
 *	no bytes at all.
 * @vector: vector registers are used. The caller makes sure that the CPU has
 *	them, the system enables them, and that they hold nobody's data.
 */
struct pod_zero_scan {
	const char *name;
	bool (*is_zero)(const void *p, size_t len);
	void (*clear)(void *p, size_t len);
	bool vector;
};

/* By enum pod_zero_kind. */
extern const struct pod_zero_scan pod_zero_scans[POD_ZERO_NR];

bool pod_is_zero_generic(const void *p, size_t len);
bool pod_is_zero_avx2(const void *p, size_t len);
bool pod_is_zero_avx512(const void *p, size_t len);

void pod_clear_generic(void *p, size_t len);
void pod_clear_avx2(void *p, size_t len);

/* Bytes at the beginning of a page that pod_looks_zero() reads. */
#define POD_ZERO_LOOK	128

/**
 * pod_looks_zero() - is a look at the whole page worth while?
 * @page: may be written meanwhile, by the guest too
 *
 * A hint: what begins with zeroes may hold data, and what held data may be
 * zero by now.
 */
bool pod_looks_zero(const void *page);

#endif /* POD_CORE_ZERO_H */
