/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages of SMALL regions: single pages with their own reference counts.
 */
#ifndef POD_SMALL_H
#define POD_SMALL_H

#include "pod.h"

/*
 * Discard pages of one region. True when done, false if the region is not
 * SMALL any more.
 */
bool pod_small_discard(struct pod *pod, unsigned long first, unsigned long nr,
		       bool given);

/* GIVEN pages of one region become POD, parked ones plain RAM. As above. */
bool pod_small_deflate(struct pod *pod, unsigned long first, unsigned long nr);

#endif /* POD_SMALL_H */
