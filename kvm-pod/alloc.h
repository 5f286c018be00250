/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages from and to the host, and who is charged for them.
 */
#ifndef POD_ALLOC_H
#define POD_ALLOC_H

#include "pod.h"

extern bool pod_huge;
extern unsigned long pod_limit_mb;

/*
 * Zeroed pages, charged to the pod's memory cgroup. They never wake the OOM
 * killer. NULL if there is none; may sleep.
 */
struct folio *pod_alloc_huge(struct pod *pod);
struct folio *pod_alloc_small(struct pod *pod);

/*
 * Could the host give @nr pages and still breathe? Asked before a pod grows:
 * taking its last page would not wake the OOM killer, the next one to ask
 * for a page would. Not asked for the float, which only exchanges.
 */
bool pod_host_has(u64 nr);

/* Back to the host; ours must be the last reference, or it goes with that. */
void pod_free_folio(struct folio *folio);

/* Is there a hardware error in any page of @folio? */
bool pod_folio_poisoned(struct folio *folio);

/*
 * Charge @nr pages to the module's limit and the creator's RLIMIT_MEMLOCK, or
 * with @force whatever these say. 0 or -ENOMEM. pod->charge_lock is held.
 */
int pod_charge_locked(struct pod *pod, u64 nr, bool force);
void pod_uncharge_locked(struct pod *pod, u64 nr);

/* The same, taking the lock. */
int pod_charge(struct pod *pod, u64 nr);
void pod_uncharge(struct pod *pod, u64 nr);

/* A leaf fails only where a page table would. Marks are a hint, and may fail. */
struct pod_leaf *pod_leaf_alloc(void);
void pod_leaf_free(struct pod_leaf *leaf);
struct pod_marks *pod_marks_alloc(void);
void pod_marks_free(struct pod_marks *marks);

int pod_alloc_init(void);
void pod_alloc_exit(void);

#endif /* POD_ALLOC_H */
