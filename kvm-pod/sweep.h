/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sweep: memory that the guest holds but that contains only zeroes goes
 * back to the reserve. It read as zero before, and does so after.
 *
 * Who sweeps, and where:
 *
 *	eager		a populating touch	the region it populated long ago
 *	emergency	a touch without memory	recent regions, then a cursor,
 *						up to the budget
 *	turn		the worker, when the	all regions
 *			reserve is low or the
 *			budget was not enough
 *	KVM_POD_SWEEP	a manager		what it asks for
 */
#ifndef POD_SWEEP_H
#define POD_SWEEP_H

#include "pod.h"

/* Pages that one touch looks at, at most, before the worker takes over. */
extern unsigned int pod_sweep_budget;

/* What a sweep does with a region: any of these. */
#define POD_SWEEP_HUGE		(1U << 0)	/* blocks that are all zero */
#define POD_SWEEP_SMALL		(1U << 1)	/* single pages */
#define POD_SWEEP_DEMOTE	(1U << 2)	/* blocks mostly zero, too */

/**
 * struct pod_sweep_count - what came of a sweep, in pages
 * @scanned: looked at
 * @reclaimed: back in the reserve
 * @busy: blocks and pages that somebody used: another look may find them free
 */
struct pod_sweep_count {
	u64 scanned;
	u64 reclaimed;
	u64 busy;
};

/* Sweep one region; adds to @count. No folio is locked. May sleep. */
void pod_sweep_region(struct pod *pod, unsigned long region, unsigned int how,
		      struct pod_sweep_count *count);

/* Regions have been swept: let others see what that changes. */
void pod_sweep_done(struct pod *pod);

/* Before a touch takes from the reserve: look at one region, perhaps. */
void pod_sweep_eager(struct pod *pod);

/*
 * The reserve is empty. True if something came back; false if the budget was
 * spent for nothing: then a turn of the worker has the last word.
 */
bool pod_sweep_emergency(struct pod *pod);

/* Is what was demanded POD_DEMAND_DRY, and was it found so a moment ago? */
bool pod_sweep_is_dry(struct pod *pod);

/* A touch came short: have the worker take a turn through everything. */
void pod_sweep_demand(struct pod *pod);

/* The reserve is low: have the worker look, unless that was in vain lately. */
void pod_sweep_kick(struct pod *pod);

/*
 * Something came into the reserve. Whoever takes it may have zeroed pages when
 * the next touch comes short: what a turn finds for the one, after that one was
 * served, must not be believed by the other.
 */
void pod_sweep_supplied(struct pod *pod);

/* A touch failed because it is dry. Who hears that may zero pages as well. */
void pod_sweep_refused(struct pod *pod);

void pod_sweep_init(struct pod *pod);

#endif /* POD_SWEEP_H */
