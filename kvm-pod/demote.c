// SPDX-License-Identifier: GPL-2.0-only
/*
 * Demotion. A region is frozen first: whoever looks it up from then on waits,
 * and the reference test after the unmap shows that nobody who came before is
 * still there. Until the thaw its block is ours alone.
 */
#include "demote.h"

#include <linux/bitmap.h>
#include <linux/highmem.h>
#include <linux/pagemap.h>

#include "alloc.h"
#include "clear.h"
#include "discard.h"
#include "float.h"
#include "inject.h"
#include "reserve.h"
#include "small.h"
#include "trace.h"

/**
 * struct pod_demotion - one region being taken apart
 * @pod: whose
 * @region: which
 * @lost: first page that the caller is discarding, by its place in the block
 * @nr_lost: how many of them; that one is broken does not matter
 * @folio: its block, locked and with a reference of ours
 * @data: pages that are not zero
 * @nr_data: weight of @data
 * @given: pages that the balloon gave up
 * @pages: single pages for @nr_data of them
 * @leaf: the region's leaf to be
 */
struct pod_demotion {
	struct pod *pod;
	unsigned long region;
	unsigned int lost;
	unsigned int nr_lost;
	struct folio *folio;
	DECLARE_BITMAP(data, POD_REGION_PAGES);
	unsigned int nr_data;
	DECLARE_BITMAP(given, POD_REGION_PAGES);
	struct list_head pages;
	struct pod_leaf *leaf;
};

static void thaw(struct pod *pod, unsigned long region)
{
	pod_lock_region(pod, region);
	pod_pmt_thaw(&pod->pmt, region);
	pod_unlock_region(pod, region);
	wake_up_all(&pod->thawed);
}

static bool try_freeze(struct pod_demotion *d)
{
	struct pod *pod = d->pod;
	struct pod_slot slot;
	bool ok;

	pod_lock_region(pod, d->region);
	slot = pod_pmt_lookup(&pod->pmt, pod_region_first(d->region));
	ok = slot.region == POD_HUGE && !slot.frozen &&
	     slot.handle == pod_handle(d->folio);
	if (ok)
		pod_pmt_freeze(&pod->pmt, d->region);
	pod_unlock_region(pod, d->region);
	return ok;
}

/* Unmapped and frozen: is ours the only reference left? */
static bool is_alone(struct pod_demotion *d)
{
	struct pod *pod = d->pod;
	struct pod_marks *marks;
	bool ok;

	pod_lock_region(pod, d->region);
	ok = pod_is_alone(pod, d->folio);
	marks = pod_pmt_marks(&pod->pmt, d->region);
	if (marks)
		bitmap_copy(d->given, marks->given, POD_REGION_PAGES);
	pod_unlock_region(pod, d->region);
	return ok;
}

static bool demote_begin(struct pod_demotion *d)
{
	unsigned long first = pod_region_first(d->region);
	struct pod_slot slot;

	d->folio = pod_look(d->pod, first, &slot);
	/* Another thread is at it, and about to fill the reserve. */
	if (slot.frozen)
		pod_wait_thawed(d->pod, d->region);
	if (!d->folio)
		return false;
	/* Pinned: it would be unmapped for nothing, and again at the next try. */
	if (folio_maybe_dma_pinned(d->folio) || !folio_trylock(d->folio))
		goto put;
	if (!try_freeze(d))
		goto unlock;
	pod_unmap(d->pod, first, POD_REGION_PAGES);
	if (is_alone(d))
		return true;
	thaw(d->pod, d->region);
unlock:
	folio_unlock(d->folio);
put:
	folio_put(d->folio);
	return false;
}

static void demote_end(struct pod_demotion *d)
{
	folio_unlock(d->folio);
	folio_put(d->folio);
}

/*
 * A block with a memory error. Broken pages are not read: what is being
 * discarded at this moment counts as zero, even if the guest wrote to it before
 * the unmap. An older mark would not do, as the guest may use the page since.
 * False if a broken page may hold data.
 */
static bool scan_broken(struct pod_demotion *d)
{
	unsigned int i;

	for (i = 0; i < POD_REGION_PAGES; i++) {
		if (!PageHWPoison(folio_page(d->folio, i)))
			__assign_bit(i, d->data,
				     !pod_page_is_zero(d->folio, i));
		else if (i - d->lost >= d->nr_lost)
			return false;
		cond_resched();
	}
	return true;
}

static bool scan(struct pod_demotion *d)
{
	bool ok = true;

	if (unlikely(pod_folio_poisoned(d->folio)))
		ok = scan_broken(d);
	else
		pod_folio_scan(d->folio, d->data);
	d->nr_data = bitmap_weight(d->data, POD_REGION_PAGES);
	return ok;
}

/* Marks are a hint only: a marked page that is not zero is data again. */
static void unmark_data(struct pod_demotion *d)
{
	unsigned long first = pod_region_first(d->region);
	struct pod_marks *marks = NULL;
	unsigned int i;

	pod_lock_region(d->pod, d->region);
	for_each_set_bit(i, d->data, POD_REGION_PAGES) {
		marks = pod_pmt_unmark(&d->pod->pmt, pod_shard(), first + i, 1);
		if (marks)
			break;
	}
	pod_unlock_region(d->pod, d->region);
	pod_marks_free(marks);
}

static void leaf_fill_zeroes(struct pod_demotion *d)
{
	unsigned int i;

	for_each_clear_bit(i, d->data, POD_REGION_PAGES)
		pod_leaf_set(d->leaf, i, test_bit(i, d->given) ?
			     POD_PAGE_GIVEN : POD_PAGE_POD, 0);
}

/* The leaf is the table's from here on. */
static struct pod_leaf *take_leaf(struct pod_demotion *d)
{
	struct pod_leaf *leaf = d->leaf;

	d->leaf = NULL;
	return leaf;
}

/* The block holds nothing: it goes back as it is, proved to be zero. */
static void finish_zero(struct pod_demotion *d)
{
	bool all = bitmap_full(d->given, POD_REGION_PAGES);
	struct pod *pod = d->pod;
	struct pod_marks *marks;
	bool mixed = !all && !bitmap_empty(d->given, POD_REGION_PAGES);

	if (mixed)
		leaf_fill_zeroes(d);
	pod_lock_region(pod, d->region);
	marks = mixed ?
		pod_pmt_demote(&pod->pmt, pod_shard(), d->region,
			       take_leaf(d)) :
		pod_pmt_clear_region(&pod->pmt, pod_shard(), d->region, all);
	pod_unlock_region(pod, d->region);
	demote_end(d);
	pod_marks_free(marks);
	pod_reserve_give(pod, d->folio, true);
	/* Now: who waits for the region wants memory for it, in one piece. */
	wake_up_all(&pod->thawed);
}

static pod_injectable int copy_page_of_block(struct folio *to,
					     struct folio *from, unsigned int i)
{
	return copy_mc_highpage(folio_page(to, 0), folio_page(from, i)) ?
	       -EIO : 0;
}
ALLOW_ERROR_INJECTION(copy_page_of_block, ERRNO);

static int copy_data(struct pod_demotion *d)
{
	unsigned long first = pod_region_first(d->region);
	struct folio *to = list_first_entry(&d->pages, struct folio, lru);
	unsigned int i;
	int ret;

	for_each_set_bit(i, d->data, POD_REGION_PAGES) {
		ret = copy_page_of_block(to, d->folio, i);
		if (ret)
			return ret;
		pod_adopt_small(d->pod, to);
		to->index = first + i;
		pod_leaf_set(d->leaf, i, POD_PAGE_RAM, pod_handle(to));
		to = list_next_entry(to, lru);
	}
	return 0;
}

/* The float's pages must be as they were: zero, and nobody's. */
static void uncopy_data(struct pod_demotion *d)
{
	struct folio *folio;

	list_for_each_entry(folio, &d->pages, lru) {
		folio->mapping = NULL;
		pod_clear_hot(folio);
	}
	pod_float_return(d->pod, &d->pages, d->nr_data);
}

static void install_leaf(struct pod_demotion *d)
{
	struct pod *pod = d->pod;
	struct folio *folio, *next;
	struct pod_marks *marks;

	list_for_each_entry_safe(folio, next, &d->pages, lru)
		list_del(&folio->lru);
	pod_lock_region(pod, d->region);
	marks = pod_pmt_demote(&pod->pmt, pod_shard(), d->region, take_leaf(d));
	pod_unlock_region(pod, d->region);
	wake_up_all(&pod->thawed);
	demote_end(d);
	pod_marks_free(marks);
}

static int finish_copy(struct pod_demotion *d)
{
	struct pod *pod = d->pod;
	int ret;

	/* Whoever touches the region waits for us: not for the float's refill. */
	if (!mutex_trylock(&pod->flt.lock))
		return -EAGAIN;
	ret = pod_float_borrow(pod, &d->pages, d->nr_data);
	if (ret)
		goto out;
	ret = copy_data(d);
	if (ret) {
		uncopy_data(d);
		goto out;
	}
	leaf_fill_zeroes(d);
	install_leaf(d);
	pod_float_repay(pod, d->folio, d->nr_data);
out:
	mutex_unlock(&pod->flt.lock);
	return ret;
}

/*
 * Decide by what is in the block. One with a memory error that matters stays
 * where it is: its guest learns at the next touch.
 */
static int demote_by_content(struct pod_demotion *d, bool copy)
{
	if (unlikely(!scan(d))) {
		bitmap_fill(d->data, POD_REGION_PAGES);
		unmark_data(d);
		return -EIO;
	}
	if (!d->nr_data) {
		finish_zero(d);
		return 0;
	}
	/* A block full of data has nothing to give. */
	if (copy && d->nr_data < POD_REGION_PAGES)
		return finish_copy(d);
	unmark_data(d);
	return -ENODATA;
}

/* All that may have to wait for the host happens before the freeze. */
static int demote_prepare(struct pod_demotion *d, bool copy)
{
	if (copy)
		pod_float_ready(d->pod);
	d->leaf = pod_leaf_alloc(d->pod);
	return d->leaf ? 0 : -ENOMEM;
}

static int demote(struct pod_demotion *d, bool copy)
{
	struct pod *pod = d->pod;
	int ret = demote_prepare(d, copy);

	if (ret)
		return ret;
	ret = -EAGAIN;
	if (!demote_begin(d))
		goto out;
	ret = demote_by_content(d, copy);
	if (ret) {
		thaw(pod, d->region);
		demote_end(d);
		goto out;
	}
	pod_ledger_count(&pod->ledger, pod_shard(), POD_EVENT_DEMOTED,
			 !!d->nr_data);
	trace_kvm_pod_demote(pod->id, d->region, d->nr_data);
	ret = POD_REGION_PAGES - d->nr_data;
out:
	pod_leaf_free(pod, d->leaf);
	return ret;
}

int pod_demote(struct pod *pod, unsigned long region, bool copy)
{
	struct pod_demotion d = {
		.pod = pod,
		.region = region,
		.pages = LIST_HEAD_INIT(d.pages),
	};

	return demote(&d, copy);
}

int pod_demote_broken(struct pod *pod, unsigned long first, unsigned int nr)
{
	struct pod_demotion d = {
		.pod = pod,
		.region = pod_region(first),
		.lost = first % POD_REGION_PAGES,
		.nr_lost = nr,
		.pages = LIST_HEAD_INIT(d.pages),
	};

	return demote(&d, true);
}

int pod_demote_next(struct pod *pod, bool given)
{
	unsigned long region;

	if (!pod_pmt_pick_marked(&pod->pmt, given, &region))
		return -ENOENT;
	return pod_demote(pod, region, true);
}
