// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reserve turns the stock's nodes into pages: clears what is not clean,
 * keeps out what is broken, and lets go what the pod should not own.
 */
#include "reserve.h"

#include "alloc.h"
#include "clear.h"
#include "float.h"
#include "wait.h"
#include "work.h"

/* Blocks cleared by one run of the worker before it looks around again. */
#define POD_CLEAR_BATCH 16

static struct folio *stock_take(struct pod *pod, enum pod_stock_kind kind)
{
	struct list_head *node = pod_stock_take(&pod->stock, pod_shard(), kind);

	return node ? list_entry(node, struct folio, lru) : NULL;
}

static void stock_give(struct pod *pod, unsigned int shard,
		       struct folio *folio, bool clean)
{
	bool large = folio_test_large(folio);
	enum pod_stock_kind kind = POD_STOCK_SMALL;

	if (large)
		kind = clean ? POD_STOCK_HUGE : POD_STOCK_HUGE_DIRTY;
	else if (!clean)
		/* Sooner done than left to the worker. */
		pod_clear_hot(folio);
	pod_stock_give(&pod->stock, shard, kind, &folio->lru);
	if (kind == POD_STOCK_HUGE_DIRTY && !READ_ONCE(pod->dirty))
		WRITE_ONCE(pod->dirty, true);
	/* It is anybody's by now. */
	pod_supply_pages(pod, large);
}

/* A page with a hardware error never returns to service. */
static void retire(struct pod *pod, struct folio *folio)
{
	pod_ledger_retire(&pod->ledger, folio_nr_pages(folio));
	pr_warn_ratelimited("kvm-pod: pod%u: memory error at pfn %#lx, %lu pages retired\n",
			    pod->id, folio_pfn(folio), folio_nr_pages(folio));
	pod_free_folio(folio);
	pod_work_kick(pod);
}

/* A sound folio of one kind, or NULL. */
static struct folio *take_sound(struct pod *pod, enum pod_stock_kind kind)
{
	struct folio *folio;

	while ((folio = stock_take(pod, kind))) {
		if (likely(!pod_folio_poisoned(folio)))
			break;
		retire(pod, folio);
	}
	return folio;
}

struct folio *pod_reserve_take_huge(struct pod *pod)
{
	struct folio *folio = take_sound(pod, POD_STOCK_HUGE);

	if (folio)
		return folio;
	folio = take_sound(pod, POD_STOCK_HUGE_DIRTY);
	if (folio)
		pod_clear_hot(folio);
	return folio;
}

struct folio *pod_reserve_take_small(struct pod *pod, bool split)
{
	struct folio *folio;

	do {
		folio = take_sound(pod, POD_STOCK_SMALL);
	} while (!folio && split && pod_float_exchange(pod));
	return folio;
}

/*
 * May it go to the host? While there is an overdraft the first to come back is
 * kept for those who are short: they would only draw it again.
 */
static bool may_leave(struct pod *pod, struct folio *folio)
{
	if (pod_ledger_glance(&pod->ledger.overdraft) &&
	    pod_reserve_is_empty(pod))
		return false;
	return pod_ledger_try_release(&pod->ledger, folio_nr_pages(folio));
}

void pod_reserve_give(struct pod *pod, struct folio *folio, bool clean)
{
	if (unlikely(pod_folio_poisoned(folio)))
		retire(pod, folio);
	else if (may_leave(pod, folio))
		pod_free_folio(folio);
	else
		stock_give(pod, pod_shard(), folio, clean);
}

void pod_reserve_add(struct pod *pod, unsigned int shard, struct folio *folio)
{
	stock_give(pod, shard, folio, true);
}

struct folio *pod_reserve_take_any(struct pod *pod, bool huge)
{
	struct folio *folio;

	if (!huge)
		return take_sound(pod, POD_STOCK_SMALL);
	folio = take_sound(pod, POD_STOCK_HUGE_DIRTY);
	return folio ? folio : take_sound(pod, POD_STOCK_HUGE);
}

/* Release one folio; false if there is none, or it may not leave any more. */
static bool trim_one(struct pod *pod, bool huge)
{
	struct folio *folio = pod_reserve_take_any(pod, huge);
	bool gone;

	if (!folio)
		return false;
	gone = pod_ledger_try_release(&pod->ledger, folio_nr_pages(folio));
	if (gone)
		pod_free_folio(folio);
	else
		/* A block may have been dirty: one clearing at most. */
		stock_give(pod, pod_shard(), folio, !huge);
	return gone;
}

void pod_reserve_trim(struct pod *pod, bool split)
{
	u64 surplus;

	while ((surplus = pod_ledger_surplus(&pod->ledger))) {
		cond_resched();
		if (surplus >= POD_REGION_PAGES && trim_one(pod, true))
			continue;
		if (trim_one(pod, false))
			continue;
		if (!split || !pod_float_exchange(pod))
			break;
	}
}

static bool clear_one(struct pod *pod)
{
	struct folio *folio = stock_take(pod, POD_STOCK_HUGE_DIRTY);

	if (!folio)
		return false;
	pod_clear_cold(folio);
	stock_give(pod, pod_shard(), folio, true);
	return true;
}

bool pod_reserve_clear_some(struct pod *pod)
{
	unsigned int i;

	/* First: what comes from here on says so itself. */
	WRITE_ONCE(pod->dirty, false);
	for (i = 0; i < POD_CLEAR_BATCH; i++)
		if (!clear_one(pod))
			break;
	return pod_stock_nr(&pod->stock, POD_STOCK_HUGE_DIRTY);
}

bool pod_reserve_is_empty(struct pod *pod)
{
	int kind;

	for (kind = 0; kind < POD_STOCK_NR; kind++)
		if (pod_stock_nr(&pod->stock, kind))
			return false;
	return true;
}

u64 pod_reserve_huge_pages(struct pod *pod)
{
	return (pod_stock_nr(&pod->stock, POD_STOCK_HUGE) +
		pod_stock_nr(&pod->stock, POD_STOCK_HUGE_DIRTY)) *
	       POD_REGION_PAGES;
}

void pod_reserve_drain(struct pod *pod)
{
	struct folio *folio;
	int kind;

	for (kind = 0; kind < POD_STOCK_NR; kind++) {
		while ((folio = stock_take(pod, kind))) {
			pod_free_folio(folio);
			cond_resched();
		}
	}
}
