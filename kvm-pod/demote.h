/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Demotion: a 2 MiB block of which the guest gave up a part goes back to the
 * reserve, and what still holds data moves to single pages.
 */
#ifndef POD_DEMOTE_H
#define POD_DEMOTE_H

#include "pod.h"

/*
 * Take HUGE @region apart. 0: its block is in the reserve. -EAGAIN: it is not
 * HUGE or somebody uses it now. -ENODATA: it holds data and @copy is false;
 * pages with data have lost their marks. -ENOMEM: no pages to copy to. -EIO:
 * a memory error met in copying. No folio is locked by the caller.
 */
int pod_demote(struct pod *pod, unsigned long region, bool copy);

/*
 * Demote the region that has most to give; @given: only what the balloon gave
 * up counts. -ENOENT if there is none, else as pod_demote().
 */
int pod_demote_next(struct pod *pod, bool given);

/*
 * The reserve is empty: get something back. @round counts the calls for one
 * touch. True if the touch may try again, false if the guest holds all that it
 * may hold, or the toucher is being killed.
 */
bool pod_reclaim(struct pod *pod, unsigned int round);

#endif /* POD_DEMOTE_H */
