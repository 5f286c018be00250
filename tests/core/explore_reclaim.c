// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who takes memory from a guest: demotion and sweep, as in demote.c and
 * small.c, and the one who moves the target.
 */
#include "explore.h"

#include <stdlib.h>
#include <string.h>

static unsigned int count(const bool *pages)
{
	unsigned int i, nr = 0;

	for (i = 0; i < POD_REGION_PAGES; i++)
		nr += pages[i];
	return nr;
}

static void demote_out(struct actor *a)
{
	a->folio->locker = NULL;
	a->folio->refs--;
	free(a->leaf);
	a->leaf = NULL;
	a->next = NULL;
}

static void demote_thaw(struct actor *a)
{
	lock_region(a->first / POD_REGION_PAGES);
	if (!makes(NO_FREEZE))
		pod_pmt_thaw(&w.pmt, a->first / POD_REGION_PAGES);
	unlock_region(a->first / POD_REGION_PAGES);
	demote_out(a);
}

static bool still_huge(struct actor *a)
{
	struct pod_slot slot = look(a->first);

	if (slot.region == POD_HUGE && folio_of(slot.handle) == a->folio)
		return true;
	fail("a block went away while it was in use");
	return false;
}

static void demote_install(struct actor *a)
{
	unsigned long region = pod_region(a->first);
	unsigned int i;

	for (i = 0; i < POD_REGION_PAGES; i++)
		if (!a->data[i])
			pod_leaf_set(a->leaf, i, a->was_given[i] ?
				     POD_PAGE_GIVEN : POD_PAGE_POD, 0);
	lock_region(region);
	if (still_huge(a)) {
		free(pod_pmt_demote(&w.pmt, 0, region, a->leaf));
		a->leaf = NULL;
	}
	unlock_region(region);
	demote_out(a);
}

/* The float keeps as many pages as it lent; the rest is reserve. */
static void break_block(struct actor *a)
{
	unsigned int i;
	struct folio *f;

	for (i = 0; i < POD_REGION_PAGES; i++) {
		f = folio_new(1);
		if (i < a->nr_list)
			w.spare[w.nr_spare++] = f;
		else
			stock_give(f, true);
	}
	a->folio->nr = 0;
}

static void demote_finish_copy(struct actor *a)
{
	demote_install(a);
	if (!w.error)
		break_block(a);
	w.float_busy = false;
}

static void demote_copy(struct actor *a)
{
	struct folio *to;

	while (a->i < POD_REGION_PAGES && !a->data[a->i])
		a->i++;
	if (a->i == POD_REGION_PAGES) {
		a->next = demote_finish_copy;
		return;
	}
	to = w.spare[--w.nr_spare];
	to->data[0] = a->folio->data[a->i];
	pod_leaf_set(a->leaf, a->i, POD_PAGE_RAM, handle_of_folio(to));
	a->nr_list++;
	a->i++;
}

static void demote_finish_zero(struct actor *a)
{
	unsigned int given = count(a->was_given);
	unsigned long region = pod_region(a->first);
	bool all = given == POD_REGION_PAGES;

	if (given && !all) {
		demote_install(a);
	} else {
		lock_region(region);
		if (still_huge(a))
			free(pod_pmt_clear_region(&w.pmt, 0, region, all));
		unlock_region(region);
		demote_out(a);
	}
	if (!w.error)
		stock_give(a->folio, true);
}

static void unmark_data(struct actor *a)
{
	unsigned int i;

	lock_region(pod_region(a->first));
	for (i = 0; i < POD_REGION_PAGES; i++)
		if (a->data[i] && still_huge(a))
			free(pod_pmt_unmark(&w.pmt, 0, a->first + i, 1));
	unlock_region(pod_region(a->first));
	a->next = demote_thaw;
}

static void demote_decide(struct actor *a)
{
	unsigned int nr = count(a->data);

	a->i = 0;
	a->nr_list = 0;
	if (!nr) {
		a->next = demote_finish_zero;
	} else if (a->copy && nr < POD_REGION_PAGES && !w.float_busy) {
		w.float_busy = true;
		a->next = demote_copy;
	} else {
		unmark_data(a);
	}
}

static void scan_one(struct actor *a, unsigned int i)
{
	struct pod_marks *marks;
	bool marked;

	lock_region(pod_region(a->first));
	marks = pod_pmt_marks(&w.pmt, pod_region(a->first));
	marked = marks && test_bit(i, marks->marked);
	unlock_region(pod_region(a->first));
	if (a->folio->data[i] && !(marked && makes(MARKS_ARE_TRUSTED)))
		a->data[i] = true;
}

static void demote_scan(struct actor *a)
{
	if (a->i < POD_REGION_PAGES)
		scan_one(a, a->i++);
	else
		a->next = demote_decide;
}

/* Unmapped and frozen: is ours the only reference left? */
static void demote_alone(struct actor *a)
{
	struct pod_marks *marks;
	unsigned int i;
	bool alone;

	lock_region(pod_region(a->first));
	alone = a->folio->refs == 2 || makes(NO_REFERENCE_TEST) ||
		(makes(REFERENCES_TESTED_BEFORE_UNMAP) && a->alone);
	marks = pod_pmt_marks(&w.pmt, pod_region(a->first));
	for (i = 0; i < POD_REGION_PAGES; i++)
		a->was_given[i] = marks && test_bit(i, marks->given);
	unlock_region(pod_region(a->first));
	a->i = 0;
	if (!alone)
		a->next = demote_thaw;
	else
		a->next = makes(ZERO_DECIDED_BEFORE_UNMAP) ? demote_decide :
							     demote_scan;
}

static int mappings_of(const struct actor *a)
{
	unsigned int view, i;
	int nr = 0;

	for (view = 0; view < NR_VIEWS; view++)
		for (i = 0; i < a->nr; i++)
			nr += !!w.pte[view][a->first + i].folio;
	return nr;
}

static void demote_freeze(struct actor *a)
{
	unsigned long region = pod_region(a->first);
	struct pod_slot slot;
	unsigned int i;
	bool ok;

	memset(a->data, 0, sizeof(a->data));
	a->alone = a->folio->refs == 2 + mappings_of(a);
	if (makes(ZERO_DECIDED_BEFORE_UNMAP))
		for (i = 0; i < POD_REGION_PAGES; i++)
			scan_one(a, i);
	lock_region(region);
	slot = look(a->first);
	ok = slot.region == POD_HUGE && !slot.frozen &&
	     folio_of(slot.handle) == a->folio;
	if (ok && !makes(NO_FREEZE))
		pod_pmt_freeze(&w.pmt, region);
	unlock_region(region);
	if (!ok)
		demote_out(a);
	else
		unmap_all(a, demote_alone);
}

static void demote_lock(struct actor *a)
{
	if (a->folio->locker) {
		a->folio->refs--;
		free(a->leaf);
		a->leaf = NULL;
		a->next = NULL;
		return;
	}
	a->folio->locker = a;
	a->next = demote_freeze;
}

void demote_begin(struct actor *a)
{
	unsigned long region = pick(NR_REGIONS);
	struct pod_slot slot;

	a->first = pod_region_first(region);
	a->nr = POD_REGION_PAGES;
	a->copy = pick(2);
	lock_region(region);
	slot = look(a->first);
	if (slot.region == POD_HUGE && !slot.frozen) {
		a->folio = folio_of(slot.handle);
		a->folio->refs++;
		a->leaf = zalloc_leaf(sizeof(*a->leaf));
		a->next = demote_lock;
	}
	unlock_region(region);
}

void collapse_step(struct actor *a)
{
	unsigned long region = pod_region(a->first);

	lock_region(region);
	free(pod_pmt_collapse(&w.pmt, 1, region));
	unlock_region(region);
	a->next = NULL;
}

/* One page of those that were locked and unmapped. */
static void sweep_detach(struct actor *a)
{
	struct folio *f = a->list[a->i];
	bool alone, zero;

	if (!f && ++a->i == POD_REGION_PAGES)
		a->next = collapse_step;
	if (!f)
		return;
	lock_region(pod_region(a->first));
	alone = f->refs == 2 || makes(NO_REFERENCE_TEST);
	zero = alone && (!f->data[0] || makes(NO_ZERO_CHECK));
	if (zero)
		pod_pmt_clear_page(&w.pmt, 1, a->first + a->i,
				   pod_pmt_parked_given(&w.pmt,
							a->first + a->i));
	else if (alone)
		pod_pmt_unpark_page(&w.pmt, 1, a->first + a->i);
	unlock_region(pod_region(a->first));
	f->locker = NULL;
	f->refs--;
	if (zero)
		stock_give(f, true);
	a->list[a->i] = NULL;
}

/* The filter: those that look zero now. */
static void sweep_collect(struct actor *a, unsigned int i)
{
	struct pod_slot slot = look(a->first + i);
	struct folio *f;

	a->list[i] = NULL;
	if (slot.region != POD_SMALL || slot.page != POD_PAGE_RAM)
		return;
	f = folio_of(slot.handle);
	if (f->locker || (f->data[0] && !slot.parked))
		return;
	f->locker = a;
	f->refs++;
	a->list[i] = f;
	a->nr_list++;
}

void sweep_begin(struct actor *a)
{
	unsigned long region = pick(NR_REGIONS);
	unsigned int i;

	a->first = pod_region_first(region);
	a->nr = POD_REGION_PAGES;
	a->i = 0;
	a->nr_list = 0;
	lock_region(region);
	for (i = 0; i < POD_REGION_PAGES; i++)
		sweep_collect(a, i);
	unlock_region(region);
	if (!a->nr_list)
		return;
	unmap_all(a, sweep_detach);
}

static void release_one(void)
{
	struct folio *f = stock_take(POD_STOCK_SMALL);

	if (!f)
		return;
	if (pod_ledger_try_release(&w.ledger, 1))
		f->nr = 0;
	else
		stock_give(f, true);
}

/* The host is asked, gives, and only then it is counted. */
static void overdraw_one(void)
{
	u64 reserve = w.ledger.owned - pod_ledger_gauge(&w.ledger,
							POD_GAUGE_POPULATED);

	if (!reserve && w.ledger.owned < NR_PAGES &&
	    pod_ledger_overdraw(&w.ledger, 1, 4))
		stock_give(folio_new(1), true);
}

static void raise_one(void)
{
	if (w.ledger.owned >= NR_PAGES || w.ledger.target >= NR_PAGES)
		return;
	pod_ledger_raise(&w.ledger, 1);
	stock_give(folio_new(1), true);
}

/* One step each: the ledger has no others. */
void target_begin(struct actor *a)
{
	(void)a;
	switch (pick(6)) {
	case 0:
		pod_ledger_set_target(&w.ledger, NR_PAGES / 2 +
				      pick(NR_PAGES / 2 + 1));
		break;
	case 1:
		raise_one();
		break;
	case 2:
		overdraw_one();
		break;
	default:
		release_one();
	}
}
