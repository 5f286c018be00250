// SPDX-License-Identifier: GPL-2.0-only
/*
 * The zero scan: reads memory, decides nothing else.
 */
#include "zero.h"

bool pod_is_zero(const void *p, size_t len)
{
	const u64 *w = p;
	const u64 *end = w + len / sizeof(*w);

	for (; w < end; w += 8)
		if (w[0] | w[1] | w[2] | w[3] | w[4] | w[5] | w[6] | w[7])
			return false;
	return true;
}
