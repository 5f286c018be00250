/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef POD_CLEAR_H
#define POD_CLEAR_H

#include <linux/mm_types.h>

/* Clear for later use, past the caches. May sleep. */
void pod_clear_cold(struct folio *folio);

/* Clear for use at once. May sleep. */
void pod_clear_hot(struct folio *folio);

/* Clear pages @first to @first + @nr - 1 of @folio. May sleep. */
void pod_clear_pages(struct folio *folio, unsigned int first, unsigned int nr);

bool pod_page_is_zero(struct folio *folio, unsigned int i);

#endif /* POD_CLEAR_H */
