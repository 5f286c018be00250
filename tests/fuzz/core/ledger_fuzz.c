// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ledger against a pod whose pages come and go one at a time. Numbers are
 * small, and count units of a page or of very many: what is cut off at 32 bits
 * shows.
 */
#include <string.h>

#include "fuzz.h"
#include "ledger.h"

#define NR_SHARDS	4
#define SIZE		48

static struct pod_ledger_shard shards[NR_SHARDS];
static struct pod_ledger ledger;
static u64 unit;

/*
 * All in units. Each page that is owned is one of three: it counts toward the
 * target, it has to leave because the target was lowered, or it is overdraft.
 */
static struct {
	u64 target;
	u64 kept;
	u64 leaving;
	u64 overdraft;
	u64 gauge[POD_GAUGE_NR];
	u64 event[POD_EVENT_NR];
	s64 floating;
	u64 retired;
	u64 moves;
	bool announced;
} naive;

static u64 owned(void)
{
	return naive.kept + naive.leaving + naive.overdraft;
}

static u64 reserve(void)
{
	return owned() - naive.gauge[POD_GAUGE_POPULATED];
}

static u64 outstanding(void)
{
	return SIZE - naive.gauge[POD_GAUGE_POPULATED] -
	       naive.gauge[POD_GAUGE_GIVEN];
}

static void one_leaves(void)
{
	if (naive.overdraft)
		naive.overdraft--;
	else if (naive.leaving)
		naive.leaving--;
	else
		naive.kept--;
}

static void one_comes(void)
{
	if (naive.kept < naive.target)
		naive.kept++;
	else
		naive.overdraft++;
}

static void target_down(void)
{
	if (naive.kept == naive.target) {
		naive.kept--;
		naive.leaving++;
	}
	naive.target--;
}

/* False if the pod has no page for it. */
static bool target_up(void)
{
	if (naive.overdraft)
		naive.overdraft--;
	else if (naive.leaving)
		naive.leaving--;
	else
		return false;
	naive.kept++;
	naive.target++;
	return true;
}

/* Without announcements: down to the target. With them: not what is needed. */
static bool may_leave(u64 nr)
{
	if (owned() < naive.target + nr)
		return false;
	return !naive.announced || nr <= naive.overdraft ||
	       owned() + naive.gauge[POD_GAUGE_GIVEN] >= SIZE + nr;
}

static void do_move(struct rnd *choices, enum pod_gauge gauge, s64 nr)
{
	struct pod_delta delta = {};

	delta.gauge[gauge] = nr * (s64)unit;
	pod_ledger_move(&ledger, rnd_below(choices, 2 * NR_SHARDS), &delta);
	naive.gauge[gauge] += nr;
	naive.moves++;
}

/* A gauge goes anywhere from 0 to @limit. */
static void move_within(struct rnd *choices, enum pod_gauge gauge, u64 limit)
{
	do_move(choices, gauge,
		(s64)rnd_below(choices, limit + 1) - (s64)naive.gauge[gauge]);
}

static u64 smaller(u64 a, u64 b)
{
	return a < b ? a : b;
}

/* What the PMT tells: never more pages than there are. */
static void op_move(struct rnd *choices)
{
	u64 populated = naive.gauge[POD_GAUGE_POPULATED];

	switch (rnd_below(choices, 4)) {
	case 0:
		move_within(choices, POD_GAUGE_POPULATED,
			    populated + smaller(reserve(), outstanding()));
		break;
	case 1:
		move_within(choices, POD_GAUGE_GIVEN, SIZE - populated);
		break;
	case 2:
		move_within(choices, POD_GAUGE_GIVEN_HUGE, populated);
		break;
	default:
		move_within(choices, POD_GAUGE_PARKED, populated);
	}
	populated = naive.gauge[POD_GAUGE_POPULATED];
	if (naive.gauge[POD_GAUGE_GIVEN_HUGE] > populated)
		move_within(choices, POD_GAUGE_GIVEN_HUGE, populated);
	if (naive.gauge[POD_GAUGE_PARKED] > populated)
		move_within(choices, POD_GAUGE_PARKED, populated);
}

static void op_raise(struct rnd *choices)
{
	u64 room = SIZE - (owned() > naive.target ? owned() : naive.target);
	u64 nr = rnd_below(choices, room + 1);

	pod_ledger_raise(&ledger, nr * unit);
	naive.target += nr;
	naive.kept += nr;
}

static void op_set_target(struct rnd *choices)
{
	u64 target = rnd_below(choices, SIZE + 1), in_force;

	in_force = pod_ledger_set_target(&ledger, target * unit);
	while (naive.target > target)
		target_down();
	while (naive.target < target && target_up())
		;
	CHECK(in_force == naive.target * unit);
}

/* Whoever asks has the pages in hand. */
static void op_release(struct rnd *choices)
{
	u64 nr = rnd_below(choices, reserve() + 1);
	bool ok = may_leave(nr);

	if (!nr)
		return;
	CHECK(pod_ledger_try_release(&ledger, nr * unit) == ok);
	while (ok && nr--)
		one_leaves();
}

static void op_surplus(struct rnd *choices)
{
	u64 nr = owned();

	(void)choices;
	while (nr && !may_leave(nr))
		nr--;
	CHECK(pod_ledger_surplus(&ledger) == nr * unit);
}

static void op_overdraw(struct rnd *choices)
{
	u64 nr = rnd_below(choices, SIZE - owned() + 1);
	u64 limit = rnd_below(choices, SIZE), gap = 0;
	bool ok;

	if (naive.target > owned())
		gap = smaller(naive.target - owned(), nr);
	ok = nr == gap || naive.overdraft + nr - gap <= limit;
	CHECK(pod_ledger_overdraw(&ledger, nr * unit, limit * unit) == ok);
	while (ok && nr--)
		one_comes();
}

static void op_top_up(struct rnd *choices)
{
	u64 missing = naive.target - naive.kept;
	u64 nr = rnd_below(choices, SIZE - owned() + 1);
	bool ok = nr <= missing;

	CHECK(pod_ledger_missing(&ledger) == missing * unit);
	CHECK(pod_ledger_top_up(&ledger, nr * unit) == ok);
	while (ok && nr--)
		one_comes();
}

static void op_retire(struct rnd *choices)
{
	u64 nr = rnd_below(choices, reserve() + 1);

	pod_ledger_retire(&ledger, nr * unit);
	naive.retired += nr;
	while (nr--)
		one_leaves();
}

static void op_lose(struct rnd *choices)
{
	u64 nr = rnd_below(choices, reserve() + 1);

	pod_ledger_lose(&ledger, nr * unit);
	while (nr--)
		one_leaves();
}

static void op_float(struct rnd *choices)
{
	s64 nr = rnd_below(choices, SIZE) - naive.floating;

	pod_ledger_float(&ledger, nr * (s64)unit);
	naive.floating += nr;
	if (naive.floating % 2 == 0)
		return;
	/* One of an odd number has a memory error. */
	pod_ledger_retire_float(&ledger, unit);
	naive.floating--;
	naive.retired++;
}

static void op_count(struct rnd *choices)
{
	enum pod_event event = rnd_below(choices, POD_EVENT_NR);
	u64 nr = rnd_below(choices, SIZE);

	pod_ledger_count(&ledger, rnd_below(choices, 255), event, nr * unit);
	naive.event[event] += nr;
	CHECK(pod_ledger_events(&ledger, event) == naive.event[event] * unit);
}

static void op_announce(struct rnd *choices)
{
	(void)choices;
	pod_ledger_announce(&ledger);
	naive.announced = true;
}

static void compare(void)
{
	struct pod_ledger_view v;

	pod_ledger_read(&ledger, &v);
	CHECK(!pod_ledger_check(&v));
	CHECK(v.size == SIZE * unit && v.target == naive.target * unit);
	CHECK(v.owned == owned() * unit && v.reserve == reserve() * unit);
	CHECK(v.outstanding == outstanding() * unit);
	CHECK(v.to_shrink == naive.leaving * unit);
	CHECK(v.overdraft == naive.overdraft * unit);
	CHECK(v.populated == naive.gauge[POD_GAUGE_POPULATED] * unit);
	CHECK(v.given == naive.gauge[POD_GAUGE_GIVEN] * unit);
	CHECK(v.given_huge == naive.gauge[POD_GAUGE_GIVEN_HUGE] * unit);
	CHECK(v.parked == naive.gauge[POD_GAUGE_PARKED] * unit);
	CHECK(v.floating == naive.floating * unit);
	CHECK(v.retired == naive.retired * unit);
	CHECK(pod_ledger_seq(&ledger) == naive.moves);
}

static void (*const ops[])(struct rnd *choices) = {
	op_move, op_move, op_move, op_raise, op_set_target, op_set_target,
	op_release, op_release, op_surplus, op_overdraw, op_top_up, op_retire,
	op_lose, op_float, op_count, op_announce,
};

void fuzz_run(struct rnd *choices)
{
	unit = rnd_below(choices, 2) ? 1 : 1ULL << 33;
	memset(&naive, 0, sizeof(naive));
	memset(shards, 0, sizeof(shards));
	memset(&ledger, 0xa5, sizeof(ledger));
	pod_ledger_init(&ledger, SIZE * unit, shards, NR_SHARDS);
	while (!rnd_is_dry(choices)) {
		ops[rnd_below(choices, 16)](choices);
		compare();
	}
}
