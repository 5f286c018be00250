/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Demotion: a 2 MiB block of which the guest gave up a part goes back to the
 * reserve, and what still holds data moves to single pages.
 */
#ifndef POD_DEMOTE_H
#define POD_DEMOTE_H

#include "pod.h"

/*
 * Take HUGE @region apart. Positive: its block is in the reserve, which has so
 * many pages more. -EAGAIN: it is not HUGE or somebody uses it now. -ENODATA:
 * it holds data and @copy is false; pages with data have lost their marks.
 * -ENOMEM: no pages to copy to. -EIO: a memory error met in copying. No folio
 * is locked by the caller.
 */
int pod_demote(struct pod *pod, unsigned long region, bool copy);

/*
 * The same while the caller is discarding @nr pages of one region: those of
 * them that have a memory error are given up with their block.
 */
int pod_demote_broken(struct pod *pod, unsigned long first, unsigned int nr);

/*
 * Demote the region that has most to give; @given: only what the balloon gave
 * up counts. -ENOENT if there is none, else as pod_demote().
 */
int pod_demote_next(struct pod *pod, bool given);

#endif /* POD_DEMOTE_H */
