/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef POD_CORE_ZERO_H
#define POD_CORE_ZERO_H

#include <linux/types.h>

/**
 * pod_is_zero() - is every byte zero?
 * @p: aligned to 64 bytes
 * @len: in bytes, a multiple of 64
 *
 * The answer holds for as long as nobody can write there: unmapped, no
 * reference but the caller's.
 */
bool pod_is_zero(const void *p, size_t len);

#endif /* POD_CORE_ZERO_H */
