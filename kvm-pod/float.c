// SPDX-License-Identifier: GPL-2.0-only
/*
 * The float owns its pages; what it lends and gets back leaves its size, F,
 * as it was.
 */
#include "float.h"

#include "alloc.h"
#include "reserve.h"
#include "work.h"

void pod_float_init(struct pod *pod)
{
	mutex_init(&pod->flt.lock);
	INIT_LIST_HEAD(&pod->flt.small);
	pod->flt.nr_small = 0;
	pod->flt.huge = NULL;
}

static void float_alloc(struct pod *pod)
{
	struct pod_float *f = &pod->flt;
	u64 before = f->nr_small;
	struct folio *folio;

	while (f->nr_small < pod_float_pages(pod)) {
		folio = pod_alloc_small(pod);
		if (!folio)
			break;
		list_add(&folio->lru, &f->small);
		WRITE_ONCE(f->nr_small, f->nr_small + 1);
		cond_resched();
	}
	pod_ledger_float(&pod->ledger, f->nr_small - before);
}

static void float_free(struct pod *pod, struct folio *folio)
{
	u64 nr = folio_nr_pages(folio);

	if (unlikely(pod_folio_poisoned(folio)))
		pod_ledger_retire_float(&pod->ledger, nr);
	else
		pod_ledger_float(&pod->ledger, -(s64)nr);
	pod_free_folio(folio);
}

/*
 * Single pages first, then the block goes; only if the host has none is the
 * block freed first, to make some.
 */
static void fill_locked(struct pod *pod)
{
	struct pod_float *f = &pod->flt;

	lockdep_assert_held(&f->lock);
	float_alloc(pod);
	if (!f->huge)
		return;
	float_free(pod, f->huge);
	f->huge = NULL;
	float_alloc(pod);
}

int pod_float_fill(struct pod *pod)
{
	int ret;

	mutex_lock(&pod->flt.lock);
	fill_locked(pod);
	ret = pod->flt.nr_small < pod_float_pages(pod) ? -ENOMEM : 0;
	mutex_unlock(&pod->flt.lock);
	return ret;
}

/*
 * Take @huge, pay with everything the float has. If that is less than what
 * the block is worth, because the host gave nothing, the float has grown and
 * the reserve lost; the worker tops it up.
 */
static void pay_locked(struct pod *pod, struct folio *huge, u64 lent)
{
	struct pod_float *f = &pod->flt;
	u64 missing = POD_REGION_PAGES - lent - f->nr_small;
	struct folio *folio, *next;

	if (missing) {
		pod_ledger_float(&pod->ledger, missing);
		pod_ledger_lose(&pod->ledger, missing);
	}
	list_for_each_entry_safe(folio, next, &f->small, lru) {
		list_del(&folio->lru);
		pod_reserve_add(pod, pod_shard(), folio);
	}
	WRITE_ONCE(f->nr_small, 0);
	f->huge = huge;
	pod_refill_kick(pod);
	if (missing)
		pod_work_kick(pod);
}

static bool have_small(struct pod *pod)
{
	return pod_stock_nr(&pod->stock, POD_STOCK_SMALL);
}

bool pod_float_is_ready(struct pod *pod)
{
	return READ_ONCE(pod->flt.nr_small) == pod_float_pages(pod);
}

void pod_float_ready(struct pod *pod)
{
	if (!pod_float_is_ready(pod))
		pod_refill(pod);
}

/* True if the reserve has single pages now. */
static bool exchange_locked(struct pod *pod)
{
	struct pod_float *f = &pod->flt;
	struct folio *huge;

	lockdep_assert_held(&f->lock);
	if (have_small(pod))
		return true;
	if (!f->nr_small || f->huge)
		return false;
	huge = pod_reserve_take_any(pod, true);
	if (!huge)
		return false;
	pay_locked(pod, huge, 0);
	return true;
}

bool pod_float_exchange(struct pod *pod)
{
	bool ok;

	if (!pod_reserve_huge_pages(pod))
		return have_small(pod);
	pod_float_ready(pod);
	mutex_lock(&pod->flt.lock);
	ok = exchange_locked(pod);
	mutex_unlock(&pod->flt.lock);
	return ok;
}

/* Pages lie here for long: one may have got a memory error. */
static void drop_poisoned(struct pod *pod)
{
	struct pod_float *f = &pod->flt;
	struct folio *folio, *next;

	list_for_each_entry_safe(folio, next, &f->small, lru) {
		if (likely(!pod_folio_poisoned(folio)))
			continue;
		list_del(&folio->lru);
		WRITE_ONCE(f->nr_small, f->nr_small - 1);
		float_free(pod, folio);
	}
}

int pod_float_borrow(struct pod *pod, struct list_head *pages, unsigned int nr)
{
	struct pod_float *f = &pod->flt;
	unsigned int i;

	lockdep_assert_held(&f->lock);
	drop_poisoned(pod);
	if (f->huge || f->nr_small < nr)
		return -ENOMEM;
	for (i = 0; i < nr; i++)
		list_move(f->small.next, pages);
	WRITE_ONCE(f->nr_small, f->nr_small - nr);
	return 0;
}

void pod_float_return(struct pod *pod, struct list_head *pages,
		      unsigned int nr)
{
	lockdep_assert_held(&pod->flt.lock);
	list_splice_init(pages, &pod->flt.small);
	WRITE_ONCE(pod->flt.nr_small, pod->flt.nr_small + nr);
}

void pod_float_repay(struct pod *pod, struct folio *huge, unsigned int nr)
{
	lockdep_assert_held(&pod->flt.lock);
	pay_locked(pod, huge, nr);
}

void pod_float_drain(struct pod *pod)
{
	struct pod_float *f = &pod->flt;
	struct folio *folio, *next;

	list_for_each_entry_safe(folio, next, &f->small, lru) {
		list_del(&folio->lru);
		pod_free_folio(folio);
	}
	if (f->huge)
		pod_free_folio(f->huge);
}
