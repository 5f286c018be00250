/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages of SMALL regions: single pages with their own reference counts.
 */
#ifndef POD_SMALL_H
#define POD_SMALL_H

#include "pod.h"

/*
 * Make @folio, whose index is set, a page of the pod file: without a mapping
 * fast GUP refuses single pages, on 6.12. Dirty, so that __do_fault(), should
 * it find a memory error that came since we looked, does not try to evict
 * from the page cache what never was in it.
 */
static inline void pod_adopt_small(struct pod *pod, struct folio *folio)
{
	folio->mapping = pod->mapping;
	folio_set_dirty(folio);
}

/*
 * Discard pages of one region. True when done, false if the region is not
 * SMALL any more.
 */
bool pod_small_discard(struct pod *pod, unsigned long first, unsigned long nr,
		       bool given);

/* GIVEN pages of one region become POD, parked ones plain RAM. As above. */
bool pod_small_deflate(struct pod *pod, unsigned long first, unsigned long nr);

struct pod_sweep_count;

/*
 * Take back the pages of a SMALL region that are zero; @parked_only: just
 * those that were discarded before, and referenced. Adds to @count.
 */
void pod_small_sweep(struct pod *pod, unsigned long region, bool parked_only,
		     struct pod_sweep_count *count);

#endif /* POD_SMALL_H */
