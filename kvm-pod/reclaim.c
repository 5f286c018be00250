// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reclaim in a touch that found the reserve empty: what the guest gave up
 * first, then what it only zeroed.
 */
#include "reclaim.h"

#include <linux/delay.h>
#include <linux/sched/signal.h>

#include "demote.h"
#include "discard.h"
#include "reserve.h"
#include "sweep.h"
#include "target.h"

/*
 * Pauses, of up to a millisecond, that one touch makes at most: for those who
 * are in the way of a demotion, for those who hold the last pages for a
 * moment, and when what came back was of no use. Of the latter two many: with
 * memory in the reserve a touch must not fail, and a vCPU may be off its CPU
 * for long, throttled, with a page in its hand.
 */
#define POD_RECLAIM_BUSY	500
#define POD_RECLAIM_TRIES	10000
#define POD_RECLAIM_ROUNDS	10000

/*
 * Pages are on no list for a moment while others clear them, exchange them or
 * are about to map them; the ledger still counts them as reserve.
 */
static bool reserve_in_flight(struct pod *pod)
{
	struct pod_ledger_view view;

	pod_ledger_read(&pod->ledger, &view);
	return view.reserve;
}

/*
 * One attempt: positive if something came back, -ENODATA if one region less is
 * in question, else why not.
 */
static int reclaim_once(struct pod *pod)
{
	int ret = pod_demote_next(pod, false);

	if (ret > 0 || ret == -ENODATA)
		return ret;
	if (pod_unpark_some(pod))
		return 1;
	/* The pod owns less than it promised: that comes before a refusal. */
	pod_target_top_up(pod);
	return ret;
}

/* Is there anything to wait for, after @ret? */
static bool reclaim_may_wait(struct pod *pod, int ret, unsigned int tries)
{
	if (fatal_signal_pending(current) || tries >= POD_RECLAIM_TRIES)
		return false;
	if (reserve_in_flight(pod))
		return true;
	return ret != -ENOENT && tries < POD_RECLAIM_BUSY;
}

/* The marks had nothing to give: is there anything that only looks like data? */
static enum pod_reclaim reclaim_by_sweep(struct pod *pod)
{
	if (!pod_reserve_is_empty(pod))
		return POD_RECLAIM_AGAIN;
	if (pod_sweep_is_dry(pod))
		return POD_RECLAIM_NONE;
	if (pod_sweep_emergency(pod))
		return POD_RECLAIM_AGAIN;
	pod_sweep_demand(pod);
	return POD_RECLAIM_LATER;
}

enum pod_reclaim pod_reclaim(struct pod *pod, unsigned int round, bool nowait)
{
	unsigned int tries = 0;
	int ret;

	if (fatal_signal_pending(current))
		return POD_RECLAIM_LATER;
	if (round >= POD_RECLAIM_ROUNDS)
		return POD_RECLAIM_NONE;
	/* What is there was of no use before: it is blocks, or others' too. */
	if (round && !nowait)
		usleep_range(100, 1000);
	while (pod_reserve_is_empty(pod) && !fatal_signal_pending(current)) {
		ret = reclaim_once(pod);
		if (ret > 0)
			return POD_RECLAIM_AGAIN;
		if (ret != -ENODATA) {
			if (!reclaim_may_wait(pod, ret, ++tries))
				break;
			if (nowait)
				return POD_RECLAIM_LATER;
			usleep_range(100, 1000);
		}
		cond_resched();
	}
	return reclaim_by_sweep(pod);
}
