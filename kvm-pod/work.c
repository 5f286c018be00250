// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pod's workers: they only call what the other units offer.
 */
#include "work.h"

#include "alloc.h"
#include "demote.h"
#include "discard.h"
#include "event.h"
#include "float.h"
#include "reserve.h"
#include "target.h"

/* How long a balloon must be quiet before regions are demoted for it. */
#define POD_SHRINK_DELAY	(HZ / 5)

/* How long it may be put off in all. */
#define POD_SHRINK_LATEST	(2 * HZ)

/* What a guest can cause is announced ten times a second at most. */
#define POD_EVENT_DELAY		(HZ / 10)

/* Busy regions met in a row before the shrinker comes back later. */
#define POD_SHRINK_BUSY		64

/*
 * Faults wait for a refill, and may themselves come from reclaim: all queues
 * have a rescuer, which does one work at a time. Hence the shrinker, which
 * waits for a refill too, is in another one than that; and the sweep, which
 * rests in between, in the way of neither.
 */
static struct workqueue_struct *pod_wq;
static struct workqueue_struct *pod_refill_wq;
static struct workqueue_struct *pod_sweep_wq;

static struct workqueue_struct *alloc_queue(const char *name)
{
	return alloc_workqueue("%s", WQ_UNBOUND | WQ_MEM_RECLAIM, 0, name);
}

int pod_work_init_queues(void)
{
	pod_wq = alloc_queue("kvm-pod");
	pod_refill_wq = alloc_queue("kvm-pod-refill");
	pod_sweep_wq = alloc_queue("kvm-pod-sweep");
	if (pod_wq && pod_refill_wq && pod_sweep_wq)
		return 0;
	pod_work_exit_queues();
	return -ENOMEM;
}

static void destroy_queue(struct workqueue_struct *wq)
{
	if (wq)
		destroy_workqueue(wq);
}

void pod_work_exit_queues(void)
{
	destroy_queue(pod_sweep_wq);
	destroy_queue(pod_refill_wq);
	destroy_queue(pod_wq);
}

static void refill_fn(struct work_struct *work)
{
	struct pod *pod = container_of(work, struct pod, refill);

	if (!READ_ONCE(pod->dying))
		pod_float_fill(pod);
}

static void work_fn(struct work_struct *work)
{
	struct pod *pod = container_of(work, struct pod, work);
	bool more;

	if (READ_ONCE(pod->dying))
		return;
	pod_target_top_up(pod, pod->ledger.size);
	more = pod_reserve_clear_some(pod);
	pod_reserve_trim(pod, false);
	pod_target_settle(pod);
	if (more)
		pod_work_kick(pod);
}

static bool above_target(struct pod *pod)
{
	return pod_ledger_glance(&pod->ledger.owned) >
	       pod_ledger_glance(&pod->ledger.target);
}

/* True if there is nothing left that could be done. */
static bool shrink_some(struct pod *pod)
{
	unsigned int busy = 0;
	int ret;

	while (above_target(pod) && !READ_ONCE(pod->dying)) {
		pod_reserve_trim(pod, true);
		if (!above_target(pod))
			break;
		ret = pod_demote_next(pod, true);
		if (ret == -ENOENT) {
			pod_unpark_some(pod);
			return !pod_ledger_gauge(&pod->ledger,
						 POD_GAUGE_PARKED);
		}
		busy = ret > 0 ? 0 : busy + 1;
		if (busy == POD_SHRINK_BUSY)
			return false;
		cond_resched();
	}
	return true;
}

static void shrink_fn(struct work_struct *work)
{
	struct pod *pod = container_of(to_delayed_work(work), struct pod,
				       shrink);
	bool done;

	if (READ_ONCE(pod->dying))
		return;
	done = shrink_some(pod);
	pod_reserve_trim(pod, true);
	pod_target_settle(pod);
	pod_event_kick(pod);
	WRITE_ONCE(pod->shrink_asked, jiffies);
	if (!done && !READ_ONCE(pod->dying))
		queue_delayed_work(pod_wq, &pod->shrink, HZ);
}

void pod_work_init(struct pod *pod)
{
	INIT_WORK(&pod->refill, refill_fn);
	INIT_WORK(&pod->work, work_fn);
	INIT_DELAYED_WORK(&pod->shrink, shrink_fn);
	INIT_DELAYED_WORK(&pod->event, pod_event_fn);
}

void pod_work_kick(struct pod *pod)
{
	if (!READ_ONCE(pod->dying))
		queue_work(pod_wq, &pod->work);
}

void pod_work_sweep(struct pod *pod)
{
	if (!READ_ONCE(pod->dying))
		queue_work(pod_sweep_wq, &pod->sweep.work);
}

void pod_work_kick_if_due(struct pod *pod)
{
	if (READ_ONCE(pod->dirty) ||
	    pod_ledger_glance(&pod->ledger.owned) !=
	    pod_ledger_glance(&pod->ledger.target))
		pod_work_kick(pod);
}

void pod_refill_kick(struct pod *pod)
{
	if (!READ_ONCE(pod->dying))
		queue_work(pod_refill_wq, &pod->refill);
}

void pod_refill(struct pod *pod)
{
	pod_refill_kick(pod);
	flush_work(&pod->refill);
}

/* A guest that discards all the time must not put it off for ever. */
static bool put_off_enough(struct pod *pod)
{
	return delayed_work_pending(&pod->shrink) &&
	       time_after(jiffies, READ_ONCE(pod->shrink_asked) +
				   POD_SHRINK_LATEST);
}

void pod_shrink_kick(struct pod *pod)
{
	if (!above_target(pod) || READ_ONCE(pod->dying) || put_off_enough(pod))
		return;
	if (!delayed_work_pending(&pod->shrink))
		WRITE_ONCE(pod->shrink_asked, jiffies);
	mod_delayed_work(pod_wq, &pod->shrink, POD_SHRINK_DELAY);
}

void pod_event_kick(struct pod *pod)
{
	if (!READ_ONCE(pod->dying))
		queue_delayed_work(pod_wq, &pod->event, POD_EVENT_DELAY);
}

void pod_event_kick_now(struct pod *pod)
{
	unsigned long next = READ_ONCE(pod->event_ran) + POD_EVENT_DELAY;

	if (READ_ONCE(pod->dying))
		return;
	if (time_after(jiffies, next))
		mod_delayed_work(pod_wq, &pod->event, 0);
	else
		pod_event_kick(pod);
}

static void cancel_all(struct pod *pod)
{
	cancel_work_sync(&pod->work);
	cancel_work_sync(&pod->sweep.work);
	cancel_delayed_work_sync(&pod->shrink);
	cancel_work_sync(&pod->refill);
	cancel_delayed_work_sync(&pod->event);
}

void pod_work_stop(struct pod *pod)
{
	WRITE_ONCE(pod->dying, true);
	cancel_all(pod);
	/* A run that did not see @dying may have queued once more. */
	cancel_all(pod);
}
