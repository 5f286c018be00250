// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every zero scan that this CPU has, against a loop over the bytes, at the
 * edges of memory that may be read.
 */
#include <string.h>

#include "fuzz.h"
#include "scans.h"

static void poke(struct rnd *choices, u8 *pages)
{
	pages[rnd_below(choices, FENCED)] = rnd_below(choices, 256);
}

/* Data that begins where the next scan ends, or ends where it begins. */
static void fill(struct rnd *choices, u8 *pages)
{
	size_t at = rnd_below(choices, FENCED / POD_ZERO_ALIGN + 1) *
		    POD_ZERO_ALIGN;
	u8 value = rnd_below(choices, 256);

	if (rnd_below(choices, 2))
		memset(pages + at, value, FENCED - at);
	else
		memset(pages, value, at);
}

static void scan(struct rnd *choices, u8 *pages)
{
	size_t at = rnd_below(choices, FENCED / POD_ZERO_ALIGN + 1) *
		    POD_ZERO_ALIGN;
	size_t len = rnd_below(choices, (FENCED - at) / POD_ZERO_STEP + 1) *
		     POD_ZERO_STEP;
	bool expected = bytes_are_zero(pages + at, len);
	unsigned int kind;

	for (kind = 0; kind < POD_ZERO_NR; kind++)
		if (cpu_has(kind))
			CHECK(pod_zero_scans[kind].is_zero(pages + at, len) ==
			      expected);
}

static void look(struct rnd *choices, u8 *pages)
{
	size_t at = rnd_below(choices, (FENCED - POD_ZERO_LOOK) / 64 + 1) * 64;

	CHECK(pod_looks_zero(pages + at) ==
	      bytes_are_zero(pages + at, POD_ZERO_LOOK));
}

static void clear(struct rnd *choices, u8 *pages)
{
	(void)choices;
	memset(pages, 0, FENCED);
}

void fuzz_run(struct rnd *choices)
{
	static void (*const ops[])(struct rnd *choices, u8 *pages) = {
		poke, fill, scan, scan, look, clear,
	};
	u8 *pages = fenced_pages();

	while (!rnd_is_dry(choices))
		ops[rnd_below(choices, 6)](choices, pages);
}
