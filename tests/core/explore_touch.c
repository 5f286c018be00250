// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who uses the memory: a guest that writes, as in fault.c and populate.c,
 * somebody else who reads, and devices with references of their own.
 */
#include "explore.h"

#include <stdlib.h>

static void touch(struct actor *a);

static void drop(struct actor *a)
{
	a->folio->locker = NULL;
	a->folio->refs--;
}

static unsigned int place(const struct folio *folio, unsigned long index)
{
	return folio->nr > 1 ? index % POD_REGION_PAGES : 0;
}

/* The folio is locked and behind the page. */
static void touch_map(struct actor *a)
{
	map_folio(a->view, a->index, a->folio);
	drop(a);
	a->next = touch;
}

static void touch_check(struct actor *a)
{
	struct pod_slot slot;
	bool behind;

	lock_region(pod_region(a->index));
	slot = look(a->index);
	behind = !slot.frozen && slot.page == POD_PAGE_RAM &&
		 folio_of(slot.handle) == a->folio;
	unlock_region(pod_region(a->index));
	if (behind) {
		a->next = touch_map;
		return;
	}
	drop(a);
	a->next = touch;
}

static void touch_lock(struct actor *a)
{
	if (a->folio->locker)
		return;
	a->folio->locker = a;
	if (!makes(FAULT_TRUSTS_ITS_LOOK)) {
		a->next = touch_check;
		return;
	}
	a->folio->refs++;
	a->next = touch_map;
}

static void touch_give_back(struct actor *a)
{
	drop(a);
	stock_give(a->folio, true);
	a->next = touch;
}

static void touch_populated(struct actor *a, bool zero, unsigned long first,
			    unsigned long nr)
{
	a->first = first;
	a->nr = nr;
	if (zero)
		recall(a, touch_map);
	else
		a->next = touch_map;
}

static void populate_huge(struct actor *a)
{
	unsigned long region = pod_region(a->index);
	bool ok, zero = false;

	a->folio->locker = a;
	a->folio->refs++;
	lock_region(region);
	ok = pod_pmt_is_hole(&w.pmt, region) || makes(NO_LOOK_BEFORE_POPULATE);
	if (ok)
		zero = pod_pmt_populate_huge(&w.pmt, 0, region,
					     handle_of_folio(a->folio));
	unlock_region(region);
	if (!ok)
		touch_give_back(a);
	else
		touch_populated(a, zero, pod_region_first(region),
				POD_REGION_PAGES);
}

static void populate_small(struct actor *a)
{
	unsigned long region = pod_region(a->index);
	bool ok, zero = false;
	struct pod_slot slot;

	a->folio->locker = a;
	a->folio->refs++;
	lock_region(region);
	slot = look(a->index);
	ok = slot.region == POD_SMALL &&
	     (slot.page != POD_PAGE_RAM || makes(NO_LOOK_BEFORE_POPULATE));
	if (ok)
		zero = pod_pmt_populate_page(&w.pmt, 1, a->index,
					     handle_of_folio(a->folio));
	unlock_region(region);
	if (!ok)
		touch_give_back(a);
	else
		touch_populated(a, zero, a->index, 1);
}

static void make_small(struct actor *a)
{
	struct pod_leaf *leaf = zalloc_leaf(sizeof(*leaf));
	unsigned long region = pod_region(a->index);
	struct pod_slot slot;
	bool zero = false;

	lock_region(region);
	slot = look(a->index);
	if (slot.region == POD_HOLE) {
		zero = pod_pmt_split_hole(&w.pmt, 0, region, leaf);
		leaf = NULL;
	}
	unlock_region(region);
	free(leaf);
	a->first = pod_region_first(region);
	a->nr = POD_REGION_PAGES;
	if (slot.region == POD_HUGE) {
		stock_give(a->folio, true);
		a->next = touch;
	} else if (zero) {
		recall(a, populate_small);
	} else {
		a->next = populate_small;
	}
}

/* No memory: the guest does something else first. */
static void touch_take(struct actor *a, const struct pod_slot *slot)
{
	bool hole = slot->region == POD_HOLE;

	a->folio = NULL;
	if (hole && slot->page == POD_PAGE_POD)
		a->folio = stock_take(POD_STOCK_HUGE);
	if (a->folio) {
		a->next = populate_huge;
		return;
	}
	a->folio = stock_take(POD_STOCK_SMALL);
	if (!a->folio)
		a->next = NULL;
	else
		a->next = hole ? make_small : populate_small;
}

/* Slow at times: long enough for others to populate what was a hole. */
static void zero_map(struct actor *a)
{
	if (a->i) {
		a->i--;
		return;
	}
	for (; a->nr; a->nr--, a->first++)
		if (!w.pte[a->view][a->first].folio)
			w.pte[a->view][a->first].zero = true;
	w.zero_locker = NULL;
	a->next = touch;
}

/* The zero folio is locked: is it still right, and let it be known. */
static void zero_check(struct actor *a)
{
	unsigned long region = pod_region(a->index);
	struct pod_slot slot;

	lock_region(region);
	slot = look(a->index);
	if (slot.page != POD_PAGE_RAM)
		pod_pmt_set_zero(&w.pmt, a->index);
	unlock_region(region);
	a->first = slot.region == POD_HOLE ? pod_region_first(region) :
					     a->index;
	a->nr = slot.region == POD_HOLE ? POD_REGION_PAGES : 1;
	a->i = pick(2) * pick(20);
	if (slot.page != POD_PAGE_RAM) {
		a->next = zero_map;
		return;
	}
	w.zero_locker = NULL;
	a->next = touch;
}

static void zero_lock(struct actor *a)
{
	if (w.zero_locker)
		return;
	w.zero_locker = a;
	a->next = zero_check;
}

static void touch_fault(struct actor *a)
{
	unsigned long region = pod_region(a->index);
	struct pod_slot slot;

	lock_region(region);
	slot = look(a->index);
	if (!slot.frozen && slot.page == POD_PAGE_RAM) {
		a->folio = folio_of(slot.handle);
		a->folio->refs += !makes(FAULT_TRUSTS_ITS_LOOK);
	}
	unlock_region(region);
	if (slot.frozen)
		return;
	if (slot.page == POD_PAGE_RAM)
		a->next = touch_lock;
	else if (a->write)
		touch_take(a, &slot);
	else
		a->next = zero_lock;
}

static void touch_done(struct actor *a, u8 *byte)
{
	if (a->write && !w.discarding[a->index])
		*byte = w.expect[a->index] = a->value;
	else if (!w.discarding[a->index] && *byte != w.expect[a->index])
		fail("a reader sees what is not there any more");
	a->next = NULL;
}

static void touch(struct actor *a)
{
	struct pte *pte = &w.pte[a->view][a->index];
	u8 zero = 0;

	if (pte->folio) {
		touch_done(a, &pte->folio->data[place(pte->folio, a->index)]);
	} else if (pte->zero && !a->write) {
		touch_done(a, &zero);
	} else if (pte->zero) {
		/* As in page_mkwrite(): the fault after this one populates. */
		a->first = a->index;
		a->nr = 1;
		unmap_all(a, touch_fault);
	} else {
		a->next = touch_fault;
	}
}

/* Zeroes often: a scrubber. */
void touch_begin(struct actor *a)
{
	a->index = pick(NR_PAGES);
	a->value = pick(2) ? 1 + pick(255) : 0;
	a->write = true;
	a->next = touch;
}

void read_begin(struct actor *a)
{
	a->index = pick(NR_PAGES);
	a->write = false;
	a->next = touch;
}

static void device_put(struct actor *a)
{
	a->folio->refs--;
	a->next = NULL;
}

/* The device takes its time; its driver knows of discards. */
static void device_write(struct actor *a)
{
	if (a->i) {
		a->i--;
		return;
	}
	if (w.discarding[a->index])
		return;
	a->folio->data[place(a->folio, a->index)] = a->value;
	w.expect[a->index] = a->value;
	a->next = device_put;
}

/* Takes a reference through a page table, as fast GUP does. */
void device_begin(struct actor *a)
{
	a->index = pick(NR_PAGES);
	a->folio = w.pte[a->view][a->index].folio;
	if (!a->folio || w.discarding[a->index])
		return;
	a->folio->refs++;
	a->value = pick(256);
	a->i = pick(20);
	a->next = device_write;
}
