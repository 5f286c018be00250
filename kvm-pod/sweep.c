// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sweep decides where to look. That a page is zero is decided where it is
 * detached: after the unmap and the reference test, over every byte.
 */
#include "sweep.h"

#include <linux/delay.h>
#include <linux/jiffies.h>

#include "alloc.h"
#include "core/zero.h"
#include "demote.h"
#include "reserve.h"
#include "small.h"
#include "trace.h"
#include "wait.h"
#include "work.h"

/*
 * A block is worth taking apart for a quarter of it: the rest is copied, and
 * its guest pays for the lost 2 MiB mapping from then on.
 */
#define POD_SWEEP_MIN_ZERO	(POD_REGION_PAGES / 4)

/* Pauses between turns that find nothing: they double up to a second. */
#define POD_SWEEP_PAUSE_MIN	(HZ / 10)
#define POD_SWEEP_PAUSE_MAX	HZ

/*
 * A verdict for touches holds for some times as long as it took, unless that
 * is for ever.
 */
#define POD_SWEEP_SHARE		8
#define POD_SWEEP_PAUSE_LONGEST	(30UL * HZ)

/*
 * What another turn looked at in vain it rests for, this many times as long: the
 * guest may want the same CPU. A rest is short enough for who comes short
 * meanwhile.
 */
#define POD_SWEEP_REST		32
#define POD_SWEEP_REST_PAGES	POD_REGION_PAGES
#define POD_SWEEP_REST_MAX_US	(20 * USEC_PER_MSEC)

/* Turns for one demand that find something in use, and the time between. */
#define POD_SWEEP_TURNS		4
#define POD_SWEEP_TURN_MS	5

#define POD_SWEEP_ALL	(POD_SWEEP_HUGE | POD_SWEEP_SMALL)

/*
 * Pages of the block that look zero. Without @all the first that does not ends
 * it: nearly every block with data is told by its first page.
 */
static unsigned int looks_zero(struct folio *folio, bool all,
			       struct pod_sweep_count *count)
{
	const void *mem = folio_address(folio);
	unsigned int i, nr = 0;

	for (i = 0; i < POD_REGION_PAGES; i++, mem += PAGE_SIZE) {
		if (!PageHWPoison(folio_page(folio, i)) && pod_looks_zero(mem))
			nr++;
		else if (!all)
			break;
	}
	count->scanned += min(i + 1, POD_REGION_PAGES);
	return nr;
}

/*
 * The kernel leaves a page with a memory error mapped. Once it is not, whoever
 * touches it is told; the sound pages of the block come back by themselves.
 */
static void unmap_poisoned(struct pod *pod, unsigned long region,
			   struct folio *folio)
{
	unsigned int i;

	if (likely(!pod_host_has_errors()))
		return;
	for (i = 0; i < POD_REGION_PAGES; i++)
		if (unlikely(PageHWPoison(folio_page(folio, i))))
			pod_unmap(pod, pod_region_first(region) + i, 1);
}

static void sweep_huge(struct pod *pod, unsigned long region,
		       struct folio *folio, unsigned int how,
		       struct pod_sweep_count *count)
{
	bool demote = how & POD_SWEEP_DEMOTE;
	unsigned int nr = 0;
	int ret;

	unmap_poisoned(pod, region, folio);
	/* Pinned: it cannot leave, and need not be unmapped to show that. */
	if (!folio_maybe_dma_pinned(folio))
		nr = looks_zero(folio, demote, count);
	folio_put(folio);
	if (nr < (demote ? POD_SWEEP_MIN_ZERO : POD_REGION_PAGES))
		return;
	ret = pod_demote(pod, region, demote);
	if (ret > 0)
		count->reclaimed += ret;
	else if (ret == -EAGAIN)
		count->busy++;
}

void pod_sweep_region(struct pod *pod, unsigned long region, unsigned int how,
		      struct pod_sweep_count *count)
{
	struct pod_sweep_count here = {};
	struct pod_slot slot;
	struct folio *folio = pod_look(pod, pod_region_first(region), &slot);

	/* Another one is at it. */
	if (slot.frozen) {
		count->busy++;
		return;
	}
	if (slot.region == POD_HUGE &&
	    how & (POD_SWEEP_HUGE | POD_SWEEP_DEMOTE)) {
		sweep_huge(pod, region, folio, how, &here);
	} else {
		if (folio)
			folio_put(folio);
		if (slot.region == POD_SMALL && how & POD_SWEEP_SMALL)
			pod_small_sweep(pod, region, false, &here);
	}
	count->busy += here.busy;
	if (!here.scanned)
		return;
	pod_ledger_count(&pod->ledger, pod_shard(), POD_EVENT_SWEEP_SCANNED,
			 here.scanned);
	pod_ledger_count(&pod->ledger, pod_shard(), POD_EVENT_SWEEP_RECLAIMED,
			 here.reclaimed);
	trace_kvm_pod_sweep(pod->id, region, here.scanned, here.reclaimed);
	count->scanned += here.scanned;
	count->reclaimed += here.reclaimed;
}

void pod_sweep_eager(struct pod *pod)
{
	struct pod_sweep_count count = {};
	unsigned long region;

	if (!READ_ONCE(pod->scarce))
		return;
	if (pod_recent_take(pod_recent_of(pod, pod_shard()), 0, &region))
		pod_sweep_region(pod, region, POD_SWEEP_ALL, &count);
}

static bool spent(const struct pod_sweep_count *count)
{
	return count->reclaimed ||
	       count->scanned >= READ_ONCE(pod_sweep_budget);
}

/* The oldest first: the guest may not have come to using the newest yet. */
static void sweep_recent(struct pod *pod, struct pod_recent *recent,
			 struct pod_sweep_count *count)
{
	unsigned int age;
	unsigned long region;

	for (age = 0; age < POD_RECENT_NR && !spent(count); age++)
		if (pod_recent_take(recent, age, &region))
			pod_sweep_region(pod, region, POD_SWEEP_ALL, count);
}

/* Emergencies share the cursor, and so look at different regions. */
static unsigned long next_region(struct pod *pod)
{
	return (unsigned long)atomic_long_fetch_inc(&pod->sweep.cursor) %
	       pod->pmt.nr_regions;
}

bool pod_sweep_emergency(struct pod *pod)
{
	struct pod_sweep_count count = {};
	unsigned int shard;
	unsigned long left;

	for (shard = 0; shard < pod->nr_recent && !spent(&count); shard++)
		sweep_recent(pod, pod_recent_of(pod, pod_shard() + shard),
			     &count);
	sweep_recent(pod, &pod->hints, &count);
	/* A hole costs a look as well. */
	left = min_t(unsigned long, pod->pmt.nr_regions,
		     READ_ONCE(pod_sweep_budget));
	for (; left && !spent(&count); left--) {
		pod_sweep_region(pod, next_region(pod), POD_SWEEP_HUGE,
				 &count);
		cond_resched();
	}
	/* It may have paid an overdraft back. */
	if (count.reclaimed)
		pod_work_kick(pod);
	return count.reclaimed;
}

/* Twice the mark, as elsewhere: what began below it is not to flutter. */
static bool is_enough(struct pod *pod)
{
	struct pod_ledger_view view;

	pod_read(pod, &view);
	return !pod_policy_scarce(&view) ||
	       view.reserve > 2 * READ_ONCE(pod->low_mark);
}

/**
 * struct pace - how long a turn has looked in vain since it last rested
 * @vain: pages that it had looked at in vain by then
 * @since: when that was, in ns
 */
struct pace {
	u64 vain;
	u64 since;
};

static void rest(struct pace *pace, const struct pod_sweep_count *count)
{
	u64 vain = count->scanned - count->reclaimed;
	u64 us;

	if (vain < pace->vain + POD_SWEEP_REST_PAGES)
		return;
	us = div_u64(POD_SWEEP_REST * (ktime_get_ns() - pace->since),
		     NSEC_PER_USEC);
	fsleep(min_t(u64, us, POD_SWEEP_REST_MAX_US));
	pace->vain = vain;
	pace->since = ktime_get_ns();
}

/* A turn that is in no hurry ends for one that is. */
static bool must_stop(struct pod *pod, bool emergency)
{
	return READ_ONCE(pod->dying) ||
	       (!emergency &&
		READ_ONCE(pod->sweep.demand) == POD_DEMAND_MADE);
}

/*
 * All regions once, from where the last turn ended. False if there was no need
 * to look at all of them. The cursor of emergencies is another: regions that
 * they take would be left out here.
 */
static bool sweep_all(struct pod *pod, unsigned int how, bool emergency,
		      struct pod_sweep_count *count)
{
	struct pace pace = { .vain = count->scanned - count->reclaimed,
			     .since = ktime_get_ns() };
	unsigned long *next = &pod->sweep.next;
	u64 before = count->reclaimed;
	unsigned long i;

	for (i = 0; i < pod->pmt.nr_regions; i++) {
		if (must_stop(pod, emergency))
			return false;
		/* Looked at after what came back, not at each of many holes. */
		if (count->reclaimed != before && is_enough(pod))
			return false;
		before = count->reclaimed;
		*next = (*next + 1) % pod->pmt.nr_regions;
		pod_sweep_region(pod, *next, how, count);
		if (!emergency)
			rest(&pace, count);
		cond_resched();
	}
	return true;
}

/*
 * What the guest gave up inside blocks: a touch looks at a few of them only.
 * True if there is something in the reserve now.
 */
static bool sweep_marked(struct pod *pod, struct pod_sweep_count *count)
{
	unsigned long i;
	int ret;

	for (i = 0; i < pod->pmt.nr_regions && !READ_ONCE(pod->dying); i++) {
		if (!pod_reserve_is_empty(pod))
			return true;
		ret = pod_demote_next(pod, false);
		if (ret == -ENOENT)
			break;
		if (ret == -EAGAIN)
			count->busy++;
		cond_resched();
	}
	return !pod_reserve_is_empty(pod);
}

/*
 * Blocks first: they come back as blocks. What only demotion can give is taken
 * when somebody waits for it.
 */
static void turn(struct pod *pod, bool emergency,
		 struct pod_sweep_count *count)
{
	if (emergency && sweep_marked(pod, count))
		return;
	if (!sweep_all(pod, POD_SWEEP_HUGE, emergency, count) ||
	    !sweep_all(pod, POD_SWEEP_SMALL, emergency, count))
		return;
	if (emergency && !count->reclaimed)
		sweep_all(pod, POD_SWEEP_DEMOTE, emergency, count);
}

/*
 * Before a touch is told that there is nothing, those who are in the way for a
 * moment get one: a system call, a fault, another sweep.
 */
static void patient_turn(struct pod *pod, bool emergency,
			 struct pod_sweep_count *count)
{
	unsigned int i;

	for (i = 0; i < POD_SWEEP_TURNS; i++) {
		count->busy = 0;
		turn(pod, emergency, count);
		if (!emergency || !count->busy || count->reclaimed ||
		    READ_ONCE(pod->dying))
			break;
		msleep(POD_SWEEP_TURN_MS);
	}
}

static void pause_after(struct pod *pod, unsigned long took, bool found)
{
	struct pod_sweep *s = &pod->sweep;

	s->pause = found ? POD_SWEEP_PAUSE_MIN :
			   min(2 * s->pause, POD_SWEEP_PAUSE_MAX);
	s->pause = max(s->pause, min(took * POD_SWEEP_SHARE,
				     POD_SWEEP_PAUSE_LONGEST));
	WRITE_ONCE(s->not_before, jiffies + (found ? 0 : s->pause));
}

bool pod_sweep_is_dry(struct pod *pod)
{
	struct pod_sweep *s = &pod->sweep;

	return READ_ONCE(s->demand) == POD_DEMAND_DRY &&
	       time_before(jiffies, READ_ONCE(s->dry_until));
}

void pod_sweep_done(struct pod *pod)
{
	/* What was overdrawn may have been paid back, or can be now. */
	pod_work_kick(pod);
	pod_shrink_kick(pod);
	pod_event_kick(pod);
}

static bool move_demand(struct pod *pod, enum pod_demand from,
			enum pod_demand to)
{
	return cmpxchg(&pod->sweep.demand, from, to) == from;
}

static void sweep_fn(struct work_struct *work)
{
	struct pod *pod = container_of(work, struct pod, sweep.work);
	struct pod_sweep *s = &pod->sweep;
	struct pod_sweep_count count = {};
	unsigned long start = jiffies;
	bool emergency;

	if (READ_ONCE(pod->dying))
		return;
	emergency = move_demand(pod, POD_DEMAND_MADE, POD_DEMAND_TURN);
	if (!emergency && is_enough(pod)) {
		WRITE_ONCE(s->not_before, jiffies + POD_SWEEP_PAUSE_MIN);
		return;
	}
	/* If it is: demanded while another turn was under way and answered. */
	if (!pod_sweep_is_dry(pod)) {
		patient_turn(pod, emergency, &count);
		/* The rests are in it, and are enough. */
		pause_after(pod, emergency ? jiffies - start : 0,
			    count.reclaimed);
		if (emergency) {
			WRITE_ONCE(s->dry_until, jiffies + s->pause);
			move_demand(pod, POD_DEMAND_TURN, POD_DEMAND_DRY);
		}
	}
	pod_supply_changed(pod);
	pod_sweep_done(pod);
}

void pod_sweep_demand(struct pod *pod)
{
	if (!move_demand(pod, POD_DEMAND_NONE, POD_DEMAND_MADE))
		move_demand(pod, POD_DEMAND_DRY, POD_DEMAND_MADE);
	/*
	 * The barriers of this and of pod_supply_pages(): what came before is
	 * seen here, and who takes it is not short any more.
	 */
	if (!pod_reserve_is_empty(pod))
		pod_sweep_supplied(pod);
	pod_work_sweep(pod);
}

void pod_sweep_kick(struct pod *pod)
{
	if (READ_ONCE(pod->scarce) &&
	    time_after_eq(jiffies, READ_ONCE(pod->sweep.not_before)))
		pod_work_sweep(pod);
}

void pod_sweep_refused(struct pod *pod)
{
	move_demand(pod, POD_DEMAND_DRY, POD_DEMAND_NONE);
}

void pod_sweep_supplied(struct pod *pod)
{
	if (READ_ONCE(pod->sweep.demand) != POD_DEMAND_NONE)
		WRITE_ONCE(pod->sweep.demand, POD_DEMAND_NONE);
}

void pod_sweep_init(struct pod *pod)
{
	pod->sweep.pause = POD_SWEEP_PAUSE_MIN;
	pod->sweep.not_before = jiffies;
	INIT_WORK(&pod->sweep.work, sweep_fn);
}
