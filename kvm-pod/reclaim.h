/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reclaim: the reserve is empty, get something back.
 */
#ifndef POD_RECLAIM_H
#define POD_RECLAIM_H

#include "pod.h"

/**
 * enum pod_reclaim - what reclaim came to
 * @POD_RECLAIM_AGAIN: the touch may try again
 * @POD_RECLAIM_LATER: something may come back soon: the worker is looking, or
 *	somebody is in the way for a moment
 * @POD_RECLAIM_NONE: the guest holds all that it may hold
 */
enum pod_reclaim {
	POD_RECLAIM_AGAIN,
	POD_RECLAIM_LATER,
	POD_RECLAIM_NONE,
};

/*
 * For a touch of page @index; @round counts the calls for it. @nowait: sleep
 * for nobody but a demotion of the same region. A toucher that is being killed
 * hears POD_RECLAIM_LATER. No folio is locked; mmap_lock may be.
 */
enum pod_reclaim pod_reclaim(struct pod *pod, unsigned long index,
			     unsigned int round, bool nowait);

#endif /* POD_RECLAIM_H */
