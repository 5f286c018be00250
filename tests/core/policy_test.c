// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policy: pressure, blocks, and what becomes of a touch that came short.
 */
#include "policy.h"

#include "test.h"

static enum pod_pressure pressure(u64 reserve, u64 outstanding, u64 low_mark,
				  bool short_of)
{
	struct pod_ledger_view v = {
		.reserve = reserve, .outstanding = outstanding,
	};

	return pod_policy_pressure(&v, low_mark, short_of);
}

static void pressure_follows_reserve(void)
{
	CHECK(pressure(100, 1000, 50, false) == POD_PRESSURE_NONE);
	CHECK(pressure(50, 1000, 50, false) == POD_PRESSURE_NONE);
	CHECK(pressure(49, 1000, 50, false) == POD_PRESSURE_LOW);
	CHECK(pressure(1, 1000, 0, false) == POD_PRESSURE_NONE);
	CHECK(pressure(0, 1000, 0, false) == POD_PRESSURE_NONE);
}

/* An empty reserve is none yet: nobody may want more. */
static void exhausted_once_a_touch_came_short(void)
{
	CHECK(pressure(0, 1000, 50, false) == POD_PRESSURE_LOW);
	CHECK(pressure(0, 1000, 50, true) == POD_PRESSURE_EXHAUSTED);
	CHECK(pressure(0, 1000, 0, true) == POD_PRESSURE_EXHAUSTED);
	CHECK(pressure(0, 0, 0, true) == POD_PRESSURE_EXHAUSTED);
	CHECK(pressure(1, 1000, 50, true) == POD_PRESSURE_LOW);
}

/* With nothing left to touch, a small reserve is no trouble. */
static void no_pressure_without_outstanding(void)
{
	CHECK(pressure(0, 0, 50, false) == POD_PRESSURE_NONE);
	CHECK(pressure(10, 10, 50, false) == POD_PRESSURE_NONE);
	CHECK(pressure(9, 10, 50, false) == POD_PRESSURE_LOW);
}

static void scarce_is_less_than_outstanding(void)
{
	struct pod_ledger_view v = { .reserve = 9, .outstanding = 10 };

	CHECK(pod_policy_scarce(&v));
	v.reserve = 10;
	CHECK(!pod_policy_scarce(&v));
}

static bool wants_huge(bool hole, bool pmd_mappable, bool whole_file)
{
	struct pod_touch touch = {
		.hole = hole,
		.pmd_mappable = pmd_mappable, .whole_file = whole_file,
	};

	return pod_policy_wants_huge(&touch);
}

/* DESIGN rule 8: a block only for a region that is all POD. */
static void huge_only_for_holes(void)
{
	CHECK(wants_huge(true, true, false));
	CHECK(wants_huge(true, false, true));
	CHECK(!wants_huge(true, false, false));
	CHECK(!wants_huge(false, true, false));
	CHECK(!wants_huge(false, true, true));
}

static enum pod_answer answer(struct pod_toucher who, bool fails)
{
	return pod_policy_answer(&who, fails);
}

#define WHO(...)	((struct pod_toucher){ __VA_ARGS__ })

/* DESIGN rule 9, case by case. */
static void who_waits_and_how(void)
{
	CHECK(answer(WHO(.nowait = true), false) == POD_ANSWER_RETRY);
	CHECK(answer(WHO(.nowait = true, .in_kvm_run = true), false) ==
	      POD_ANSWER_RETRY);
	CHECK(answer(WHO(), false) == POD_ANSWER_FAIL);
	CHECK(answer(WHO(.in_kvm_run = true, .vcpu = true), false) ==
	      POD_ANSWER_FAIL);
	CHECK(answer(WHO(.may_drop = true, .in_kvm_run = true, .vcpu = true),
		     false) == POD_ANSWER_SLEEP);
	CHECK(answer(WHO(.may_drop = true, .in_kvm_run = true), false) ==
	      POD_ANSWER_SLICE);
	CHECK(answer(WHO(.may_drop = true), false) == POD_ANSWER_SLICE);
	CHECK(answer(WHO(.may_drop = true, .tried = true), false) ==
	      POD_ANSWER_SLICE);
}

/* It holds the mm: once only, and not if it is the last one. */
static void worker_waits_once(void)
{
	CHECK(answer(WHO(.may_drop = true, .worker = true), false) ==
	      POD_ANSWER_SLICE);
	CHECK(answer(WHO(.may_drop = true, .worker = true, .tried = true),
		     false) == POD_ANSWER_FAIL);
	CHECK(answer(WHO(.may_drop = true, .worker = true, .last_user = true),
		     false) == POD_ANSWER_FAIL);
}

/* Whoever it is: it has heard of SIGKILL, and would wait for ever. */
static void who_leaves_never_waits(void)
{
	CHECK(answer(WHO(.may_drop = true, .leaving = true), false) ==
	      POD_ANSWER_FAIL);
	CHECK(answer(WHO(.may_drop = true, .leaving = true, .in_kvm_run = true,
			 .vcpu = true), false) == POD_ANSWER_FAIL);
	CHECK(answer(WHO(.nowait = true, .leaving = true), false) ==
	      POD_ANSWER_RETRY);
}

static void failing_never_waits(void)
{
	CHECK(answer(WHO(.may_drop = true), true) == POD_ANSWER_FAIL);
	CHECK(answer(WHO(.nowait = true), true) == POD_ANSWER_FAIL);
	CHECK(answer(WHO(.nowait = true, .in_kvm_run = true), true) ==
	      POD_ANSWER_SIGNAL);
	CHECK(answer(WHO(.may_drop = true, .worker = true), true) ==
	      POD_ANSWER_FAIL);
}

/* Who may hold a lock that the monitor needs gets memory beyond the target. */
static void must_serve(void)
{
	CHECK(pod_policy_must_serve(&WHO(.may_drop = true)));
	CHECK(pod_policy_must_serve(&WHO()));
	CHECK(pod_policy_must_serve(&WHO(.in_kvm_run = true)));
	CHECK(!pod_policy_must_serve(&WHO(.nowait = true)));
	CHECK(!pod_policy_must_serve(&WHO(.worker = true)));
	CHECK(!pod_policy_must_serve(&WHO(.may_drop = true, .leaving = true)));
	CHECK(!pod_policy_must_serve(&WHO(.in_kvm_run = true, .vcpu = true)));
}

const struct test tests[] = {
	{ "policy: pressure follows the reserve", pressure_follows_reserve },
	{ "policy: nothing outstanding, no pressure",
	  no_pressure_without_outstanding },
	{ "policy: 2 MiB blocks only for holes", huge_only_for_holes },
	{ "policy: exhausted once a touch came short",
	  exhausted_once_a_touch_came_short },
	{ "policy: eager reclaim while more may be touched than is there",
	  scarce_is_less_than_outstanding },
	{ "policy: who waits, and how", who_waits_and_how },
	{ "policy: a worker waits once", worker_waits_once },
	{ "policy: who leaves never waits", who_leaves_never_waits },
	{ "policy: fail never waits", failing_never_waits },
	{ "policy: who must be served", must_serve },
	{ }
};
