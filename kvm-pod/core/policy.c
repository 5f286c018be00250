// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policy turns counts into decisions; L1 and L2 carry them out.
 */
#include "policy.h"

enum pod_pressure pod_policy_pressure(const struct pod_ledger_view *view,
				      u64 low_mark)
{
	/* With R >= E no touch can find the reserve empty. */
	if (view->reserve >= view->outstanding)
		return POD_PRESSURE_NONE;
	if (!view->reserve)
		return POD_PRESSURE_EXHAUSTED;
	return view->reserve < low_mark ? POD_PRESSURE_LOW : POD_PRESSURE_NONE;
}

bool pod_policy_wants_huge(const struct pod_touch *touch)
{
	/*
	 * Behind a page table a block gives nothing that single pages do not,
	 * and would take 512 pages from the reserve for one.
	 */
	return touch->hole && (touch->pmd_mappable || touch->whole_file);
}
