/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Populating: memory from the reserve goes behind a guest page.
 */
#ifndef POD_POPULATE_H
#define POD_POPULATE_H

#include "pod.h"

/*
 * Put memory behind page @index, which had none when the caller looked and
 * found @slot. @gift: from pod_overdraw(), to be used instead of the reserve's,
 * ours in any case; or NULL.
 *
 * Return: the folio behind it, locked and with a reference for the caller;
 * -EAGAIN if somebody was faster, look again; -ENOSPC if the reserve is empty;
 * -ENOMEM if there is no memory for a leaf. May sleep; no folio is locked.
 */
struct folio *pod_populate(struct pod *pod, unsigned long index,
			   const struct pod_slot *slot, struct pod_touch touch,
			   struct folio *gift);

/*
 * Populate all of a pod that nobody can see yet.
 *
 * Return: 0, -ENOMEM, or -EINTR for a fatal signal; what was done stays.
 */
int pod_populate_all(struct pod *pod);

/* Should a gift for this touch be a block? */
bool pod_populate_wants_huge(const struct pod_slot *slot,
			     struct pod_touch touch);

#endif /* POD_POPULATE_H */
