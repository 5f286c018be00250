// SPDX-License-Identifier: GPL-2.0-only
/*
 * Thousands of orders in which a pod's actors may take turns. None loses a
 * byte; with a mistake in an actor, some order must.
 */
#include "explore.h"

#ifndef EXPLORE_SEEDS
#define EXPLORE_SEEDS	3000
#endif
#define STEPS		600

static const char *explore_seed(u64 seed, enum mistake mistake)
{
	return explore(&(struct rnd){ .state = seed }, mistake, STEPS);
}

static void check_order(u64 seed)
{
	const char *error = explore_seed(seed, NO_MISTAKE);

	if (error)
		test_note("SEED=%#llx: %s", (unsigned long long)seed, error);
	CHECK(!error);
}

static void no_order_loses_a_byte(void)
{
	u64 seed = test_seed();
	unsigned int i;

	test_note("SEED=%#llx and %u after it", (unsigned long long)seed,
		  EXPLORE_SEEDS - 1);
	for (i = 0; i < EXPLORE_SEEDS; i++)
		check_order(seed + i);
}

/* How many orders it takes to find it. */
static void must_find(enum mistake mistake)
{
	const char *error = NULL;
	unsigned int i;

	for (i = 0; i < EXPLORE_SEEDS && !error; i++)
		error = explore_seed(i, mistake);
	CHECK(error);
	test_note("found in order %u: %s", i - 1, error);
}

#define FINDS(name, mistake)						\
static void finds_##name(void) { must_find(mistake); }

FINDS(early_zero, ZERO_DECIDED_BEFORE_UNMAP)
FINDS(early_reference_test, REFERENCES_TESTED_BEFORE_UNMAP)
FINDS(no_reference_test, NO_REFERENCE_TEST)
FINDS(no_zero_check, NO_ZERO_CHECK)
FINDS(trusted_marks, MARKS_ARE_TRUSTED)
FINDS(no_freeze, NO_FREEZE)
FINDS(trusting_fault, FAULT_TRUSTS_ITS_LOOK)
FINDS(no_look_before_populate, NO_LOOK_BEFORE_POPULATE)
FINDS(no_recall, NO_RECALL_OF_ZEROES)
FINDS(hasty_recall, RECALL_WITHOUT_ZERO_LOCK)
FINDS(marks_only, DISCARD_MARKS_ONLY)
FINDS(dirty_page, DIRTY_PAGE_AS_CLEAN)

const struct test tests[] = {
	{ "explore: no order loses a byte", no_order_loses_a_byte },
	{ "explore: finds zero decided before the unmap", finds_early_zero },
	{ "explore: finds a reference test before the unmap",
	  finds_early_reference_test },
	{ "explore: finds a detach without reference test",
	  finds_no_reference_test },
	{ "explore: finds a sweep that trusts its filter",
	  finds_no_zero_check },
	{ "explore: finds trust in marks", finds_trusted_marks },
	{ "explore: finds demotion without freeze", finds_no_freeze },
	{ "explore: finds a fault that trusts its first look",
	  finds_trusting_fault },
	{ "explore: finds populating without a look",
	  finds_no_look_before_populate },
	{ "explore: finds zeroes that are not recalled", finds_no_recall },
	{ "explore: finds a recall that does not wait for the zero folio",
	  finds_hasty_recall },
	{ "explore: finds a discard that only marks", finds_marks_only },
	{ "explore: finds data in the reserve", finds_dirty_page },
	{ }
};
