// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ledger alone: what may leave for the host, and when.
 */
#include "ledger.h"

#include <stdio.h>
#include <string.h>

#include "test.h"

#define NR_SHARDS 4

static struct pod_ledger_shard shards[NR_SHARDS];
static struct pod_ledger ledger;

/* A pod of @size pages that owns and promises @target. */
static void ledger_make(u64 size, u64 target)
{
	memset(shards, 0, sizeof(shards));
	pod_ledger_init(&ledger, size, shards, NR_SHARDS);
	pod_ledger_raise(&ledger, target);
}

static void move(unsigned int shard, enum pod_gauge gauge, s64 nr)
{
	struct pod_delta d = {};

	d.gauge[gauge] = nr;
	pod_ledger_move(&ledger, shard, &d);
}

static struct pod_ledger_view view(void)
{
	struct pod_ledger_view v;

	pod_ledger_read(&ledger, &v);
	return v;
}

static void new_pod_is_all_reserve(void)
{
	struct pod_ledger_view v;

	ledger_make(4096, 1024);
	v = view();
	CHECK(v.size == 4096 && v.target == 1024 && v.owned == 1024);
	CHECK(v.reserve == 1024 && v.outstanding == 4096);
	CHECK(!v.populated && !v.given && !v.to_shrink && !v.floating);
	CHECK(!pod_ledger_check(&v));
}

static void gauges_add_up_over_shards(void)
{
	struct pod_ledger_view v;

	ledger_make(4096, 1024);
	move(0, POD_GAUGE_POPULATED, 512);
	move(5, POD_GAUGE_POPULATED, 1);
	move(3, POD_GAUGE_POPULATED, -512);
	move(2, POD_GAUGE_GIVEN, 7);
	v = view();
	CHECK(v.populated == 1 && v.given == 7);
	CHECK(v.reserve == 1023 && v.outstanding == 4096 - 8);
	CHECK(pod_ledger_seq(&ledger) == 4);
}

static void events_add_up(void)
{
	ledger_make(64, 64);
	pod_ledger_count(&ledger, 0, POD_EVENT_DISCARDED, 3);
	pod_ledger_count(&ledger, 7, POD_EVENT_DISCARDED, 4);
	CHECK(pod_ledger_events(&ledger, POD_EVENT_DISCARDED) == 7);
	CHECK(pod_ledger_events(&ledger, POD_EVENT_DEMOTED) == 0);
}

/* A guest that may still touch everything needs every page of the reserve. */
static void lowered_target_keeps_what_is_outstanding(void)
{
	ledger_make(4096, 1024);
	pod_ledger_announce(&ledger);
	CHECK(pod_ledger_set_target(&ledger, 512) == 512);
	CHECK(ledger.to_shrink == 512);
	CHECK(pod_ledger_surplus(&ledger) == 0);
	CHECK(!pod_ledger_try_release(&ledger, 1));
	CHECK(ledger.owned == 1024);
}

/* Nothing is known about the balloon: who lowers the target means it. */
static void lowered_target_without_announcements(void)
{
	ledger_make(4096, 1024);
	CHECK(pod_ledger_set_target(&ledger, 512) == 512);
	CHECK(pod_ledger_surplus(&ledger) == 512);
	CHECK(!pod_ledger_try_release(&ledger, 513));
	CHECK(pod_ledger_try_release(&ledger, 512));
	CHECK(ledger.owned == 512 && ledger.to_shrink == 0);
	CHECK(!pod_ledger_try_release(&ledger, 1));
}

static void given_pages_let_reserve_leave(void)
{
	ledger_make(4096, 1024);
	pod_ledger_announce(&ledger);
	pod_ledger_set_target(&ledger, 512);
	move(0, POD_GAUGE_GIVEN, 3072 + 100);
	CHECK(pod_ledger_surplus(&ledger) == 100);
	CHECK(!pod_ledger_try_release(&ledger, 101));
	CHECK(pod_ledger_try_release(&ledger, 100));
	CHECK(ledger.owned == 924 && ledger.to_shrink == 412);
	CHECK(!pod_ledger_try_release(&ledger, 1));
}

static void never_releases_below_target(void)
{
	struct pod_ledger_view v;

	ledger_make(4096, 1024);
	move(0, POD_GAUGE_GIVEN, 4096);
	CHECK(!pod_ledger_try_release(&ledger, 1));
	pod_ledger_set_target(&ledger, 1000);
	CHECK(pod_ledger_surplus(&ledger) == 24);
	CHECK(!pod_ledger_try_release(&ledger, 25));
	CHECK(pod_ledger_try_release(&ledger, 24));
	CHECK(!pod_ledger_try_release(&ledger, 1));
	v = view();
	CHECK(v.owned == 1000 && v.to_shrink == 0);
	CHECK(!pod_ledger_check(&v));
}

static void raising_stops_at_owned(void)
{
	ledger_make(4096, 1024);
	CHECK(pod_ledger_set_target(&ledger, 2048) == 1024);
	pod_ledger_set_target(&ledger, 100);
	CHECK(pod_ledger_set_target(&ledger, 2048) == 1024);
	CHECK(ledger.to_shrink == 0);
	pod_ledger_raise(&ledger, 10);
	CHECK(ledger.target == 1034 && ledger.owned == 1034);
}

/* Hardware took pages away: lowering to there leaves nothing to shrink. */
static void missing_pages_need_not_leave(void)
{
	struct pod_ledger_view v;

	ledger_make(4096, 1024);
	pod_ledger_retire(&ledger, 24);
	CHECK(pod_ledger_missing(&ledger) == 24);
	pod_ledger_set_target(&ledger, 1000);
	CHECK(ledger.to_shrink == 0 && pod_ledger_missing(&ledger) == 0);
	v = view();
	CHECK(v.retired == 24 && v.owned == 1000 && !pod_ledger_check(&v));
}

/* The target was lowered, or others were first, while the pages came. */
static void top_up_takes_no_more_than_is_missing(void)
{
	struct pod_ledger_view v;

	ledger_make(4096, 1024);
	pod_ledger_retire(&ledger, 24);
	CHECK(!pod_ledger_top_up(&ledger, 25));
	CHECK(pod_ledger_top_up(&ledger, 4));
	pod_ledger_set_target(&ledger, 990);
	CHECK(!pod_ledger_top_up(&ledger, 20));
	v = view();
	CHECK(v.owned == 1004 && v.to_shrink == 14 && !v.overdraft);
	CHECK(!pod_ledger_check(&v));
}

static void overdraft_has_a_limit(void)
{
	struct pod_ledger_view v;

	ledger_make(4096, 1024);
	CHECK(!pod_ledger_overdraw(&ledger, 1, 0));
	CHECK(pod_ledger_overdraw(&ledger, 512, 512));
	CHECK(!pod_ledger_overdraw(&ledger, 1, 512));
	CHECK(pod_ledger_overdraw(&ledger, 1, 513));
	v = view();
	CHECK(v.owned == 1537 && v.overdraft == 513 && v.target == 1024);
	CHECK(!pod_ledger_check(&v));
}

/* What fills the gap up to the target is the target's own. */
static void overdraft_fills_the_gap_first(void)
{
	ledger_make(4096, 1024);
	pod_ledger_retire(&ledger, 24);
	CHECK(pod_ledger_overdraw(&ledger, 24, 0));
	CHECK(ledger.overdraft == 0 && ledger.owned == 1024);
	pod_ledger_retire(&ledger, 24);
	CHECK(pod_ledger_overdraw(&ledger, 25, 1));
	CHECK(ledger.overdraft == 1 && ledger.owned == 1025);
}

/* First to go back, whatever is outstanding, and before a lowered target. */
static void overdraft_is_paid_first(void)
{
	struct pod_ledger_view v;

	ledger_make(4096, 1024);
	pod_ledger_announce(&ledger);
	CHECK(pod_ledger_overdraw(&ledger, 10, 10));
	pod_ledger_set_target(&ledger, 1000);
	CHECK(ledger.to_shrink == 24 && ledger.overdraft == 10);
	CHECK(pod_ledger_surplus(&ledger) == 10);
	CHECK(!pod_ledger_try_release(&ledger, 11));
	CHECK(pod_ledger_try_release(&ledger, 4));
	CHECK(ledger.to_shrink == 24 && ledger.overdraft == 6);
	CHECK(pod_ledger_try_release(&ledger, 6));
	v = view();
	CHECK(v.to_shrink == 24 && !v.overdraft && v.owned == 1024);
	CHECK(!pod_ledger_try_release(&ledger, 1));
	CHECK(!pod_ledger_check(&v));
}

/* A raised target makes it the pod's own. */
static void raised_target_absorbs_the_overdraft(void)
{
	struct pod_ledger_view v;

	ledger_make(4096, 1024);
	CHECK(pod_ledger_overdraw(&ledger, 100, 100));
	CHECK(pod_ledger_set_target(&ledger, 1060) == 1060);
	CHECK(ledger.overdraft == 64);
	CHECK(pod_ledger_set_target(&ledger, 4096) == 1124);
	v = view();
	CHECK(!v.overdraft && v.owned == 1124 && !pod_ledger_check(&v));
}

static void lost_pages_are_missing(void)
{
	ledger_make(4096, 1024);
	pod_ledger_lose(&ledger, 3);
	CHECK(ledger.owned == 1021 && pod_ledger_missing(&ledger) == 3);
	pod_ledger_top_up(&ledger, 3);
	CHECK(ledger.owned == 1024 && pod_ledger_missing(&ledger) == 0);
	CHECK(ledger.to_shrink == 0);
}

static void float_is_outside_owned(void)
{
	ledger_make(4096, 1024);
	pod_ledger_float(&ledger, 512);
	pod_ledger_float(&ledger, -12);
	CHECK(view().floating == 500 && view().owned == 1024);
	pod_ledger_retire_float(&ledger, 3);
	CHECK(view().floating == 497 && view().retired == 3);
	CHECK(view().owned == 1024 && view().target == 1024);
}

/* The check itself must find what is wrong. */
static void check_finds_each_error(void)
{
	struct pod_ledger_view good = {
		.size = 100, .target = 50, .owned = 50, .populated = 20,
		.reserve = 30, .outstanding = 70, .given = 10,
	};
	struct pod_ledger_view v;

#define BREAK(field, value)						\
	v = good;							\
	v.field = value;						\
	CHECK(pod_ledger_check(&v))

	CHECK(!pod_ledger_check(&good));
	BREAK(given, 11);
	BREAK(reserve, 29);
	BREAK(target, 101);
	BREAK(target, 49);
	BREAK(given_huge, 21);
	BREAK(parked, 21);
}

const struct test tests[] = {
	{ "ledger: a new pod is all reserve", new_pod_is_all_reserve },
	{ "ledger: gauges add up over shards", gauges_add_up_over_shards },
	{ "ledger: events add up", events_add_up },
	{ "ledger: a lowered target keeps what is outstanding",
	  lowered_target_keeps_what_is_outstanding },
	{ "ledger: a lowered target without announcements",
	  lowered_target_without_announcements },
	{ "ledger: given pages let the reserve leave",
	  given_pages_let_reserve_leave },
	{ "ledger: never releases below the target",
	  never_releases_below_target },
	{ "ledger: raising stops at what is owned", raising_stops_at_owned },
	{ "ledger: missing pages need not leave",
	  missing_pages_need_not_leave },
	{ "ledger: a top-up takes no more than is missing",
	  top_up_takes_no_more_than_is_missing },
	{ "ledger: the overdraft has a limit", overdraft_has_a_limit },
	{ "ledger: the overdraft fills the gap first",
	  overdraft_fills_the_gap_first },
	{ "ledger: the overdraft is paid first", overdraft_is_paid_first },
	{ "ledger: a raised target absorbs the overdraft",
	  raised_target_absorbs_the_overdraft },
	{ "ledger: lost pages are missing until topped up",
	  lost_pages_are_missing },
	{ "ledger: the float is outside owned", float_is_outside_owned },
	{ "ledger: check finds each error", check_finds_each_error },
	{ }
};
