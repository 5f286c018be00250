// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the benchmark measures works: the pod in user space keeps its books, and
 * the model of caches counts what it should. How fast is not looked at.
 */
#include <stdlib.h>

#include "lines.h"
#include "test.h"
#include "upod.h"

#define CPUS		2
#define NR_REGIONS	8
#define NR_UNITS	(2 * POD_REGION_PAGES)

static struct upod pod;

static void begin(enum pod_stock_kind kind)
{
	upod_make(&pod, NR_REGIONS * POD_REGION_PAGES, CPUS);
	pod.units = aligned_alloc(64, NR_UNITS * sizeof(*pod.units));
	CHECK(pod.units);
	upod_supply(&pod, 0, kind, 0, NR_REGIONS);
	upod_supply(&pod, 1, kind, NR_REGIONS, NR_REGIONS);
}

static void end(void)
{
	upod_end(&pod);
	free(pod.units);
}

static u64 populated(void)
{
	return pod_ledger_gauge(&pod.ledger, POD_GAUGE_POPULATED);
}

static void blocks(void)
{
	begin(POD_STOCK_HUGE);
	upod_touch_block(&pod, 0, 3);
	upod_touch_block(&pod, 1, 4);
	CHECK(populated() == 2 * POD_REGION_PAGES);
	CHECK(pod_stock_nr(&pod.stock, POD_STOCK_HUGE) == 2 * NR_REGIONS - 2);
	upod_mark_page(&pod, pod_region_first(4));
	CHECK(pod.bytes[META_MARKS]);
	upod_drop_block(&pod, 1, 3);
	upod_drop_block(&pod, 0, 4);
	CHECK(!populated() && !pod.bytes[META_MARKS]);
	CHECK(pod_stock_nr(&pod.stock, POD_STOCK_HUGE) == 2 * NR_REGIONS);
	end();
}

static void pages(void)
{
	begin(POD_STOCK_SMALL);
	upod_touch_page(&pod, 0, 5);
	upod_touch_page(&pod, 1, 6);
	CHECK(populated() == 2);
	CHECK(pod.bytes[META_LEAVES] == sizeof(struct pod_leaf));
	upod_drop_page(&pod, 0, 6);
	upod_drop_page(&pod, 0, 5);
	CHECK(!populated() && !pod.bytes[META_LEAVES]);
	CHECK(pod_stock_nr(&pod.stock, POD_STOCK_SMALL) == 2 * NR_REGIONS);
	end();
}

static struct lines_count touch_counted(unsigned int cpu, unsigned long region)
{
	struct lines_count count = {};

	lines_begin(cpu, &count);
	upod_touch_block(&pod, cpu, region);
	lines_end();
	return count;
}

/* Neighbours share a line of words; regions far apart share nothing. */
static void lines(void)
{
	struct lines_count count;

	begin(POD_STOCK_HUGE);
	lines_watch("words", pod.pmt.word, NR_REGIONS * sizeof(u64));
	lines_watch("locks", pod.pmt.locks, NR_REGIONS * sizeof(*pod.pmt.locks));
	count = touch_counted(0, 0);
	CHECK(count.touched == 2 && count.written == 2);
	CHECK(!count.moved && count.locks > 1 && !count.locks_moved);
	count = touch_counted(1, 1);
	CHECK(count.touched == 2 && count.written == 2);
	CHECK(count.moved && count.moved == count.moved_kind[0]);
	CHECK(!count.locks_moved);
	lines_forget();
	end();
}

const struct test tests[] = {
	{ "bench: blocks of a pod in user space are accounted", blocks },
	{ "bench: pages of a pod in user space are accounted", pages },
	{ "bench: cache lines are counted", lines },
	{ }
};
