/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The overdraft: memory beyond the target, for touches that must not wait, and
 * for all under policy "grow". Counted, limited, and paid back first.
 */
#ifndef POD_OVERDRAFT_H
#define POD_OVERDRAFT_H

#include "pod.h"

/* The overdraft_max of a new pod, and what RLIMIT_MEMLOCK never refuses. */
#define POD_OVERDRAFT_PAGES	512UL

/*
 * Take a zeroed page, or with @huge perhaps a block, from the host for a touch
 * that came short. @must_serve: waiting here could stop the VMM.
 *
 * Return: the folio, part of the reserve by the ledger but on none of its
 * lists: it is put behind a page, or given to the reserve. NULL if the policy,
 * a limit or the host does not allow it.
 */
struct folio *pod_overdraw(struct pod *pod, bool huge, bool must_serve);

#endif /* POD_OVERDRAFT_H */
