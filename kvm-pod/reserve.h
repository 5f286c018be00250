/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The reserve: what the pod owns and no guest page uses.
 */
#ifndef POD_RESERVE_H
#define POD_RESERVE_H

#include "pod.h"

/*
 * Take a zeroed block or page, without index or mapping; the caller owns our
 * reference. NULL if the reserve has none of the kind. May sleep; no folio is
 * locked.
 * @split: have a block exchanged for single pages; NULL means that there is none
 */
struct folio *pod_reserve_take_huge(struct pod *pod);
struct folio *pod_reserve_take_small(struct pod *pod, bool split);

/* Take what costs least to lose, perhaps not cleared, to let go of it. */
struct folio *pod_reserve_take_any(struct pod *pod, bool huge);

/*
 * Give back a page that nobody else refers to. @clean: proved to be zero.
 * It goes to the host if the pod owns too much, else to the reserve.
 */
void pod_reserve_give(struct pod *pod, struct folio *folio, bool clean);

/* A new zeroed page from the host: the ledger was told already. */
void pod_reserve_add(struct pod *pod, unsigned int shard, struct folio *folio);

/*
 * Let go what the pod owns above its target and does not need.
 * @split: take a block apart for the last few pages; may sleep for long.
 */
void pod_reserve_trim(struct pod *pod, bool split);

/* Clear some of what waits to be cleared. True if there is more. */
bool pod_reserve_clear_some(struct pod *pod);

/*
 * Is nothing on its lists? Pages may be in flight: on none while somebody
 * clears them, exchanges them, or is about to map them.
 */
bool pod_reserve_is_empty(struct pod *pod);

/* Pages of the reserve that lie in 2 MiB blocks. */
u64 pod_reserve_huge_pages(struct pod *pod);

/* Give all of it to the host. For teardown. */
void pod_reserve_drain(struct pod *pod);

#endif /* POD_RESERVE_H */
