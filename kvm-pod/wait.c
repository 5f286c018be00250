// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waiting for memory, and waking those who wait. Who has to wait, and how, is
 * decided in core/policy.c.
 */
#include "wait.h"

#include <linux/sched/signal.h>

#include "reserve.h"
#include "sweep.h"
#include "trace.h"
#include "work.h"

void pod_wait_init(struct pod *pod)
{
	init_waitqueue_head(&pod->shortage.supply);
}

bool pod_is_supplied(struct pod *pod, int seq)
{
	return !pod_reserve_is_empty(pod) || pod_supply_seq(pod) != seq;
}

/*
 * Exclusive, so that one page wakes one. Who was woken and does not come back
 * for it, killed perhaps, leaves it lying while others sleep: nobody sleeps
 * for longer than @timeout.
 */
void pod_wait_supply(struct pod *pod, int seq, unsigned int state, long timeout)
{
	struct pod_short *s = &pod->shortage;
	struct wait_queue_entry wait;

	init_wait_entry(&wait, WQ_FLAG_EXCLUSIVE);
	pod_ledger_count(&pod->ledger, pod_shard(), POD_EVENT_WAITS, 1);
	trace_kvm_pod_wait(pod->id, state, timeout);
	atomic_inc(&s->waiting);
	while (timeout && !prepare_to_wait_event(&s->supply, &wait, state)) {
		if (pod_is_supplied(pod, seq))
			break;
		timeout = schedule_timeout(timeout);
	}
	finish_wait(&s->supply, &wait);
	atomic_dec(&s->waiting);
}

void pod_note_served(struct pod *pod)
{
	if (READ_ONCE(pod->shortage.unserved))
		WRITE_ONCE(pod->shortage.unserved, false);
}

void pod_supply_pages(struct pod *pod, bool all)
{
	struct pod_short *s = &pod->shortage;
	bool awaited;

	pod_note_served(pod);
	/* Its barrier is for pod_sweep_demand(), too. */
	awaited = wq_has_sleeper(&s->supply);
	pod_sweep_supplied(pod);
	if (!awaited)
		return;
	if (all)
		wake_up_all(&s->supply);
	else
		wake_up(&s->supply);
}

void pod_supply_changed(struct pod *pod)
{
	atomic_inc(&pod->shortage.supply_seq);
	wake_up_all(&pod->shortage.supply);
}

void pod_note_short(struct pod *pod, unsigned long index)
{
	struct pod_short *s = &pod->shortage;

	pod_ledger_count(&pod->ledger, pod_shard(), POD_EVENT_EXHAUSTED, 1);
	WRITE_ONCE(s->index, index);
	/* The first of a series says so at once: policy "fail" may be next. */
	if (!xchg(&s->unserved, true))
		pr_warn_ratelimited("kvm-pod: pod%u: the reserve is empty at page %#lx and the target is reached\n",
				    pod->id, index);
	atomic_inc(&s->touches);
	pod_event_kick_now(pod);
}

void pod_set_policy(struct pod *pod, u32 policy)
{
	WRITE_ONCE(pod->policy, policy);
	/* Whoever is short under this one, too, says so again. */
	pod_note_served(pod);
	pod_supply_changed(pod);
	pod_event_kick(pod);
}
