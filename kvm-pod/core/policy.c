// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policy turns counts into decisions; L1 and L2 carry them out.
 */
#include "policy.h"

bool pod_policy_scarce(const struct pod_ledger_view *view)
{
	return view->reserve < view->outstanding;
}

enum pod_pressure pod_policy_pressure(const struct pod_ledger_view *view,
				      u64 low_mark, bool short_of)
{
	/* Also with R >= E: a guest may write to what it gave up. */
	if (!view->reserve && short_of)
		return POD_PRESSURE_EXHAUSTED;
	if (!pod_policy_scarce(view))
		return POD_PRESSURE_NONE;
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

static enum pod_answer answer_failing(const struct pod_toucher *who)
{
	return who->nowait && who->in_kvm_run ? POD_ANSWER_SIGNAL :
						POD_ANSWER_FAIL;
}

enum pod_answer pod_policy_answer(const struct pod_toucher *who, bool fails)
{
	if (fails)
		return answer_failing(who);
	if (who->nowait)
		return POD_ANSWER_RETRY;
	if (!who->may_drop || who->leaving)
		return POD_ANSWER_FAIL;
	if (who->worker)
		return who->tried || who->last_user ? POD_ANSWER_FAIL :
						      POD_ANSWER_SLICE;
	return who->vcpu ? POD_ANSWER_SLEEP : POD_ANSWER_SLICE;
}

bool pod_policy_must_serve(const struct pod_toucher *who)
{
	return !who->nowait && !who->worker && !who->vcpu && !who->leaving;
}
