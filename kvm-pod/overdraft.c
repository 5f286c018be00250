// SPDX-License-Identifier: GPL-2.0-only
/*
 * Taking memory beyond the target. Its way back is the reserve's: see
 * pod_ledger_try_release().
 */
#include "overdraft.h"

#include "alloc.h"
#include "wait.h"

static u64 limit_of(struct pod *pod, bool must_serve)
{
	u64 limit = must_serve ? READ_ONCE(pod->overdraft_max) : 0;

	switch (READ_ONCE(pod->policy)) {
	case KVM_POD_POLICY_WAIT:
		return limit;
	case KVM_POD_POLICY_GROW:
		return max(limit, READ_ONCE(pod->grow_max));
	default:
		return 0;
	}
}

/* The first pages are owed to the monitor, whatever limits say. */
static bool is_owed(struct pod *pod, u64 nr, bool must_serve)
{
	u64 overdraft = pod_ledger_glance(&pod->ledger.overdraft);

	return must_serve && overdraft + nr <= POD_OVERDRAFT_PAGES;
}

/* What is charged must never be less than what is owned: one locked section. */
static bool book(struct pod *pod, u64 nr, u64 limit, bool must_serve)
{
	bool ok;

	spin_lock(&pod->charge_lock);
	ok = !pod_charge_locked(pod, nr, pod->memlock,
				is_owed(pod, nr, must_serve));
	if (ok && !pod_ledger_overdraw(&pod->ledger, nr, limit)) {
		pod_uncharge_locked(pod, nr);
		ok = false;
	}
	spin_unlock(&pod->charge_lock);
	return ok;
}

/* A look without the lock saves an allocation, nothing depends on it. */
static bool has_room(struct pod *pod, u64 nr, u64 limit)
{
	struct pod_ledger_view v;

	pod_ledger_read(&pod->ledger, &v);
	return v.owned < v.target || v.overdraft + nr <= limit;
}

static struct folio *draw(struct pod *pod, struct folio *folio, u64 limit,
			  bool must_serve)
{
	if (!folio || book(pod, folio_nr_pages(folio), limit, must_serve))
		return folio;
	pod_free_folio(folio);
	return NULL;
}

struct folio *pod_overdraw(struct pod *pod, bool huge, bool must_serve)
{
	bool grows = READ_ONCE(pod->policy) == KVM_POD_POLICY_GROW;
	u64 limit = limit_of(pod, must_serve);
	struct folio *folio = NULL;

	/* overdraft_max is for single pages: a block would be all of it. */
	if (grows && huge && has_room(pod, POD_REGION_PAGES, limit) &&
	    pod_host_has(POD_REGION_PAGES))
		folio = draw(pod, pod_alloc_huge(pod), limit, must_serve);
	if (!folio && has_room(pod, 1, limit) &&
	    (is_owed(pod, 1, must_serve) || pod_host_has(1)))
		folio = draw(pod, pod_alloc_small(pod), limit, must_serve);
	if (folio && grows)
		pod_note_served(pod);
	return folio;
}
