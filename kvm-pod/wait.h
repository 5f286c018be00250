/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Waiting for memory. Those who wait queue in order, roughly: who is woken
 * takes what there is with its next attempt, and waits again, as the last one,
 * if another was faster.
 */
#ifndef POD_WAIT_H
#define POD_WAIT_H

#include <linux/sched/signal.h>

#include "pod.h"

/* The longest that anybody but a vCPU waits at a time, in jiffies. */
#define POD_WAIT_SLICE	(HZ / 10)

void pod_wait_init(struct pod *pod);

/*
 * Is the calling thread to end? SIGKILL does not say so for long: get_signal()
 * takes it away, then come the exit, which may write to the thread's memory,
 * and the rest of a vhost worker's work. Nothing would end a wait of these.
 */
static inline bool pod_is_leaving(void)
{
	return fatal_signal_pending(current) || current->flags & PF_EXITING ||
	       READ_ONCE(current->signal->flags) & SIGNAL_GROUP_EXIT;
}

/*
 * Read before looking for memory in vain, and passed to the wait after: what
 * comes between the two ends the wait at once.
 */
static inline int pod_supply_seq(const struct pod *pod)
{
	return atomic_read(&pod->shortage.supply_seq);
}

/*
 * Sleep until there may be memory for a touch, a signal of the kind that
 * @state lets through arrives, or @timeout has passed. No lock is held; the
 * caller holds the pod's file.
 */
void pod_wait_supply(struct pod *pod, int seq, unsigned int state,
		     long timeout);

/* Is there anything new since @seq was read? */
bool pod_is_supplied(struct pod *pod, int seq);

/* Pages came into the reserve; @all: enough for everybody. */
void pod_supply_pages(struct pod *pod, bool all);

/* The target, the policy, or what is known about the guest's memory changed. */
void pod_supply_changed(struct pod *pod);

/* A touch of page @index found no memory, and none that could be had back. */
void pod_note_short(struct pod *pod, unsigned long index);

/* Touches that came short before have got what they wanted, or may now. */
void pod_note_served(struct pod *pod);

/* Another policy, for those who wait already, too. */
void pod_set_policy(struct pod *pod, u32 policy);

#endif /* POD_WAIT_H */
