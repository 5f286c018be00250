// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who gives memory up, and takes it back: as in discard.c and small.c.
 */
#include "explore.h"

#include <stdlib.h>

static void discard_look(struct actor *a);

static bool is_whole(const struct actor *a)
{
	return a->nr == POD_REGION_PAGES;
}

/* Reads as zero from here on. */
static void discard_done(struct actor *a)
{
	unsigned long i;

	for (i = a->index; i < a->index + a->i; i++) {
		w.expect[i] = 0;
		w.discarding[i] = false;
	}
	a->next = NULL;
}

static void discard_collapse(struct actor *a)
{
	collapse_step(a);
	discard_done(a);
}

static void unlock_put(struct actor *a)
{
	a->folio->locker = NULL;
	a->folio->refs--;
}

static void clear_folio(struct folio *f, unsigned long first, unsigned long nr)
{
	while (nr--)
		f->data[first++ % POD_REGION_PAGES] = 0;
}

static void discard_hole(struct actor *a)
{
	struct pod_leaf *leaf = zalloc_leaf(sizeof(*leaf));
	unsigned long region = pod_region(a->first), i;
	struct pod_slot slot;
	bool zero = false;

	lock_region(region);
	slot = look(a->first);
	if (slot.region == POD_HOLE && is_whole(a)) {
		free(pod_pmt_clear_region(&w.pmt, 0, region, a->given));
	} else if (slot.region == POD_HOLE) {
		zero = pod_pmt_split_hole(&w.pmt, 0, region, leaf);
		leaf = NULL;
		for (i = 0; i < a->nr; i++)
			pod_pmt_clear_page(&w.pmt, 0, a->first + i, a->given);
	}
	unlock_region(region);
	free(leaf);
	if (slot.region != POD_HOLE) {
		a->next = discard_look;
		return;
	}
	a->first = pod_region_first(region);
	a->nr = POD_REGION_PAGES;
	if (zero)
		recall(a, discard_done);
	else
		a->next = discard_done;
}

static bool mark_pages(struct actor *a)
{
	struct pod_marks *new = zalloc_leaf(sizeof(*new));
	unsigned long region = pod_region(a->first);
	struct pod_slot slot;
	bool full = false;

	lock_region(region);
	slot = look(a->first);
	if (slot.region != POD_HUGE || folio_of(slot.handle) != a->folio) {
		fail("a block went away under a reference");
	} else {
		if (pod_pmt_mark(&w.pmt, 0, a->first, a->nr, a->given, new))
			new = NULL;
		full = pod_pmt_marks(&w.pmt, region)->nr_marked ==
		       POD_REGION_PAGES;
	}
	unlock_region(region);
	free(new);
	return full;
}

static void mark_in_place(struct actor *a)
{
	mark_pages(a);
	a->folio->refs--;
	discard_done(a);
}

/* A part of a block: our reference keeps it where it is. */
static void clear_in_place(struct actor *a)
{
	if (!makes(DISCARD_MARKS_ONLY))
		clear_folio(a->folio, a->first, a->nr);
	a->next = mark_in_place;
}

static void park_block(struct actor *a)
{
	clear_folio(a->folio, a->first, a->nr);
	if (mark_pages(a)) {
		lock_region(pod_region(a->first));
		pod_pmt_park_region(&w.pmt, 0, pod_region(a->first), true);
		unlock_region(pod_region(a->first));
	}
	unlock_put(a);
	discard_done(a);
}

static void detach_block(struct actor *a)
{
	unsigned long region = pod_region(a->first);
	bool alone;

	lock_region(region);
	alone = a->folio->refs == 2 || makes(NO_REFERENCE_TEST);
	if (alone)
		free(pod_pmt_clear_region(&w.pmt, 0, region, a->given));
	unlock_region(region);
	if (!alone) {
		a->next = park_block;
		return;
	}
	unlock_put(a);
	stock_give(a->folio, false);
	a->next = discard_done;
}

static void lock_block(struct actor *a)
{
	struct pod_slot slot;
	bool behind;

	if (a->folio->locker)
		return;
	a->folio->locker = a;
	lock_region(pod_region(a->first));
	slot = look(a->first);
	behind = slot.region == POD_HUGE && !slot.frozen &&
		 folio_of(slot.handle) == a->folio;
	unlock_region(pod_region(a->first));
	if (!behind) {
		unlock_put(a);
		a->next = discard_look;
	} else {
		unmap_all(a, detach_block);
	}
}

static void detach_small(struct actor *a, unsigned int i)
{
	struct folio *f = a->list[i];
	bool alone;

	if (!f)
		return;
	lock_region(pod_region(a->first));
	alone = f->refs == 2 || makes(NO_REFERENCE_TEST);
	if (alone) {
		pod_pmt_clear_page(&w.pmt, 0, a->first + i, a->given);
	} else {
		f->data[0] = 0;
		pod_pmt_park_page(&w.pmt, 0, a->first + i, a->given);
	}
	unlock_region(pod_region(a->first));
	f->locker = NULL;
	f->refs--;
	if (alone)
		stock_give(f, false);
	a->list[i] = NULL;
}

static void detach_smalls(struct actor *a)
{
	unsigned int i;

	for (i = 0; i < a->nr; i++)
		detach_small(a, i);
	a->next = discard_collapse;
}

/* The region's lock is held. False if a page is locked by somebody. */
static bool collect_smalls(struct actor *a)
{
	struct pod_slot slot;
	unsigned int i;

	for (i = 0; i < a->nr; i++) {
		slot = look(a->first + i);
		if (slot.page == POD_PAGE_RAM &&
		    folio_of(slot.handle)->locker)
			return false;
	}
	for (i = 0; i < a->nr; i++) {
		slot = look(a->first + i);
		a->list[i] = NULL;
		if (slot.page != POD_PAGE_RAM) {
			pod_pmt_clear_page(&w.pmt, 0, a->first + i, a->given);
			continue;
		}
		a->list[i] = folio_of(slot.handle);
		a->list[i]->locker = a;
		a->list[i]->refs++;
	}
	return true;
}

static void discard_smalls(struct actor *a)
{
	unsigned long region = pod_region(a->first);
	bool small, ok = false;

	lock_region(region);
	small = look(a->first).region == POD_SMALL;
	if (small)
		ok = collect_smalls(a);
	unlock_region(region);
	if (!small)
		a->next = discard_look;
	else if (ok)
		unmap_all(a, detach_smalls);
}

static void discard_look(struct actor *a)
{
	struct pod_slot slot;

	lock_region(pod_region(a->first));
	slot = look(a->first);
	if (slot.region == POD_HUGE && !slot.frozen) {
		a->folio = folio_of(slot.handle);
		a->folio->refs++;
	}
	unlock_region(pod_region(a->first));
	if (slot.frozen)
		return;
	if (slot.region == POD_HOLE)
		a->next = discard_hole;
	else if (slot.region == POD_SMALL)
		a->next = discard_smalls;
	else
		a->next = is_whole(a) ? lock_block : clear_in_place;
}

void discard_begin(struct actor *a)
{
	unsigned long region = pick(NR_REGIONS), i;
	unsigned int at = pick(2) ? pick(POD_REGION_PAGES) : 0;

	a->first = pod_region_first(region) + at;
	a->nr = at ? 1 + pick(POD_REGION_PAGES - at) : POD_REGION_PAGES;
	a->given = pick(2);
	for (i = a->first; i < a->first + a->nr; i++)
		if (w.discarding[i])
			return;
	for (i = a->first; i < a->first + a->nr; i++)
		w.discarding[i] = true;
	a->index = a->first;
	a->i = a->nr;
	a->next = discard_look;
}

/* In one locked section; what it does to pages in use is nothing. */
void deflate_begin(struct actor *a)
{
	unsigned long region = pick(NR_REGIONS), first, i;
	struct pod_slot slot;

	first = pod_region_first(region);
	lock_region(region);
	slot = look(first);
	if (slot.region == POD_HOLE && slot.page == POD_PAGE_GIVEN)
		free(pod_pmt_clear_region(&w.pmt, 0, region, false));
	else if (slot.region == POD_HUGE && !slot.frozen)
		free(pod_pmt_unmark(&w.pmt, 0, first, POD_REGION_PAGES));
	for (i = first; i < first + POD_REGION_PAGES; i++) {
		slot = look(i);
		if (slot.region != POD_SMALL)
			break;
		if (slot.page == POD_PAGE_GIVEN)
			pod_pmt_clear_page(&w.pmt, 0, i, false);
		else if (slot.parked)
			pod_pmt_unpark_page(&w.pmt, 0, i);
	}
	unlock_region(region);
	a->first = first;
	collapse_step(a);
}
