// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scanning and clearing on any CPU, and the table of all ways.
 */
#include "zero.h"

#include <linux/compiler.h>

const struct pod_zero_scan pod_zero_scans[POD_ZERO_NR] = {
	[POD_ZERO_GENERIC] = {
		"generic", pod_is_zero_generic, pod_clear_generic, false,
	},
	[POD_ZERO_AVX2] = { "avx2", pod_is_zero_avx2, pod_clear_avx2, true },
	[POD_ZERO_AVX512] = {
		"avx512", pod_is_zero_avx512, pod_clear_avx2, true,
	},
};

static u64 or_8(const u64 *w)
{
	return w[0] | w[1] | w[2] | w[3] | w[4] | w[5] | w[6] | w[7];
}

bool pod_is_zero_generic(const void *p, size_t len)
{
	const u64 *w = p;
	const u64 *end = w + len / sizeof(*w);

	for (; w < end; w += 16)
		if (or_8(w) | or_8(w + 8))
			return false;
	return true;
}

void pod_clear_generic(void *p, size_t len)
{
	void *end = p + len;

	for (; p < end; p += 64)
		asm volatile("movnti %1, 0(%0)\n\t"
			     "movnti %1, 8(%0)\n\t"
			     "movnti %1, 16(%0)\n\t"
			     "movnti %1, 24(%0)\n\t"
			     "movnti %1, 32(%0)\n\t"
			     "movnti %1, 40(%0)\n\t"
			     "movnti %1, 48(%0)\n\t"
			     "movnti %1, 56(%0)\n\t"
			     : : "r" (p), "r" (0UL) : "memory");
}

bool pod_looks_zero(const void *page)
{
	const u64 *w = page;
	const u64 *end = w + POD_ZERO_LOOK / sizeof(*w);
	u64 found = 0;

	for (; w < end; w += 8)
		found |= READ_ONCE(w[0]) | READ_ONCE(w[1]) | READ_ONCE(w[2]) |
			 READ_ONCE(w[3]) | READ_ONCE(w[4]) | READ_ONCE(w[5]) |
			 READ_ONCE(w[6]) | READ_ONCE(w[7]);
	return !found;
}
