// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policy, and the zero scan.
 */
#include "policy.h"
#include "zero.h"

#include <stdlib.h>
#include <string.h>

#include "test.h"

static enum pod_pressure pressure(u64 reserve, u64 outstanding, u64 low_mark)
{
	struct pod_ledger_view v = {
		.reserve = reserve, .outstanding = outstanding,
	};

	return pod_policy_pressure(&v, low_mark);
}

static void pressure_follows_reserve(void)
{
	CHECK(pressure(100, 1000, 50) == POD_PRESSURE_NONE);
	CHECK(pressure(50, 1000, 50) == POD_PRESSURE_NONE);
	CHECK(pressure(49, 1000, 50) == POD_PRESSURE_LOW);
	CHECK(pressure(0, 1000, 50) == POD_PRESSURE_EXHAUSTED);
	CHECK(pressure(0, 1000, 0) == POD_PRESSURE_EXHAUSTED);
	CHECK(pressure(1, 1000, 0) == POD_PRESSURE_NONE);
}

/* With nothing left to touch, an empty reserve is no trouble. */
static void no_pressure_without_outstanding(void)
{
	CHECK(pressure(0, 0, 50) == POD_PRESSURE_NONE);
	CHECK(pressure(10, 10, 50) == POD_PRESSURE_NONE);
	CHECK(pressure(9, 10, 50) == POD_PRESSURE_LOW);
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

static unsigned char *buffer_make(size_t len)
{
	unsigned char *p = aligned_alloc(64, len);

	CHECK(p);
	memset(p, 0, len);
	return p;
}

static void zero_scan_sees_every_bit(void)
{
	size_t len = 4096, i;
	unsigned char *p = buffer_make(len);

	CHECK(pod_is_zero(p, len));
	for (i = 0; i < len; i++) {
		p[i] = 1 << (i % 8);
		CHECK(!pod_is_zero(p, len));
		p[i] = 0;
	}
	CHECK(pod_is_zero(p, len));
	free(p);
}

static void zero_scan_stays_inside(void)
{
	unsigned char *p = buffer_make(192);

	p[63] = 1;
	p[128] = 1;
	CHECK(pod_is_zero(p + 64, 64));
	CHECK(pod_is_zero(p, 0));
	CHECK(!pod_is_zero(p + 64, 128));
	free(p);
}

const struct test tests[] = {
	{ "policy: pressure follows the reserve", pressure_follows_reserve },
	{ "policy: nothing outstanding, no pressure",
	  no_pressure_without_outstanding },
	{ "policy: 2 MiB blocks only for holes", huge_only_for_holes },
	{ "zero: the scan sees every bit", zero_scan_sees_every_bit },
	{ "zero: the scan stays inside", zero_scan_stays_inside },
	{ }
};
