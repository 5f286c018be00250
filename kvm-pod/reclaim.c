// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reclaim in a touch that found the reserve empty: what the guest gave up
 * first, then what it only zeroed.
 */
#include "reclaim.h"

#include <linux/delay.h>

#include "demote.h"
#include "discard.h"
#include "float.h"
#include "reserve.h"
#include "sweep.h"
#include "target.h"
#include "wait.h"
#include "work.h"

/*
 * Pauses, of up to a millisecond, that one touch makes for others who hold the
 * last pages for a moment, or are in the way of a demotion. After that it
 * waits as all do who come short, without mmap_lock if it can.
 */
#define POD_RECLAIM_TRIES	100

/* Marked blocks that turn out to be full of data, per touch. */
#define POD_RECLAIM_BLOCKS	8

/*
 * Rounds in which something came back and was of no use: it is blocks, and the
 * float cannot exchange them, or others' by the time.
 */
#define POD_RECLAIM_ROUNDS	1000

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
	/* The pod owns less than it promised: that comes before a refusal. */
	return pod_target_top_up(pod, 1) ? 1 : ret;
}

/*
 * Is @index in need of nothing any more? Who holds the last pages for a moment
 * may put them there: a block that is new is all zero, and would be the first
 * to be swept for a touch of its own.
 */
static bool is_served(struct pod *pod, unsigned long index)
{
	struct pod_slot slot;

	pod_lock_region(pod, pod_region(index));
	slot = pod_pmt_lookup(&pod->pmt, index);
	pod_unlock_region(pod, pod_region(index));
	return slot.page == POD_PAGE_RAM || slot.frozen;
}

/*
 * What the guest gave up inside blocks. LATER: pages are on their way. NONE:
 * there is nothing more, as far as one touch may look and wait.
 */
static enum pod_reclaim reclaim_marked(struct pod *pod, unsigned long index,
				       bool nowait)
{
	unsigned int tries = 0, blocks = 0;
	int ret;

	while (pod_reserve_is_empty(pod) && !is_served(pod, index)) {
		ret = reclaim_once(pod);
		if (ret > 0)
			break;
		if (ret == -ENODATA) {
			if (++blocks == POD_RECLAIM_BLOCKS)
				return POD_RECLAIM_NONE;
			continue;
		}
		if (ret == -ENOENT && !reserve_in_flight(pod))
			return POD_RECLAIM_NONE;
		if (nowait || ++tries == POD_RECLAIM_TRIES ||
		    pod_is_leaving())
			return reserve_in_flight(pod) ? POD_RECLAIM_LATER :
							POD_RECLAIM_NONE;
		usleep_range(100, 1000);
	}
	return POD_RECLAIM_AGAIN;
}

/*
 * A touch that fails does not come again: what was zeroed since the turn, by a
 * vCPU that was interrupted before it heard the verdict perhaps, and what was
 * referenced during it and is not any more, gets a last look. Others find that
 * in the next turn.
 */
static bool last_look(struct pod *pod)
{
	return READ_ONCE(pod->policy) == KVM_POD_POLICY_FAIL &&
	       (pod_sweep_emergency(pod) || pod_unpark_some(pod));
}

/* Is there anything that only looks like data? */
static enum pod_reclaim reclaim_by_sweep(struct pod *pod)
{
	if (!pod_reserve_is_empty(pod))
		return POD_RECLAIM_AGAIN;
	if (pod_sweep_is_dry(pod))
		return last_look(pod) ? POD_RECLAIM_AGAIN : POD_RECLAIM_NONE;
	if (pod_sweep_emergency(pod))
		return POD_RECLAIM_AGAIN;
	pod_sweep_demand(pod);
	return POD_RECLAIM_LATER;
}

enum pod_reclaim pod_reclaim(struct pod *pod, unsigned long index,
			     unsigned int round, bool nowait)
{
	enum pod_reclaim ret;

	if (pod_is_leaving() || (nowait && round))
		return POD_RECLAIM_LATER;
	if (round >= POD_RECLAIM_ROUNDS)
		return POD_RECLAIM_NONE;
	if (round)
		usleep_range(100, 1000);
	/* A demotion by copy would wait for it. */
	if (nowait && !pod_float_is_ready(pod)) {
		pod_refill_kick(pod);
		return POD_RECLAIM_LATER;
	}
	ret = reclaim_marked(pod, index, nowait);
	if (ret != POD_RECLAIM_NONE)
		return ret;
	return is_served(pod, index) ? POD_RECLAIM_AGAIN :
				       reclaim_by_sweep(pod);
}
