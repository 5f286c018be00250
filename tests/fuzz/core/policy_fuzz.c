// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policy: of several statements, exactly one is true, and it names the answer.
 */
#include "fuzz.h"
#include "policy.h"

/* Small numbers, to be equal at times, and very large ones. */
static u64 some(struct rnd *choices)
{
	u64 value = rnd_below(choices, 8);

	return rnd_below(choices, 4) ? value : -1ULL - value;
}

static void check_pressure(struct rnd *choices)
{
	struct pod_ledger_view view = {
		.reserve = some(choices), .outstanding = some(choices),
	};
	bool short_of = rnd_below(choices, 2);
	u64 low_mark = some(choices);
	enum pod_pressure is;
	bool exhausted, low;

	is = pod_policy_pressure(&view, low_mark, short_of);
	exhausted = short_of && view.reserve == 0;
	low = view.outstanding > view.reserve && low_mark > view.reserve;
	CHECK((is == POD_PRESSURE_EXHAUSTED) == exhausted);
	CHECK((is == POD_PRESSURE_LOW) == (low && !exhausted));
	CHECK((is == POD_PRESSURE_NONE) == (!low && !exhausted));
	CHECK(pod_policy_scarce(&view) == (view.outstanding > view.reserve));
}

static void check_block(struct rnd *choices)
{
	struct pod_touch touch = {
		.hole = rnd_below(choices, 2),
		.pmd_mappable = rnd_below(choices, 2),
		.whole_file = rnd_below(choices, 2),
	};
	bool useless = !touch.pmd_mappable && !touch.whole_file;

	CHECK(pod_policy_wants_huge(&touch) == !(useless || !touch.hole));
}

static struct pod_toucher somebody(struct rnd *choices)
{
	return (struct pod_toucher){
		.nowait = rnd_below(choices, 2),
		.may_drop = rnd_below(choices, 2),
		.tried = rnd_below(choices, 2),
		.in_kvm_run = rnd_below(choices, 2),
		.vcpu = rnd_below(choices, 2),
		.worker = rnd_below(choices, 2),
		.last_user = rnd_below(choices, 2),
	};
}

/* Rule 9 of the design, an answer at a time. */
static void check_toucher(struct pod_toucher who, bool fails)
{
	bool may_wait = !fails && !who.nowait && who.may_drop && !who.leaving;
	bool had_its_turn = who.worker && (who.tried || who.last_user);
	bool expect[] = {
		[POD_ANSWER_RETRY] = who.nowait && !fails,
		[POD_ANSWER_FAIL] = fails ? !who.nowait || !who.in_kvm_run :
			!who.nowait && (!who.may_drop || had_its_turn ||
					who.leaving),
		[POD_ANSWER_SIGNAL] = fails && who.nowait && who.in_kvm_run,
		[POD_ANSWER_SLEEP] = may_wait && who.vcpu && !who.worker,
		[POD_ANSWER_SLICE] = may_wait && !had_its_turn &&
			(who.worker || !who.vcpu),
	};
	unsigned int i;

	for (i = 0; i < sizeof(expect) / sizeof(expect[0]); i++)
		CHECK(expect[i] == (pod_policy_answer(&who, fails) == i));
	CHECK(pod_policy_must_serve(&who) ==
	      !(who.nowait || who.worker || who.vcpu || who.leaving));
}

static void check_answer(struct rnd *choices)
{
	struct pod_toucher who = somebody(choices);
	bool fails = rnd_below(choices, 2);

	check_toucher(who, fails);
	who.leaving = true;
	check_toucher(who, fails);
}

void fuzz_run(struct rnd *choices)
{
	static void (*const checks[])(struct rnd *choices) = {
		check_pressure, check_block, check_answer,
	};

	while (!rnd_is_dry(choices))
		checks[rnd_below(choices, 3)](choices);
}
