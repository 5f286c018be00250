/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a pod does in the background.
 */
#ifndef POD_WORK_H
#define POD_WORK_H

#include "pod.h"

int pod_work_init_queues(void);
void pod_work_exit_queues(void);

void pod_work_init(struct pod *pod);

/* Something waits to be cleared, topped up or let go. */
void pod_work_kick(struct pod *pod);
/* Pages were discarded: is anything of that so? */
void pod_work_kick_if_due(struct pod *pod);

/* A turn of the sweep, or another one after that which is under way. */
void pod_work_sweep(struct pod *pod);

/* The float is not full. */
void pod_refill_kick(struct pod *pod);

/* The same, and wait for it. No lock is held. */
void pod_refill(struct pod *pod);

/*
 * The pod may own more than its target. The work starts when nobody has asked
 * for it for a while: a balloon that is still inflating completes most regions
 * by itself, and a region demoted before that is copied for nothing.
 */
void pod_shrink_kick(struct pod *pod);

/* There may be something to announce. */
void pod_event_kick(struct pod *pod);

/* The same, and at once if it was not done lately. */
void pod_event_kick_now(struct pod *pod);

/* No more work from here on; waits for what runs. */
void pod_work_stop(struct pod *pod);

#endif /* POD_WORK_H */
