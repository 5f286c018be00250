/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Zero folios: what readers of a page without memory get to see. The blocks
 * belong to the module, the single pages to the pod. They are never written,
 * and are hashed by region so that no lock and no count of theirs is hot.
 */
#ifndef POD_ZEROFOLIO_H
#define POD_ZEROFOLIO_H

#include "pod.h"

/* Two MiB of zeroes for @region, or NULL if the module got none. */
struct folio *pod_zero_huge(struct pod *pod, unsigned long region);

/* One page of zeroes for @region. */
struct folio *pod_zero_small(struct pod *pod, unsigned long region);

bool pod_zero_is(const struct folio *folio);

/*
 * Take back the zeroes of pages that have got memory: wait for readers that
 * are about to map them, then unmap. The caller set the state before, with
 * the region lock, and hands the memory out after; without that order another
 * process would read zero for ever:
 *
 *	reader				writer
 *	lock zero folio
 *	look up: POD, flag it
 *					look up: POD; set RAM, flag seen
 *					unmap: nothing there yet
 *	map the zero folio
 *					map the page, write
 *	read zero, and again
 */
void pod_zero_recall(struct pod *pod, unsigned long first, unsigned long nr);

/* The pod's own: 0 or -ENOMEM, and then they are to be freed as well. */
int pod_zero_alloc(struct pod *pod);
void pod_zero_free(struct pod *pod);

void pod_zero_init(void);
void pod_zero_exit(void);

#endif /* POD_ZEROFOLIO_H */
