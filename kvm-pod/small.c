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
#include "core/zero.h"
#include "discard.h"
#include "reserve.h"
#include "sweep.h"

/* Pages of a region that a sweep unmaps one by one. */
#define POD_UNMAP_SINGLY	8

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
 * A page with a memory error leaves all the same: memory_failure() keeps a
 * reference for ever, and the page is retired, so that whoever else has one
 * shares it with nobody.
 */
static bool may_leave(struct pod *pod, struct folio *folio)
{
	return pod_is_alone(pod, folio) ||
	       (pod_folio_poisoned(folio) && !pod->pinnable);
}

/* Unmapped: whoever has no other reference leaves the table. */
static void batch_detach(struct pod_batch *b, struct list_head *gone)
{
	struct pod *pod = b->pod;
	struct folio *folio, *next;

	pod_lock_region(pod, b->region);
	list_for_each_entry_safe(folio, next, &b->locked, lru) {
		if (!may_leave(pod, folio))
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
		WRITE_ONCE(pod->parked, true);
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

/*
 * One page that another thread had locked: wait for it. If a sweep detached it
 * meanwhile, that did not know what it was to become: the caller looks again.
 */
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
		return (slot.page == POD_PAGE_GIVEN) == b->given;
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
	pod_leaf_free(pod, leaf);
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

/*
 * Unmapped. Zero is decided here, under the lock and with nobody else left to
 * write; one page is short enough for that. A parked page that is not zero any
 * more is data again.
 */
static bool sweep_detach(struct pod_batch *b, struct folio *folio,
			 struct pod_sweep_count *count)
{
	unsigned long index = folio->index;
	struct pod *pod = b->pod;
	bool alone, zero;

	pod_lock_region(pod, b->region);
	alone = pod_is_alone(pod, folio);
	count->busy += !alone;
	if (unlikely(pod_folio_poisoned(folio)))
		alone = false;
	zero = alone && pod_page_is_zero(folio, 0);
	if (zero)
		pod_pmt_clear_page(&pod->pmt, pod_shard(), index,
				   pod_pmt_parked_given(&pod->pmt, index));
	else if (alone)
		pod_pmt_unpark_page(&pod->pmt, pod_shard(), index);
	pod_unlock_region(pod, b->region);
	return zero;
}

/*
 * May it leave? A parked page is looked at whatever it holds. One with a
 * memory error does not leave, but is unmapped: its guest learns at the next
 * touch.
 */
static bool is_candidate(const struct pod_slot *slot, bool parked_only)
{
	struct page *page = pfn_to_page(slot->handle);

	if (parked_only || slot->parked)
		return slot->parked;
	return PageHWPoison(page) || pod_looks_zero(page_address(page));
}

/* Lock those that may leave. Returns how many. */
static unsigned int sweep_collect(struct pod_batch *b, bool parked_only,
				  struct pod_sweep_count *count)
{
	unsigned long first = pod_region_first(b->region);
	struct pod *pod = b->pod;
	struct pod_slot slot;
	unsigned int i, nr = 0;
	struct folio *folio;

	pod_lock_region(pod, b->region);
	for (i = 0; i < POD_REGION_PAGES; i++) {
		slot = pod_pmt_lookup(&pod->pmt, first + i);
		if (slot.region != POD_SMALL)
			break;
		if (slot.page != POD_PAGE_RAM)
			continue;
		count->scanned++;
		folio = pod_folio(slot.handle);
		if (!is_candidate(&slot, parked_only))
			continue;
		if (!folio_trylock(folio)) {
			count->busy++;
			continue;
		}
		folio_get(folio);
		list_add_tail(&folio->lru, &b->locked);
		nr++;
	}
	pod_unlock_region(pod, b->region);
	return nr;
}

/*
 * One unmap for all, but for a few: those cost less one by one than the rest
 * of the region costs its guest when it is touched again.
 */
static void sweep_unmap(struct pod_batch *b, unsigned int nr)
{
	struct folio *folio;

	if (nr > POD_UNMAP_SINGLY) {
		pod_unmap(b->pod, pod_region_first(b->region),
			  POD_REGION_PAGES);
		return;
	}
	list_for_each_entry(folio, &b->locked, lru)
		pod_unmap(b->pod, folio->index, 1);
}

void pod_small_sweep(struct pod *pod, unsigned long region, bool parked_only,
		     struct pod_sweep_count *count)
{
	struct pod_batch b = {
		.pod = pod,
		.region = region,
		.locked = LIST_HEAD_INIT(b.locked),
	};
	struct folio *folio, *next;
	unsigned int nr = sweep_collect(&b, parked_only, count);
	LIST_HEAD(gone);

	if (!nr)
		return;
	sweep_unmap(&b, nr);
	list_for_each_entry_safe(folio, next, &b.locked, lru) {
		if (sweep_detach(&b, folio, count)) {
			list_move_tail(&folio->lru, &gone);
			count->reclaimed++;
		} else {
			list_del(&folio->lru);
			folio_unlock(folio);
			folio_put(folio);
		}
		cond_resched();
	}
	if (list_empty(&gone))
		return;
	batch_release(&b, &gone, true);
	collapse(pod, region);
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
	struct pod_sweep_count count = {};
	unsigned long i, region;
	bool any = false;

	if (!pod_ledger_gauge(&pod->ledger, POD_GAUGE_PARKED))
		return false;
	for (i = 0; i < nr && !any; i++) {
		region = (start + i) % nr;
		if (has_parked(pod, region)) {
			pod_small_sweep(pod, region, true, &count);
			any = count.reclaimed;
		}
		cond_resched();
	}
	WRITE_ONCE(pod->unpark_cursor, (start + i) % nr);
	return any;
}
