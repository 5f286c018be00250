/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef POD_MEMCHR_INV_H
#define POD_MEMCHR_INV_H

#include <stddef.h>

/* NULL, or the first of @bytes bytes that is not @c. */
void *memchr_inv(const void *start, int c, size_t bytes);

#endif /* POD_MEMCHR_INV_H */
