// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the benchmark measures does what it says: each way to scan finds a byte
 * wherever it is, and each way to clear clears. How fast is not looked at.
 */
#include <string.h>

#include "speed.h"
#include "test.h"

static char *mem;

static void begin(void)
{
	if (!mem)
		mem = speed_memory(BLOCK);
	memset(mem, 0, BLOCK);
}

static bool finds(const struct way *way, unsigned int at)
{
	bool zero;

	mem[at] = 1;
	zero = way->run(mem, PAGE);
	mem[at] = 0;
	return !zero;
}

static void scan(const struct way *way)
{
	unsigned int at;

	CHECK(way->run(mem, PAGE));
	mem[PAGE] = 1;
	CHECK(way->run(mem, PAGE));
	mem[PAGE] = 0;
	for (at = 0; at < PAGE; at++)
		CHECK(finds(way, at));
}

static void scans(void)
{
	const struct way *way;

	begin();
	for (way = scan_ways; way->name; way++) {
		if (way_missing(way))
			test_note("%s: %s", way->name, way_missing(way));
		else if (strcmp(way->kind, "copy"))
			scan(way);
	}
}

static void reads(void)
{
	const struct way *way;

	begin();
	for (way = read_ways; way->name; way++)
		if (!way_missing(way))
			CHECK(way->run(mem, BLOCK));
}

static void clear(const struct way *way)
{
	memset(mem, 0xa5, BLOCK);
	CHECK(way->run(mem, PAGE));
	CHECK(scan_ways[0].run(mem, PAGE));
	CHECK((unsigned char)mem[PAGE] == 0xa5);
}

static void clears(void)
{
	const struct way *way;

	begin();
	for (way = clear_ways; way->name; way++)
		if (!way_missing(way))
			clear(way);
}

const struct test tests[] = {
	{ "bench: each way to scan finds each byte of a page", scans },
	{ "bench: each way to read ends", reads },
	{ "bench: each way to clear clears a page, and no more", clears },
	{ }
};
