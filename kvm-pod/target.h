/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The target: how much the pod promises its guest, and takes from the host.
 */
#ifndef POD_TARGET_H
#define POD_TARGET_H

#include "pod.h"

extern unsigned int pod_zero_threads;

/*
 * The first target, all of it or nothing worth keeping: after an error the
 * caller drains the pod. 0, -ENOMEM, or -EINTR for a fatal signal.
 */
int pod_target_create(struct pod *pod, u64 pages);

/*
 * Move the target. 0, -EINVAL, or -ENOMEM and -EINTR with as much as could be
 * taken; the target in force is in the ledger.
 */
int pod_target_set(struct pod *pod, u64 pages);

/*
 * The reserve lost pages to hardware errors: replace @most of them if possible.
 * True if any came.
 */
bool pod_target_top_up(struct pod *pod, u64 most);

/* Uncharge what has left since the target was lowered. */
void pod_target_settle(struct pod *pod);

#endif /* POD_TARGET_H */
