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

/*
 * Is page @i of @folio zero? Nobody else can write to it. Any context but an
 * NMI; short enough for a region lock.
 */
bool pod_page_is_zero(struct folio *folio, unsigned int i);

/*
 * Set the bits in @data of the pages of @folio that are not zero, and clear
 * the others. Nobody else can write to it. May sleep.
 */
void pod_folio_scan(struct folio *folio, unsigned long *data);

void pod_clear_init(void);

#endif /* POD_CLEAR_H */
