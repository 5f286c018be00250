// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ledger keeps a pod's counts. It never looks at pages or at the PMT.
 */
#include "ledger.h"

#include <linux/minmax.h>

static struct pod_ledger_shard *ledger_shard(const struct pod_ledger *ledger,
					     unsigned int shard)
{
	return &ledger->shards[shard & (ledger->nr_shards - 1)];
}

void pod_ledger_init(struct pod_ledger *ledger, u64 size,
		     struct pod_ledger_shard *shards, unsigned int nr_shards)
{
	ledger->size = size;
	ledger->shards = shards;
	ledger->nr_shards = nr_shards;
	spin_lock_init(&ledger->lock);
	ledger->target = 0;
	ledger->owned = 0;
	ledger->to_shrink = 0;
	ledger->overdraft = 0;
	ledger->floating = 0;
	ledger->retired = 0;
	ledger->announced = false;
}

void pod_ledger_move(struct pod_ledger *ledger, unsigned int shard,
		     const struct pod_delta *delta)
{
	struct pod_ledger_shard *s = ledger_shard(ledger, shard);
	int i;

	/*
	 * First, so that an audit that has read a part of this sees @seq
	 * move; fully ordered, as atomics that return a value are.
	 */
	atomic64_inc_return(&s->seq);
	for (i = 0; i < POD_GAUGE_NR; i++)
		if (delta->gauge[i])
			atomic64_add(delta->gauge[i], &s->gauge[i]);
}

void pod_ledger_count(struct pod_ledger *ledger, unsigned int shard,
		      enum pod_event event, u64 nr)
{
	atomic64_add(nr, &ledger_shard(ledger, shard)->event[event]);
}

u64 pod_ledger_gauge(const struct pod_ledger *ledger, enum pod_gauge gauge)
{
	s64 sum = 0;
	unsigned int i;

	for (i = 0; i < ledger->nr_shards; i++)
		sum += atomic64_read(&ledger->shards[i].gauge[gauge]);
	/* Torn between two shards, the sum may be short for a moment. */
	return max_t(s64, sum, 0);
}

u64 pod_ledger_events(const struct pod_ledger *ledger, enum pod_event event)
{
	u64 sum = 0;
	unsigned int i;

	for (i = 0; i < ledger->nr_shards; i++)
		sum += atomic64_read(&ledger->shards[i].event[event]);
	return sum;
}

u64 pod_ledger_seq(const struct pod_ledger *ledger)
{
	u64 sum = 0;
	unsigned int i;

	for (i = 0; i < ledger->nr_shards; i++)
		sum += atomic64_read(&ledger->shards[i].seq);
	return sum;
}

static u64 sub_or_zero(u64 a, u64 b)
{
	return a > b ? a - b : 0;
}

void pod_ledger_read(struct pod_ledger *ledger, struct pod_ledger_view *view)
{
	view->size = ledger->size;
	view->populated = pod_ledger_gauge(ledger, POD_GAUGE_POPULATED);
	view->given = pod_ledger_gauge(ledger, POD_GAUGE_GIVEN);
	view->given_huge = pod_ledger_gauge(ledger, POD_GAUGE_GIVEN_HUGE);
	view->parked = pod_ledger_gauge(ledger, POD_GAUGE_PARKED);

	spin_lock(&ledger->lock);
	view->target = ledger->target;
	view->owned = ledger->owned;
	view->to_shrink = ledger->to_shrink;
	view->overdraft = ledger->overdraft;
	view->floating = ledger->floating;
	view->retired = ledger->retired;
	spin_unlock(&ledger->lock);

	view->reserve = sub_or_zero(view->owned, view->populated);
	view->outstanding = sub_or_zero(view->size,
					view->populated + view->given);
}

void pod_ledger_raise(struct pod_ledger *ledger, u64 nr)
{
	spin_lock(&ledger->lock);
	ledger->owned += nr;
	ledger->target += nr;
	spin_unlock(&ledger->lock);
}

/* @nr pages less stand above the target: the overdraft is paid first. */
static void pay_locked(struct pod_ledger *ledger, u64 nr)
{
	u64 paid = min(nr, ledger->overdraft);

	ledger->overdraft -= paid;
	ledger->to_shrink -= min(nr - paid, ledger->to_shrink);
}

u64 pod_ledger_set_target(struct pod_ledger *ledger, u64 target)
{
	u64 up;

	spin_lock(&ledger->lock);
	if (target < ledger->target) {
		/* What was missing from the old target need not leave. */
		up = max(ledger->owned, target);
		ledger->to_shrink += min(up, ledger->target) - target;
	} else {
		target = min(target, max(ledger->owned, ledger->target));
		pay_locked(ledger, target - ledger->target);
	}
	ledger->target = target;
	spin_unlock(&ledger->lock);
	return target;
}

/*
 * R - E = O + B - M, and O - T: the smaller of the two may leave; of what was
 * overdrawn, all.
 */
static u64 surplus_locked(const struct pod_ledger *ledger, u64 given)
{
	u64 above = sub_or_zero(ledger->owned, ledger->target);
	u64 unused = sub_or_zero(ledger->owned + given, ledger->size);

	if (!READ_ONCE(ledger->announced))
		return above;
	return min(above, max(unused, ledger->overdraft));
}

bool pod_ledger_try_release(struct pod_ledger *ledger, u64 nr)
{
	u64 given;
	bool ok;

	/*
	 * Mostly nothing may leave: no lock then, and no shard of others. Who
	 * lowers the target this moment trims the reserve afterwards.
	 */
	if (pod_ledger_glance(&ledger->owned) <=
	    pod_ledger_glance(&ledger->target))
		return false;
	given = pod_ledger_gauge(ledger, POD_GAUGE_GIVEN);
	spin_lock(&ledger->lock);
	ok = surplus_locked(ledger, given) >= nr;
	if (ok) {
		ledger->owned -= nr;
		pay_locked(ledger, nr);
	}
	spin_unlock(&ledger->lock);
	return ok;
}

void pod_ledger_announce(struct pod_ledger *ledger)
{
	WRITE_ONCE(ledger->announced, true);
}

u64 pod_ledger_surplus(struct pod_ledger *ledger)
{
	u64 given = pod_ledger_gauge(ledger, POD_GAUGE_GIVEN);
	u64 nr;

	spin_lock(&ledger->lock);
	nr = surplus_locked(ledger, given);
	spin_unlock(&ledger->lock);
	return nr;
}

void pod_ledger_retire(struct pod_ledger *ledger, u64 nr)
{
	spin_lock(&ledger->lock);
	ledger->owned -= nr;
	ledger->retired += nr;
	pay_locked(ledger, nr);
	spin_unlock(&ledger->lock);
}

void pod_ledger_retire_float(struct pod_ledger *ledger, u64 nr)
{
	spin_lock(&ledger->lock);
	ledger->floating -= nr;
	ledger->retired += nr;
	spin_unlock(&ledger->lock);
}

void pod_ledger_lose(struct pod_ledger *ledger, u64 nr)
{
	spin_lock(&ledger->lock);
	ledger->owned -= nr;
	pay_locked(ledger, nr);
	spin_unlock(&ledger->lock);
}

u64 pod_ledger_missing(struct pod_ledger *ledger)
{
	u64 nr;

	spin_lock(&ledger->lock);
	nr = sub_or_zero(ledger->target, ledger->owned);
	spin_unlock(&ledger->lock);
	return nr;
}

bool pod_ledger_overdraw(struct pod_ledger *ledger, u64 nr, u64 limit)
{
	u64 more;
	bool ok;

	spin_lock(&ledger->lock);
	more = sub_or_zero(ledger->owned + nr,
			   max(ledger->owned, ledger->target));
	ok = !more || ledger->overdraft + more <= limit;
	if (ok) {
		ledger->owned += nr;
		ledger->overdraft += more;
	}
	spin_unlock(&ledger->lock);
	return ok;
}

bool pod_ledger_top_up(struct pod_ledger *ledger, u64 nr)
{
	return pod_ledger_overdraw(ledger, nr, 0);
}

void pod_ledger_float(struct pod_ledger *ledger, s64 nr)
{
	spin_lock(&ledger->lock);
	ledger->floating += nr;
	spin_unlock(&ledger->lock);
}

const char *pod_ledger_check(const struct pod_ledger_view *v)
{
	if (v->populated + v->outstanding + v->given != v->size)
		return "size is not populated + outstanding + given";
	if (v->populated + v->reserve != v->owned)
		return "owned is not populated + reserve";
	if (v->target > v->size)
		return "target is above size";
	if (v->owned > v->target + v->overdraft + v->to_shrink)
		return "owned is above target + overdraft + to_shrink";
	if (v->given_huge > v->populated)
		return "given_huge is above populated";
	if (v->parked > v->populated)
		return "parked is above populated";
	return NULL;
}
