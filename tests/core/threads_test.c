// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads that populate, discard and demote at once, as vCPUs and the balloon
 * do, with an auditor between them. Meant for ThreadSanitizer, but the counts
 * must hold without it too.
 */
#include "pmt.h"
#include "stock.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

#define NR_THREADS	4
#define NR_SHARDS	4
#define NR_REGIONS	8
#define NR_LOCKS	4
#define NR_BLOCKS	4
#define NR_SINGLES	20
#define NR_PAGES	(NR_BLOCKS * POD_REGION_PAGES + NR_SINGLES)
#define OPS_PER_THREAD	20000

/* A page of the reserve; its handle is its index + 1. */
struct page {
	struct list_head node;
	int busy;
};

static struct pod_ledger_shard ledger_shards[NR_SHARDS];
static struct pod_stock_shard stock_shards[NR_SHARDS];
static struct pod_region_lock locks[NR_LOCKS];
static struct page blocks[NR_BLOCKS], singles[NR_SINGLES];
static u64 words[NR_REGIONS];
static struct pod_ledger ledger;
static struct pod_stock stock;
static struct pod_pmt pmt;
static int running;

static void *zalloc_aligned(size_t size)
{
	void *p = aligned_alloc(64, (size + 63) & ~63UL);

	CHECK_FATAL(p);
	memset(p, 0, size);
	return p;
}

/* Handed out twice, a page would be busy already. */
static struct page *take(unsigned int shard, enum pod_stock_kind kind)
{
	struct list_head *node = pod_stock_take(&stock, shard, kind);
	struct page *page;

	if (!node)
		return NULL;
	page = list_entry(node, struct page, node);
	CHECK_FATAL(!__atomic_exchange_n(&page->busy, 1, __ATOMIC_RELAXED));
	return page;
}

static void give(unsigned int shard, enum pod_stock_kind kind,
		 struct page *page)
{
	CHECK_FATAL(__atomic_exchange_n(&page->busy, 0, __ATOMIC_RELAXED));
	pod_stock_give(&stock, shard, kind, &page->node);
}

static void populate_huge(unsigned int shard, unsigned long region)
{
	spinlock_t *lock = pod_pmt_lockptr(&pmt, region);
	struct page *block = take(shard, POD_STOCK_HUGE);
	bool used;

	if (!block)
		return;
	spin_lock(lock);
	used = pod_pmt_is_hole(&pmt, region);
	if (used)
		pod_pmt_populate_huge(&pmt, shard, region, block - blocks + 1);
	spin_unlock(lock);
	if (!used)
		give(shard, POD_STOCK_HUGE, block);
}

static void split(unsigned int shard, unsigned long region)
{
	struct pod_leaf *leaf = zalloc_aligned(sizeof(*leaf));
	spinlock_t *lock = pod_pmt_lockptr(&pmt, region);
	bool hole;

	spin_lock(lock);
	hole = pod_pmt_lookup(&pmt, pod_region_first(region)).region == POD_HOLE;
	if (hole)
		pod_pmt_split_hole(&pmt, shard, region, leaf);
	spin_unlock(lock);
	if (!hole)
		free(leaf);
}

static void populate_page(unsigned int shard, unsigned long index)
{
	spinlock_t *lock = pod_pmt_lockptr(&pmt, pod_region(index));
	struct page *page = take(shard, POD_STOCK_SMALL);
	struct pod_slot slot;
	bool used;

	if (!page)
		return;
	spin_lock(lock);
	slot = pod_pmt_lookup(&pmt, index);
	used = slot.region == POD_SMALL && slot.page != POD_PAGE_RAM;
	if (used)
		pod_pmt_populate_page(&pmt, shard, index, page - singles + 1);
	spin_unlock(lock);
	if (!used)
		give(shard, POD_STOCK_SMALL, page);
}

static void discard_page(unsigned int shard, unsigned long index, bool given)
{
	unsigned long region = pod_region(index);
	spinlock_t *lock = pod_pmt_lockptr(&pmt, region);
	struct pod_leaf *leaf = NULL;
	struct pod_slot slot;

	spin_lock(lock);
	slot = pod_pmt_lookup(&pmt, index);
	if (slot.region == POD_SMALL) {
		pod_pmt_clear_page(&pmt, shard, index, given);
		leaf = pod_pmt_collapse(&pmt, shard, region);
	}
	spin_unlock(lock);
	free(leaf);
	if (slot.region == POD_SMALL && slot.page == POD_PAGE_RAM)
		give(shard, POD_STOCK_SMALL, &singles[slot.handle - 1]);
}

static void mark_page(unsigned int shard, unsigned long index, bool given)
{
	struct pod_marks *new = zalloc_aligned(sizeof(*new));
	spinlock_t *lock = pod_pmt_lockptr(&pmt, pod_region(index));
	bool taken = false;

	spin_lock(lock);
	if (pod_pmt_lookup(&pmt, index).region == POD_HUGE)
		taken = pod_pmt_mark(&pmt, shard, index, 1, given, new);
	spin_unlock(lock);
	if (!taken)
		free(new);
}

static void unmark_page(unsigned int shard, unsigned long index)
{
	spinlock_t *lock = pod_pmt_lockptr(&pmt, pod_region(index));
	struct pod_marks *old = NULL;

	spin_lock(lock);
	if (pod_pmt_lookup(&pmt, index).region == POD_HUGE)
		old = pod_pmt_unmark(&pmt, shard, index, 1);
	spin_unlock(lock);
	free(old);
}

static void discard_region(unsigned int shard, unsigned long region, bool given)
{
	spinlock_t *lock = pod_pmt_lockptr(&pmt, region);
	struct pod_marks *old = NULL;
	struct pod_slot slot;

	spin_lock(lock);
	slot = pod_pmt_lookup(&pmt, pod_region_first(region));
	if (slot.region != POD_SMALL)
		old = pod_pmt_clear_region(&pmt, shard, region, given);
	spin_unlock(lock);
	free(old);
	if (slot.region == POD_HUGE)
		give(shard, POD_STOCK_HUGE, &blocks[slot.handle - 1]);
}

static void forget_given(unsigned int shard, unsigned long region)
{
	spinlock_t *lock = pod_pmt_lockptr(&pmt, region);

	spin_lock(lock);
	pod_pmt_forget_given(&pmt, shard, region);
	spin_unlock(lock);
}

/* Takes the region that has most to give back to the stock. */
static void reclaim_marked(unsigned int shard, bool given)
{
	unsigned long region;

	if (pod_pmt_pick_marked(&pmt, given, &region))
		discard_region(shard, region, given);
}

static void one_op(unsigned int shard, struct rnd *rnd)
{
	unsigned long region = rnd_below(rnd, NR_REGIONS);
	unsigned long index = pod_region_first(region) +
			      rnd_below(rnd, POD_REGION_PAGES);
	bool given = rnd_below(rnd, 2);

	switch (rnd_below(rnd, 12)) {
	case 0:
		return populate_huge(shard, region);
	case 1:
		return split(shard, region);
	case 2 ... 4:
		return populate_page(shard, index);
	case 5 ... 6:
		return discard_page(shard, index, given);
	case 7:
		return mark_page(shard, index, given);
	case 8:
		return unmark_page(shard, index);
	case 9:
		return forget_given(shard, region);
	case 10:
		return reclaim_marked(shard, given);
	default:
		return discard_region(shard, region, given);
	}
}

static void *worker(void *arg)
{
	struct rnd rnd = { .state = (unsigned long)arg };
	unsigned int shard = rnd.state % NR_SHARDS;
	unsigned int i;

	for (i = 0; i < OPS_PER_THREAD; i++)
		one_op(shard, &rnd);
	__atomic_fetch_sub(&running, 1, __ATOMIC_RELAXED);
	return NULL;
}

/* The recount, region by region under its lock. */
static void recount(struct pod_delta *total)
{
	unsigned long region;
	const char *error;

	*total = (struct pod_delta){};
	for (region = 0; region < NR_REGIONS; region++) {
		spin_lock(pod_pmt_lockptr(&pmt, region));
		error = pod_pmt_recount(&pmt, region, total);
		spin_unlock(pod_pmt_lockptr(&pmt, region));
		CHECK_FATAL(!error);
	}
}

static bool gauges_agree(const struct pod_delta *total)
{
	int g;

	for (g = 0; g < POD_GAUGE_NR; g++)
		if (pod_ledger_gauge(&ledger, g) != (u64)total->gauge[g])
			return false;
	return true;
}

/* What the module's audit does: believe a recount that nothing moved under. */
static void audit_while_running(unsigned int *believed)
{
	struct pod_delta total;
	bool agree;
	u64 seq;

	while (__atomic_load_n(&running, __ATOMIC_RELAXED)) {
		seq = pod_ledger_seq(&ledger);
		recount(&total);
		agree = gauges_agree(&total);
		if (pod_ledger_seq(&ledger) != seq)
			continue;
		(*believed)++;
		CHECK_FATAL(agree);
	}
}

static void pod_make(void)
{
	unsigned int i;

	pod_ledger_init(&ledger, NR_REGIONS * POD_REGION_PAGES, ledger_shards,
			NR_SHARDS);
	pod_ledger_raise(&ledger, NR_PAGES);
	pod_pmt_init(&pmt, &ledger, words, NR_REGIONS, locks, NR_LOCKS);
	pod_stock_init(&stock, stock_shards, NR_SHARDS);
	for (i = 0; i < NR_BLOCKS; i++)
		pod_stock_give(&stock, i, POD_STOCK_HUGE, &blocks[i].node);
	for (i = 0; i < NR_SINGLES; i++)
		pod_stock_give(&stock, i, POD_STOCK_SMALL, &singles[i].node);
}

static void pod_drain(void)
{
	struct pod_marks *marks;
	struct pod_leaf *leaf;
	unsigned long region;
	u64 huge;

	for (region = 0; region < NR_REGIONS; region++) {
		pod_pmt_drain(&pmt, region, &huge, &leaf, &marks);
		free(leaf);
		free(marks);
	}
}

static void no_page_is_lost(void)
{
	struct pod_ledger_view v;
	struct pod_delta total;

	recount(&total);
	CHECK(gauges_agree(&total));
	pod_ledger_read(&ledger, &v);
	CHECK(!pod_ledger_check(&v));
	CHECK(v.reserve ==
	      pod_stock_nr(&stock, POD_STOCK_HUGE) * POD_REGION_PAGES +
	      pod_stock_nr(&stock, POD_STOCK_SMALL));
}

static void storm(void)
{
	pthread_t thread[NR_THREADS];
	unsigned int believed = 0;
	unsigned long seed = test_seed();
	unsigned int i;

	test_note("SEED=%#lx, but the order of threads is not in it", seed);
	pod_make();
	running = NR_THREADS;
	for (i = 0; i < NR_THREADS; i++)
		CHECK(!pthread_create(&thread[i], NULL, worker,
				      (void *)(seed + i)));
	audit_while_running(&believed);
	for (i = 0; i < NR_THREADS; i++)
		pthread_join(thread[i], NULL);
	test_note("%u audits had nothing move under them", believed);
	no_page_is_lost();
	pod_drain();
}

const struct test tests[] = {
	{ "threads: no page is lost, none has two owners", storm },
	{ }
};
