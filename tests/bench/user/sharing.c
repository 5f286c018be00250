// SPDX-License-Identifier: GPL-2.0-only
/*
 * What vCPUs share when they touch and discard: cache lines and locks of the
 * core, counted access by access, for few and for many CPUs. These take turns,
 * one operation each: nobody runs at the same time, and who would meet does so
 * at every turn. A line of JSON for each case.
 */
#include <stdio.h>
#include <stdlib.h>

#include "lines.h"
#include "upod.h"

/* A guest of 1 TiB; its reserve is only as large as what is touched. */
#define REGIONS		(1UL << 19)
#define NR_PAGES	(REGIONS * POD_REGION_PAGES)

/* Operations of a CPU before those that count, and those. */
#define WARM		64
#define COUNTED		64
#define OPS		(WARM + COUNTED)

/**
 * struct how - who touches what
 * @place: what CPU @cpu of @nr touches at its turn @i: a region, or a page
 */
struct how {
	const char *page;
	const char *where;
	enum pod_stock_kind stock;
	unsigned long (*place)(unsigned int cpu, unsigned int nr,
			       unsigned long i);
	void (*touch)(struct upod *pod, unsigned int cpu, unsigned long i);
	void (*drop)(struct upod *pod, unsigned int cpu, unsigned long i);
};

/* A scrubber: each clears its share of memory, all at the same pace. */
static unsigned long share(unsigned int cpu, unsigned int nr, unsigned long i)
{
	return cpu * (REGIONS / nr) + i;
}

/* Anywhere: an odd factor makes each region come once. */
static unsigned long scattered(unsigned int cpu, unsigned int nr,
			       unsigned long i)
{
	return (i * nr + cpu) * 2654435761UL % REGIONS;
}

static unsigned long neighbour(unsigned int cpu, unsigned int nr,
			       unsigned long i)
{
	return i * nr + cpu;
}

static unsigned long share_page(unsigned int cpu, unsigned int nr,
				unsigned long i)
{
	return pod_region_first(share(cpu, nr, 0)) + i;
}

/* In one region. */
static unsigned long crowd_page(unsigned int cpu, unsigned int nr,
				unsigned long i)
{
	return i * nr + cpu;
}

static const struct how hows[] = {
	{ "2m", "shares", POD_STOCK_HUGE, share,
	  upod_touch_block, upod_drop_block },
	{ "2m", "scattered", POD_STOCK_HUGE, scattered,
	  upod_touch_block, upod_drop_block },
	{ "2m", "side by side", POD_STOCK_HUGE, neighbour,
	  upod_touch_block, upod_drop_block },
	{ "4k", "shares", POD_STOCK_SMALL, share_page,
	  upod_touch_page, upod_drop_page },
	{ "4k", "same regions", POD_STOCK_SMALL, crowd_page,
	  upod_touch_page, upod_drop_page },
};

static void watch(struct upod *pod, unsigned long nr_units)
{
	struct pod_pmt *pmt = &pod->pmt;

	lines_watch("pod", pod, offsetof(struct upod, units));
	lines_watch("words", pmt->word, pmt->nr_regions * sizeof(*pmt->word));
	lines_watch("locks", pmt->locks,
		    (pmt->lock_mask + 1) * sizeof(*pmt->locks));
	lines_watch("ledger", pod->ledger.shards,
		    pod->ledger.nr_shards * sizeof(*pod->ledger.shards));
	lines_watch("stock", pod->stock.shards,
		    pod->stock.nr_shards * sizeof(*pod->stock.shards));
	lines_watch("recent", pod->recent,
		    pod->nr_recent * sizeof(*pod->recent));
	lines_watch("units", pod->units, nr_units * sizeof(*pod->units));
}

static void pod_begin(struct upod *pod, const struct how *how, unsigned int nr)
{
	unsigned long each = 2 * OPS;
	unsigned int cpu;

	upod_make(pod, NR_PAGES, nr);
	pod->units = aligned_alloc(64, nr * each * sizeof(*pod->units));
	for (cpu = 0; cpu < nr; cpu++)
		upod_supply(pod, cpu, how->stock, cpu * each, each);
	watch(pod, nr * each);
}

static void turns(struct upod *pod, const struct how *how, unsigned int nr,
		  void (*op)(struct upod *, unsigned int, unsigned long),
		  struct lines_count *count)
{
	unsigned long i;
	unsigned int cpu;

	*count = (struct lines_count){};
	for (i = 0; i < OPS; i++) {
		lines_turn();
		for (cpu = 0; cpu < nr; cpu++) {
			lines_begin(cpu, i < WARM ? NULL : count);
			op(pod, cpu, how->place(cpu, nr, i));
			lines_end();
		}
	}
}

static void print(const struct how *how, const char *op, unsigned int nr,
		  const struct lines_count *c)
{
	double ops = (double)nr * COUNTED;
	const char *comma = "";
	unsigned int i;

	printf("{\"row\": \"sharing\", \"page\": \"%s\", \"where\": \"%s\", "
	       "\"op\": \"%s\", \"cpus\": %u, \"lines\": %.2f, "
	       "\"written\": %.2f, \"moved\": %.2f, \"locks\": %.2f, "
	       "\"locks_moved\": %.2f, \"locks_met\": %.2f, \"moved_of\": {",
	       how->page, how->where, op, nr, c->touched / ops,
	       c->written / ops, c->moved / ops, c->locks / ops,
	       c->locks_moved / ops, c->locks_met / ops);
	for (i = 0; lines_name(i); i++) {
		if (!c->moved_kind[i])
			continue;
		printf("%s\"%s\": %.2f", comma, lines_name(i),
		       c->moved_kind[i] / ops);
		comma = ", ";
	}
	printf("}}\n");
}

static void run(const struct how *how, unsigned int nr)
{
	struct lines_count count;
	struct upod pod;

	pod_begin(&pod, how, nr);
	turns(&pod, how, nr, how->touch, &count);
	print(how, "touch", nr, &count);
	turns(&pod, how, nr, how->drop, &count);
	print(how, "discard", nr, &count);
	lines_forget();
	upod_end(&pod);
	free(pod.units);
}

/* The largest pod there is, all of it in blocks but for two regions. */
#define WORST_TIB	16UL
#define WORST_REGIONS	(WORST_TIB * REGIONS)
#define WORST_UNITS	64

static void fill(struct upod *pod, unsigned long nr_regions)
{
	unsigned long region;

	for (region = 0; region < nr_regions; region++) {
		spin_lock(pod_pmt_lockptr(&pod->pmt, region));
		pod_pmt_populate_huge(&pod->pmt, 0, region, region + 1);
		spin_unlock(pod_pmt_lockptr(&pod->pmt, region));
	}
}

/* The reserve of @from alone has something: CPU 0 touches @index. */
static void worst_touch(const char *what, enum pod_stock_kind kind,
			unsigned int from)
{
	struct lines_count count = {};
	struct upod pod;

	upod_make(&pod, WORST_REGIONS * POD_REGION_PAGES, LINES_CPUS_MAX);
	fill(&pod, WORST_REGIONS - 1);
	pod.units = aligned_alloc(64, WORST_UNITS * sizeof(*pod.units));
	upod_supply(&pod, from, kind, 0, WORST_UNITS);
	watch(&pod, WORST_UNITS);
	lines_begin(0, &count);
	if (kind == POD_STOCK_HUGE)
		upod_touch_block(&pod, 0, WORST_REGIONS - 1);
	else
		upod_touch_page(&pod, 0, pod_region_first(WORST_REGIONS - 1));
	lines_end();
	printf("{\"row\": \"worst\", \"what\": \"%s\", \"tib\": %lu, "
	       "\"cpus\": %d, \"lines\": %lu, \"written\": %lu, "
	       "\"locks\": %lu, \"leaf_lines\": %zu}\n",
	       what, WORST_TIB, LINES_CPUS_MAX, count.touched, count.written,
	       count.locks, kind == POD_STOCK_HUGE ?
	       0 : sizeof(struct pod_leaf) / 64);
	lines_forget();
	upod_end(&pod);
	free(pod.units);
}

/* The last shard that is asked: that before the CPU's own. */
static void worst(void)
{
	unsigned int last = LINES_CPUS_MAX - 1;

	worst_touch("a block", POD_STOCK_HUGE, 0);
	worst_touch("a block, of another CPU's", POD_STOCK_HUGE, last);
	worst_touch("the first page of a region", POD_STOCK_SMALL, 0);
	worst_touch("the same, of another CPU's", POD_STOCK_SMALL, last);
	printf("{\"row\": \"budget\", \"pages\": %d}\n", POD_SWEEP_BUDGET);
}

int main(void)
{
	static const unsigned int cpus[] = { 1, 2, LINES_CPUS_MAX };
	unsigned int h, i;

	worst();

	for (h = 0; h < sizeof(hows) / sizeof(*hows); h++)
		for (i = 0; i < sizeof(cpus) / sizeof(*cpus); i++)
			run(&hows[h], cpus[i]);
	return 0;
}
