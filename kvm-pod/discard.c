// SPDX-License-Identifier: GPL-2.0-only
/*
 * Discard, region by region. Each step looks the region up under its lock and
 * reports back when another one was faster; the loop then looks again.
 */
#include "discard.h"

#include <linux/highmem.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>

#include "alloc.h"
#include "clear.h"
#include "demote.h"
#include "reserve.h"
#include "small.h"
#include "trace.h"
#include "work.h"
#include "zerofolio.h"

/**
 * struct pod_span - pages of one region
 * @first: the first page
 * @nr: how many, all in the region of @first
 * @given: discard: by the balloon
 */
struct pod_span {
	unsigned long first;
	unsigned long nr;
	bool given;
};

static bool span_is_whole(const struct pod_span *span)
{
	return span->nr == POD_REGION_PAGES;
}

/*
 * Set the pages of a HOLE, or the part of it, to GIVEN or POD. A part needs a
 * leaf; without one the pages stay as they are, which reads the same.
 */
static bool set_hole(struct pod *pod, const struct pod_span *span)
{
	unsigned long region = pod_region(span->first);
	struct pod_leaf *leaf = NULL;
	bool whole = span_is_whole(span);
	struct pod_slot slot;
	bool zero = false;
	unsigned long i;

	if (!whole) {
		leaf = pod_leaf_try(pod);
		if (!leaf)
			return true;
	}
	pod_lock_region(pod, region);
	slot = pod_pmt_lookup(&pod->pmt, span->first);
	if (slot.region != POD_HOLE) {
		pod_unlock_region(pod, region);
		pod_leaf_free(pod, leaf);
		return false;
	}
	if (whole) {
		pod_pmt_clear_region(&pod->pmt, pod_shard(), region,
				     span->given);
	} else {
		zero = pod_pmt_split_hole(&pod->pmt, pod_shard(), region,
					  leaf);
		for (i = 0; i < span->nr; i++)
			pod_pmt_clear_page(&pod->pmt, pod_shard(),
					   span->first + i, span->given);
	}
	pod_unlock_region(pod, region);
	if (zero)
		pod_zero_recall(pod, pod_region_first(region),
				POD_REGION_PAGES);
	return true;
}

static bool discard_hole(struct pod *pod, const struct pod_span *span,
			 enum pod_page page)
{
	if ((page == POD_PAGE_GIVEN) == span->given)
		return true;
	/* Punched, and given before: it may be touched without notice now. */
	return set_hole(pod, span);
}

/*
 * Detach a whole block: folio locked, unmapped, and nobody refers to it. The
 * caller's reference and lock are dropped.
 */
static bool detach_block(struct pod *pod, unsigned long region,
			 struct folio *folio, bool given)
{
	struct pod_marks *marks = NULL;
	bool alone;

	pod_unmap(pod, pod_region_first(region), POD_REGION_PAGES);
	pod_lock_region(pod, region);
	alone = pod_is_alone(pod, folio);
	if (alone)
		marks = pod_pmt_clear_region(&pod->pmt, pod_shard(), region,
					     given);
	pod_unlock_region(pod, region);
	if (!alone)
		return false;
	folio_unlock(folio);
	folio_put(folio);
	pod_marks_free(marks);
	pod_reserve_give(pod, folio, false);
	return true;
}

/* Does the region need marks that do not exist yet? */
static struct pod_marks *marks_prepare(struct pod *pod, unsigned long region)
{
	bool have;

	pod_lock_region(pod, region);
	have = pod_pmt_marks(&pod->pmt, region);
	pod_unlock_region(pod, region);
	return have ? NULL : pod_marks_alloc(pod);
}

/*
 * Mark pages that were cleared in place; our reference keeps the block where
 * it is. Without memory for marks they are merely cleared: the promise holds,
 * only the hint is lost.
 *
 * Return: true if all of the region is marked now.
 */
static bool mark(struct pod *pod, const struct pod_span *span)
{
	unsigned long region = pod_region(span->first);
	struct pod_marks *new = marks_prepare(pod, region);
	struct pod_marks *marks;
	bool full = false;

	pod_lock_region(pod, region);
	marks = pod_pmt_marks(&pod->pmt, region);
	if (marks || new) {
		if (pod_pmt_mark(&pod->pmt, pod_shard(), span->first, span->nr,
				 span->given, new))
			new = NULL;
		marks = pod_pmt_marks(&pod->pmt, region);
		full = marks->nr_marked == POD_REGION_PAGES;
	}
	pod_unlock_region(pod, region);
	pod_marks_free(new);
	return full;
}

/* Somebody refers to the block: clear it and leave it where it is. */
static void park_block(struct pod *pod, const struct pod_span *span,
		       struct folio *folio)
{
	unsigned long region = pod_region(span->first);

	pod_clear_hot(folio);
	WRITE_ONCE(pod->parked, true);
	mark(pod, span);
	pod_lock_region(pod, region);
	pod_pmt_park_region(&pod->pmt, pod_shard(), region, true);
	pod_unlock_region(pod, region);
}

static bool discard_block(struct pod *pod, const struct pod_span *span,
			  struct folio *folio)
{
	unsigned long region = pod_region(span->first);
	bool behind;

	folio_lock(folio);
	behind = pod_is_behind(pod, span->first, folio);
	if (behind && detach_block(pod, region, folio, span->given))
		return true;
	if (behind)
		park_block(pod, span, folio);
	folio_unlock(folio);
	folio_put(folio);
	return behind;
}

static bool is_broken(const struct pod_span *span, struct folio *folio)
{
	unsigned int first = span->first % POD_REGION_PAGES;
	unsigned int i;

	for (i = first; i < first + span->nr; i++)
		if (unlikely(PageHWPoison(folio_page(folio, i))))
			return true;
	return false;
}

/*
 * A part of a block: the 2 MiB mapping lives on. But what is broken cannot be
 * cleared: the block is taken out of service, and the rest of it moves.
 */
static bool discard_in_place(struct pod *pod, const struct pod_span *span,
			     struct folio *folio)
{
	bool full, broken;

	pod_clear_pages(folio, span->first % POD_REGION_PAGES, span->nr);
	full = mark(pod, span);
	broken = is_broken(span, folio);
	folio_put(folio);
	if (unlikely(broken))
		pod_demote_broken(pod, span->first, span->nr);
	else if (full)
		pod_demote(pod, pod_region(span->first), false);
	return true;
}

/* One look and one step. True if the span is done. */
static bool discard_step(struct pod *pod, const struct pod_span *span)
{
	struct pod_slot slot;
	struct folio *folio = pod_look(pod, span->first, &slot);

	if (slot.frozen) {
		pod_wait_thawed(pod, pod_region(span->first));
		return false;
	}
	switch (slot.region) {
	case POD_HOLE:
		return discard_hole(pod, span, slot.page);
	case POD_HUGE:
		if (span_is_whole(span))
			return discard_block(pod, span, folio);
		return discard_in_place(pod, span, folio);
	case POD_SMALL:
		if (folio)
			folio_put(folio);
		return pod_small_discard(pod, span->first, span->nr,
					 span->given);
	}
	return true;
}

static struct pod_span next_span(unsigned long first, unsigned long nr,
				 bool given)
{
	unsigned long room = POD_REGION_PAGES - first % POD_REGION_PAGES;

	return (struct pod_span){
		.first = first,
		.nr = min(nr, room),
		.given = given,
	};
}

int pod_discard(struct pod *pod, unsigned long first, unsigned long nr,
		bool given)
{
	struct pod_span span;
	unsigned long left;
	int ret = 0;

	for (left = nr; left; left -= span.nr, first += span.nr) {
		if (fatal_signal_pending(current)) {
			ret = -EINTR;
			break;
		}
		span = next_span(first, left, given);
		while (!discard_step(pod, &span))
			cond_resched();
		trace_kvm_pod_discard(pod->id, span.first, span.nr, given);
		cond_resched();
	}
	pod_ledger_count(&pod->ledger, pod_shard(), POD_EVENT_DISCARDED,
			 nr - left);
	pod_work_kick_if_due(pod);
	pod_shrink_kick(pod);
	pod_event_kick(pod);
	return ret;
}

void pod_discard_partial(struct pod *pod, unsigned long index,
			 unsigned int offset, unsigned int len)
{
	struct pod_slot slot;
	struct folio *folio;
	struct page *page;

	while (!(folio = pod_look(pod, index, &slot)) && slot.frozen)
		pod_wait_thawed(pod, pod_region(index));
	if (!folio)
		return;
	page = folio_page(folio, index % folio_nr_pages(folio));
	memzero_page(page, offset, len);
	folio_put(folio);
}

/* The guest takes back what it gave up inside a block. */
static bool deflate_huge(struct pod *pod, const struct pod_span *span)
{
	unsigned long region = pod_region(span->first);
	struct pod_marks *marks = NULL;
	struct pod_slot slot;
	bool ok;

	pod_lock_region(pod, region);
	slot = pod_pmt_lookup(&pod->pmt, span->first);
	ok = slot.region == POD_HUGE && !slot.frozen;
	if (ok)
		marks = pod_pmt_unmark(&pod->pmt, pod_shard(), span->first,
				       span->nr);
	pod_unlock_region(pod, region);
	pod_marks_free(marks);
	return ok;
}

static bool deflate_step(struct pod *pod, const struct pod_span *span)
{
	struct pod_slot slot;

	pod_lock_region(pod, pod_region(span->first));
	slot = pod_pmt_lookup(&pod->pmt, span->first);
	pod_unlock_region(pod, pod_region(span->first));
	if (slot.frozen) {
		pod_wait_thawed(pod, pod_region(span->first));
		return false;
	}
	switch (slot.region) {
	case POD_HOLE:
		return slot.page != POD_PAGE_GIVEN || set_hole(pod, span);
	case POD_HUGE:
		return deflate_huge(pod, span);
	case POD_SMALL:
		return pod_small_deflate(pod, span->first, span->nr);
	}
	return true;
}

int pod_deflate(struct pod *pod, unsigned long first, unsigned long nr)
{
	struct pod_span span;
	int ret = 0;

	for (; nr; nr -= span.nr, first += span.nr) {
		if (fatal_signal_pending(current)) {
			ret = -EINTR;
			break;
		}
		span = next_span(first, nr, false);
		while (!deflate_step(pod, &span))
			cond_resched();
		cond_resched();
	}
	pod_event_kick(pod);
	return ret;
}

static bool reset_region(struct pod *pod, unsigned long region)
{
	struct pod_leaf *leaf = NULL;
	struct pod_slot slot;

	pod_lock_region(pod, region);
	slot = pod_pmt_lookup(&pod->pmt, pod_region_first(region));
	if (!slot.frozen) {
		pod_pmt_forget_given(&pod->pmt, pod_shard(), region);
		leaf = pod_pmt_collapse(&pod->pmt, pod_shard(), region);
	}
	pod_unlock_region(pod, region);
	pod_leaf_free(pod, leaf);
	if (slot.frozen)
		pod_wait_thawed(pod, region);
	return !slot.frozen;
}

int pod_balloon_reset(struct pod *pod)
{
	unsigned long region;
	int ret = 0;

	for (region = 0; region < pod->pmt.nr_regions; region++) {
		if (fatal_signal_pending(current)) {
			ret = -EINTR;
			break;
		}
		while (!reset_region(pod, region))
			cond_resched();
		cond_resched();
	}
	pod_event_kick(pod);
	return ret;
}
