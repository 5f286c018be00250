// SPDX-License-Identifier: GPL-2.0-only
/*
 * Populating takes from the reserve first, then tries to put it in place: who
 * comes second gives back what was taken.
 */
#include "populate.h"

#include <linux/err.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>

#include "alloc.h"
#include "inject.h"
#include "reserve.h"
#include "small.h"
#include "sweep.h"
#include "target.h"
#include "trace.h"
#include "work.h"
#include "zerofolio.h"

/* Not published yet: nobody else can have the lock. */
static void folio_claim(struct folio *folio, unsigned long index)
{
	folio->index = index;
	folio_lock(folio);
	folio_get(folio);
}

static void folio_unclaim(struct pod *pod, struct folio *folio)
{
	folio->mapping = NULL;
	folio_unlock(folio);
	folio_put(folio);
	pod_reserve_give(pod, folio, true);
}

/* An estimate decides who looks closer: the fault path shares no counter. */
static void check_pressure(struct pod *pod)
{
	struct pod_stock *s = &pod->stock;
	unsigned int shard = pod_shard();
	u64 pages;

	pages = pod_stock_estimate(s, shard, POD_STOCK_SMALL) +
		pod_stock_estimate(s, shard, POD_STOCK_HUGE) * POD_REGION_PAGES;
	if (likely(pages >= READ_ONCE(pod->low_mark)))
		return;
	pod_event_kick(pod);
	pod_sweep_kick(pod);
}

static void account(struct pod *pod, unsigned long index, unsigned int order)
{
	pod_ledger_count(&pod->ledger, pod_shard(),
			 order ? POD_EVENT_POPULATE_2M : POD_EVENT_POPULATE_4K,
			 1);
	trace_kvm_pod_populate(pod->id, index, order);
	pod_recent_add(pod_recent_of(pod, pod_shard()), pod_region(index));
	check_pressure(pod);
}

static struct folio *populate_huge(struct pod *pod, unsigned long region,
				   struct folio *gift)
{
	struct folio *folio = gift ?: pod_reserve_take_huge(pod);
	unsigned long first = pod_region_first(region);
	bool zero = false;
	bool ok;

	if (!folio)
		return ERR_PTR(-ENOSPC);
	folio_claim(folio, first);
	pod_lock_region(pod, region);
	ok = pod_pmt_is_hole(&pod->pmt, region);
	if (ok)
		zero = pod_pmt_populate_huge(&pod->pmt, pod_shard(), region,
					     pod_handle(folio));
	pod_unlock_region(pod, region);
	if (!ok) {
		folio_unclaim(pod, folio);
		return ERR_PTR(-EAGAIN);
	}
	if (zero)
		pod_zero_recall(pod, first, POD_REGION_PAGES);
	account(pod, first, POD_REGION_ORDER);
	return folio;
}

/*
 * Make the region SMALL if it is a HOLE. 0, -EAGAIN if it is HUGE by now, or
 * -ENOMEM.
 */
static pod_injectable int make_small(struct pod *pod, unsigned long region)
{
	struct pod_leaf *leaf = pod_leaf_alloc(pod);
	unsigned long first = pod_region_first(region);
	struct pod_slot slot;
	bool zero = false;

	if (!leaf)
		return -ENOMEM;
	pod_lock_region(pod, region);
	slot = pod_pmt_lookup(&pod->pmt, first);
	if (slot.region == POD_HOLE) {
		zero = pod_pmt_split_hole(&pod->pmt, pod_shard(), region, leaf);
		leaf = NULL;
	}
	pod_unlock_region(pod, region);
	pod_leaf_free(pod, leaf);
	if (zero)
		pod_zero_recall(pod, first, POD_REGION_PAGES);
	return slot.region == POD_HUGE ? -EAGAIN : 0;
}
ALLOW_ERROR_INJECTION(make_small, ERRNO);

static bool install_small(struct pod *pod, unsigned long index,
			  struct folio *folio, bool *zero)
{
	unsigned long region = pod_region(index);
	struct pod_slot slot;
	bool ok;

	pod_lock_region(pod, region);
	slot = pod_pmt_lookup(&pod->pmt, index);
	ok = slot.region == POD_SMALL && slot.page != POD_PAGE_RAM;
	if (ok)
		*zero = pod_pmt_populate_page(&pod->pmt, pod_shard(), index,
					      pod_handle(folio));
	pod_unlock_region(pod, region);
	return ok;
}

/*
 * @folio: NULL if there is none. Taken first: a HOLE that was split for nothing
 * would never be HUGE.
 */
static struct folio *populate_small(struct pod *pod, unsigned long index,
				    bool hole, struct folio *folio)
{
	bool zero;
	int ret;

	if (!folio)
		return ERR_PTR(-ENOSPC);
	ret = hole ? make_small(pod, pod_region(index)) : 0;
	if (ret) {
		pod_reserve_give(pod, folio, true);
		return ERR_PTR(ret);
	}
	folio_claim(folio, index);
	pod_adopt_small(pod, folio);
	if (!install_small(pod, index, folio, &zero)) {
		folio_unclaim(pod, folio);
		return ERR_PTR(-EAGAIN);
	}
	if (zero)
		pod_zero_recall(pod, index, 1);
	account(pod, index, 0);
	return folio;
}

bool pod_populate_wants_huge(const struct pod_slot *slot,
			     struct pod_touch touch)
{
	touch.hole = slot->region == POD_HOLE && slot->page == POD_PAGE_POD;
	return pod_policy_wants_huge(&touch);
}

static struct folio *populate_gift(struct pod *pod, unsigned long index,
				   bool hole, struct folio *gift)
{
	return folio_test_large(gift) ?
	       populate_huge(pod, pod_region(index), gift) :
	       populate_small(pod, index, hole, gift);
}

struct folio *pod_populate(struct pod *pod, unsigned long index,
			   const struct pod_slot *slot, struct pod_touch touch,
			   struct folio *gift)
{
	bool all_pod = slot->region == POD_HOLE && slot->page == POD_PAGE_POD;
	bool wants_huge = pod_populate_wants_huge(slot, touch);
	struct folio *folio = ERR_PTR(-ENOSPC);
	bool hole = slot->region == POD_HOLE;

	if (gift)
		return populate_gift(pod, index, hole, gift);
	pod_sweep_eager(pod);
	if (wants_huge)
		folio = populate_huge(pod, pod_region(index), NULL);
	/*
	 * A block that has come back since is not to be split for a touch that
	 * wants it whole: those who touch a region together hold one each for a
	 * moment, and all but one give theirs back.
	 */
	if (folio == ERR_PTR(-ENOSPC))
		folio = populate_small(pod, index, hole,
				       pod_reserve_take_small(pod, !wants_huge));
	/* The host gives no single page for a block: better the block itself. */
	if (folio == ERR_PTR(-ENOSPC) && all_pod)
		folio = populate_huge(pod, pod_region(index), NULL);
	return folio;
}

/*
 * The reserve had all that is needed, but something of it had a memory error.
 * The pod's worker may have been faster in replacing that.
 */
static int replace_retired(struct pod *pod)
{
	if (pod_target_top_up(pod, 1))
		return 0;
	flush_work(&pod->work);
	return pod_reserve_is_empty(pod) ? -ENOMEM : 0;
}

/* The next page or block; 0, or why that is not possible. */
static int populate_next(struct pod *pod, unsigned long *index)
{
	const struct pod_touch touch = { .whole_file = true };
	struct pod_slot slot;
	struct folio *folio;

	pod_look(pod, *index, &slot);
	folio = pod_populate(pod, *index, &slot, touch, NULL);
	if (folio == ERR_PTR(-ENOSPC))
		return replace_retired(pod);
	if (IS_ERR(folio))
		return PTR_ERR(folio);
	*index += folio_nr_pages(folio);
	folio_unlock(folio);
	folio_put(folio);
	return 0;
}

int pod_populate_all(struct pod *pod)
{
	unsigned long index = 0;
	int ret = 0;

	while (!ret && index < pod->ledger.size) {
		if (fatal_signal_pending(current))
			return -EINTR;
		ret = populate_next(pod, &index);
		cond_resched();
	}
	return ret;
}
