/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Discard: the guest, or its VMM, does not need a range any more. A hint plus
 * a promise: from now on it reads as zero.
 */
#ifndef POD_DISCARD_H
#define POD_DISCARD_H

#include "pod.h"

/*
 * Discard whole pages. @given: the balloon gave them up, they count as B; else
 * they are outstanding. What somebody still refers to is cleared in place and
 * stays attached. 0, or -EINTR for a fatal signal, when a part is done.
 */
int pod_discard(struct pod *pod, unsigned long first, unsigned long nr,
		bool given);

/* Clear a part of page @index in place, if there is memory behind it. */
void pod_discard_partial(struct pod *pod, unsigned long index,
			 unsigned int offset, unsigned int len);

/*
 * The guest wants to use these pages again. Needs no memory. 0, or -EINTR for a
 * fatal signal, when a part is done.
 */
int pod_deflate(struct pod *pod, unsigned long first, unsigned long nr);

/* The balloon driver is gone: nothing is given up any more. Likewise. */
int pod_balloon_reset(struct pod *pod);

/*
 * Try again to detach pages of SMALL regions that were referenced when they
 * were discarded. True if any came back.
 */
bool pod_unpark_some(struct pod *pod);

#endif /* POD_DISCARD_H */
