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

/* Has this host seen memory errors at all? If not, nobody need look for any. */
bool pod_host_has_errors(void);

/* No limit: the caller has CAP_IPC_LOCK. */
#define POD_MEMLOCK_ANY	U64_MAX

/* How much the caller's user may have charged, in pages. */
u64 pod_memlock(void);

/*
 * Charge @nr pages to the module's limit and to the pod's user, who may have
 * @memlock; with @force whatever these say. 0 or -ENOMEM. pod->charge_lock is
 * held.
 */
int pod_charge_locked(struct pod *pod, u64 nr, u64 memlock, bool force);
void pod_uncharge_locked(struct pod *pod, u64 nr);

/* Have @pages charged at least, by the caller's rights. 0 or -ENOMEM. */
int pod_charge_up_to(struct pod *pod, u64 pages);

void pod_uncharge_all(struct pod *pod);

/* A leaf for pages that are only hints: charged, and may fail. */
struct pod_leaf *pod_leaf_try(struct pod *pod);

/*
 * A leaf fails only where a page table would, and in a memory cgroup that is
 * full when the pod has more leaves than pages. Marks are a hint, and may fail.
 */
struct pod_leaf *pod_leaf_alloc(struct pod *pod);
void pod_leaf_free(struct pod *pod, struct pod_leaf *leaf);
struct pod_marks *pod_marks_alloc(struct pod *pod);
void pod_marks_free(struct pod_marks *marks);

int pod_alloc_init(void);
void pod_alloc_exit(void);

#endif /* POD_ALLOC_H */
