// SPDX-License-Identifier: GPL-2.0-only
/*
 * Detaching single pages, many at a time: all that can be locked at once share
 * one unmap.
 */
#include "small.h"

#include <linux/bitmap.h>
#include <linux/pagemap.h>

#include "alloc.h"
#include "clear.h"
#include "discard.h"
#include "reserve.h"

/**
 * struct pod_batch - single pages of one region on their way out
 * @pod: whose
 * @region: where
 * @given: what they become
 * @locked: locked folios with a reference of ours, linked by ->lru
 * @busy: pages that could not be locked at once, by their place
 */
struct pod_batch {
	struct pod *pod;
	unsigned long region;
	bool given;
	struct list_head locked;
	DECLARE_BITMAP(busy, POD_REGION_PAGES);
};

/* The region's lock is held. */
static void batch_add(struct pod_batch *b, unsigned long index)
{
	struct pod *pod = b->pod;
	struct pod_slot slot = pod_pmt_lookup(&pod->pmt, index);
	struct folio *folio;

	if (slot.page != POD_PAGE_RAM) {
		if ((slot.page == POD_PAGE_GIVEN) != b->given)
			pod_pmt_clear_page(&pod->pmt, pod_shard(), index,
					   b->given);
		return;
	}
	folio = pod_folio(slot.handle);
	folio_get(folio);
	if (folio_trylock(folio)) {
		list_add_tail(&folio->lru, &b->locked);
	} else {
		folio_put(folio);
		__set_bit(index % POD_REGION_PAGES, b->busy);
	}
}

static bool batch_collect(struct pod_batch *b, unsigned long first,
			  unsigned long nr)
{
	struct pod *pod = b->pod;
	unsigned long i;
	bool ok;

	pod_lock_region(pod, b->region);
	ok = pod_pmt_lookup(&pod->pmt, first).region == POD_SMALL;
	for (i = 0; ok && i < nr; i++)
		batch_add(b, first + i);
	pod_unlock_region(pod, b->region);
	return ok;
}

/*
 * Unmapped: whoever has no other reference leaves the table. A page with a
 * memory error leaves all the same: memory_failure() keeps a reference for
 * ever, and the page is retired, so that whoever else has one shares it with
 * nobody.
 */
static void batch_detach(struct pod_batch *b, struct list_head *gone)
{
	struct pod *pod = b->pod;
	struct folio *folio, *next;

	pod_lock_region(pod, b->region);
	list_for_each_entry_safe(folio, next, &b->locked, lru) {
		if (!pod_is_alone(pod, folio) && !pod_folio_poisoned(folio))
			continue;
		pod_pmt_clear_page(&pod->pmt, pod_shard(), folio->index,
				   b->given);
		list_move_tail(&folio->lru, gone);
	}
	pod_unlock_region(pod, b->region);
}

static void batch_release(struct pod_batch *b, struct list_head *gone,
			  bool clean)
{
	struct folio *folio, *next;

	list_for_each_entry_safe(folio, next, gone, lru) {
		list_del(&folio->lru);
		folio->mapping = NULL;
		folio_unlock(folio);
		folio_put(folio);
		pod_reserve_give(b->pod, folio, clean);
	}
}

/* Somebody refers to these: clear them and leave them where they are. */
static void batch_park(struct pod_batch *b)
{
	struct pod *pod = b->pod;
	struct folio *folio, *next;

	list_for_each_entry_safe(folio, next, &b->locked, lru) {
		list_del(&folio->lru);
		pod_clear_hot(folio);
		pod_lock_region(pod, b->region);
		pod_pmt_park_page(&pod->pmt, pod_shard(), folio->index,
				  b->given);
		pod_unlock_region(pod, b->region);
		folio_unlock(folio);
		folio_put(folio);
	}
}

static void batch_discard(struct pod_batch *b, unsigned long first,
			  unsigned long nr)
{
	LIST_HEAD(gone);

	if (list_empty(&b->locked))
		return;
	pod_unmap(b->pod, first, nr);
	batch_detach(b, &gone);
	batch_release(b, &gone, false);
	batch_park(b);
}

/* One page that another thread had locked: wait for it. */
static bool discard_busy(struct pod_batch *b, unsigned long index)
{
	struct pod_slot slot;
	struct folio *folio = pod_look(b->pod, index, &slot);
	bool behind;

	if (slot.region != POD_SMALL) {
		if (folio)
			folio_put(folio);
		return false;
	}
	if (!folio)
		return true;
	folio_lock(folio);
	behind = pod_is_behind(b->pod, index, folio);
	if (behind) {
		list_add(&folio->lru, &b->locked);
		batch_discard(b, index, 1);
	} else {
		folio_unlock(folio);
		folio_put(folio);
	}
	return behind;
}

static void collapse(struct pod *pod, unsigned long region)
{
	struct pod_leaf *leaf;

	pod_lock_region(pod, region);
	leaf = pod_pmt_collapse(&pod->pmt, pod_shard(), region);
	pod_unlock_region(pod, region);
	pod_leaf_free(leaf);
}

bool pod_small_discard(struct pod *pod, unsigned long first, unsigned long nr,
		       bool given)
{
	struct pod_batch b = {
		.pod = pod,
		.region = pod_region(first),
		.given = given,
		.locked = LIST_HEAD_INIT(b.locked),
	};
	unsigned long i;

	if (!batch_collect(&b, first, nr))
		return false;
	batch_discard(&b, first, nr);
	for_each_set_bit(i, b.busy, POD_REGION_PAGES)
		if (!discard_busy(&b, pod_region_first(b.region) + i))
			return false;
	collapse(pod, b.region);
	return true;
}

static void deflate_page(struct pod *pod, unsigned long index)
{
	struct pod_slot slot = pod_pmt_lookup(&pod->pmt, index);

	if (slot.page == POD_PAGE_GIVEN)
		pod_pmt_clear_page(&pod->pmt, pod_shard(), index, false);
	else if (slot.parked)
		pod_pmt_unpark_page(&pod->pmt, pod_shard(), index);
}

bool pod_small_deflate(struct pod *pod, unsigned long first, unsigned long nr)
{
	unsigned long region = pod_region(first);
	unsigned long i;
	bool ok;

	pod_lock_region(pod, region);
	ok = pod_pmt_lookup(&pod->pmt, first).region == POD_SMALL;
	for (i = 0; ok && i < nr; i++)
		deflate_page(pod, first + i);
	pod_unlock_region(pod, region);
	if (ok)
		collapse(pod, region);
	return ok;
}

/* A parked page that is not zero any more is data; else it may leave now. */
static bool unpark(struct pod_batch *b, struct folio *folio)
{
	struct pod *pod = b->pod;
	unsigned long index = folio->index;
	LIST_HEAD(gone);
	bool alone, zero = false;

	pod_unmap(pod, index, 1);
	pod_lock_region(pod, b->region);
	alone = pod_is_alone(pod, folio);
	/* One page: short enough to be scanned under the lock. */
	if (alone && likely(!pod_folio_poisoned(folio)))
		zero = pod_page_is_zero(folio, 0);
	if (alone && zero) {
		pod_pmt_clear_page(&pod->pmt, pod_shard(), index,
				   pod_pmt_parked_given(&pod->pmt, index));
		list_add(&folio->lru, &gone);
	} else if (alone) {
		pod_pmt_unpark_page(&pod->pmt, pod_shard(), index);
	}
	pod_unlock_region(pod, b->region);
	if (alone && zero) {
		batch_release(b, &gone, true);
	} else {
		folio_unlock(folio);
		folio_put(folio);
	}
	return alone && zero;
}

static struct folio *lock_parked(struct pod *pod, unsigned long index)
{
	struct pod_slot slot;
	struct folio *folio = pod_look(pod, index, &slot);

	if (!folio)
		return NULL;
	if (slot.parked && slot.region == POD_SMALL && folio_trylock(folio)) {
		if (pod_is_behind(pod, index, folio))
			return folio;
		folio_unlock(folio);
	}
	folio_put(folio);
	return NULL;
}

static bool unpark_region(struct pod *pod, unsigned long region)
{
	struct pod_batch b = { .pod = pod, .region = region };
	unsigned long first = pod_region_first(region);
	struct folio *folio;
	bool any = false;
	unsigned int i;

	for (i = 0; i < POD_REGION_PAGES; i++) {
		folio = lock_parked(pod, first + i);
		if (folio)
			any |= unpark(&b, folio);
	}
	if (any)
		collapse(pod, region);
	return any;
}

static bool has_parked(struct pod *pod, unsigned long region)
{
	unsigned long first = pod_region_first(region);
	struct pod_slot slot;
	bool parked = false;
	unsigned int i;

	pod_lock_region(pod, region);
	for (i = 0; i < POD_REGION_PAGES && !parked; i++) {
		slot = pod_pmt_lookup(&pod->pmt, first + i);
		if (slot.region != POD_SMALL)
			break;
		parked = slot.parked;
	}
	pod_unlock_region(pod, region);
	return parked;
}

bool pod_unpark_some(struct pod *pod)
{
	unsigned long start = READ_ONCE(pod->unpark_cursor);
	unsigned long nr = pod->pmt.nr_regions;
	unsigned long i, region;
	bool any = false;

	if (!pod_ledger_gauge(&pod->ledger, POD_GAUGE_PARKED))
		return false;
	for (i = 0; i < nr && !any; i++) {
		region = (start + i) % nr;
		if (has_parked(pod, region))
			any = unpark_region(pod, region);
		cond_resched();
	}
	WRITE_ONCE(pod->unpark_cursor, (start + i) % nr);
	return any;
}
