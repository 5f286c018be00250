/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The float: 512 single pages beside the reserve. A block of 2 MiB cannot be
 * taken apart by a module; it is exchanged for the float's pages instead, and
 * the float turns it into single pages with the host later. So a request for
 * a single page never fails while the reserve holds anything, fragmented as
 * the host may be.
 */
#ifndef POD_FLOAT_H
#define POD_FLOAT_H

#include "pod.h"

/* Pages that the float is to have: none where no block is taken apart. */
static inline u64 pod_float_pages(const struct pod *pod)
{
	return pod->pinnable ? 0 : POD_FLOAT_PAGES;
}

void pod_float_init(struct pod *pod);

/*
 * Fill it up, from the worker or before the pod is published: in a fault the
 * toucher's cpuset would decide where pages may come from. 0, or -ENOMEM if
 * it could not be filled whole.
 */
int pod_float_fill(struct pod *pod);

/* Is it full? */
bool pod_float_is_ready(struct pod *pod);

/* If it is not full, have the worker fill it, and wait. No lock is held. */
void pod_float_ready(struct pod *pod);

/*
 * Exchange a block of the reserve for single pages. True if the reserve has
 * single pages now, by whoever's doing. May sleep; no folio is locked.
 */
bool pod_float_exchange(struct pod *pod);

/*
 * Demotion: pages for what a block holds, paid for with the block.
 *
 * borrow: move @nr pages to @pages, or change nothing and return -ENOMEM.
 * return: the demotion came to nothing, here they are again.
 * repay: the block is free now; what the float has left goes to the reserve.
 *
 * pod->flt.lock is held from borrow to return or repay.
 */
int pod_float_borrow(struct pod *pod, struct list_head *pages, unsigned int nr);
void pod_float_return(struct pod *pod, struct list_head *pages,
		      unsigned int nr);
void pod_float_repay(struct pod *pod, struct folio *huge, unsigned int nr);

void pod_float_drain(struct pod *pod);

#endif /* POD_FLOAT_H */
