// SPDX-License-Identifier: GPL-2.0-only
/*
 * The world, who acts in it, and what must be true after each step.
 */
#include "explore.h"

#include <stdlib.h>
#include <string.h>

#define NR_SHARDS	2
#define NR_LOCKS	2
#define MAX_TAIL	20000

struct world w;

static struct pod_ledger_shard shards[NR_SHARDS];
static struct pod_stock_shard stock_shards[NR_SHARDS];
static struct pod_region_lock locks[NR_LOCKS];
static u64 words[NR_REGIONS];

static void (*const begins[])(struct actor *a) = {
	touch_begin, touch_begin, read_begin, device_begin, device_begin,
	demote_begin, demote_begin, sweep_begin, discard_begin, discard_begin,
	deflate_begin, target_begin,
};
#define NR_ACTORS (sizeof(begins) / sizeof(begins[0]))

static struct actor actors[NR_ACTORS];

void fail(const char *what)
{
	if (!w.error)
		w.error = what;
}

bool makes(enum mistake mistake)
{
	return w.mistake == mistake;
}

unsigned int pick(unsigned int n)
{
	return rnd_below(&w.rnd, n);
}

void lock_region(unsigned long region)
{
	spin_lock(pod_pmt_lockptr(&w.pmt, region));
}

void unlock_region(unsigned long region)
{
	spin_unlock(pod_pmt_lockptr(&w.pmt, region));
}

struct pod_slot look(unsigned long index)
{
	return pod_pmt_lookup(&w.pmt, index);
}

struct folio *folio_of(u64 handle)
{
	return &w.folio[handle];
}

u64 handle_of_folio(const struct folio *folio)
{
	return folio - w.folio;
}

void *zalloc_leaf(size_t size)
{
	void *p = aligned_alloc(64, (size + 63) & ~63UL);

	if (!p)
		abort();
	return memset(p, 0, size);
}

/* Handle 0 is nobody's. */
struct folio *folio_new(unsigned int nr)
{
	struct folio *f = &w.folio[1];

	while (f->nr)
		if (++f == w.folio + NR_FOLIOS)
			abort();
	*f = (struct folio){ .nr = nr, .refs = 1 };
	return f;
}

static bool folio_is_clean(const struct folio *f)
{
	unsigned int i;

	for (i = 0; i < f->nr; i++)
		if (f->data[i])
			return false;
	return true;
}

struct folio *stock_take(enum pod_stock_kind kind)
{
	struct list_head *node = pod_stock_take(&w.stock, pick(NR_SHARDS), kind);
	struct folio *f = (struct folio *)node;

	if (f && !folio_is_clean(f))
		fail("the reserve hands out somebody's data");
	if (f && f->refs != 1)
		fail("somebody uses a page of the reserve");
	return f;
}

void stock_give(struct folio *f, bool clean)
{
	if (!clean && !makes(DIRTY_PAGE_AS_CLEAN))
		memset(f->data, 0, sizeof(f->data));
	pod_stock_give(&w.stock, pick(NR_SHARDS),
		       f->nr > 1 ? POD_STOCK_HUGE : POD_STOCK_SMALL, &f->node);
}

static void unmap_one(struct pte *pte)
{
	if (pte->folio)
		pte->folio->refs--;
	*pte = (struct pte){};
}

void map_folio(unsigned int view, unsigned long index, struct folio *folio)
{
	struct pte *pte = &w.pte[view][index];

	unmap_one(pte);
	pte->folio = folio;
	folio->refs++;
}

void unmap_view(unsigned int view, unsigned long first, unsigned long nr)
{
	while (nr--)
		unmap_one(&w.pte[view][first++]);
}

static void unmap_second(struct actor *a)
{
	unmap_view(1, a->first, a->nr);
	a->next = a->after;
}

static void unmap_first(struct actor *a)
{
	unmap_view(0, a->first, a->nr);
	a->next = unmap_second;
}

void unmap_all(struct actor *a, void (*after)(struct actor *a))
{
	a->after = after;
	a->next = unmap_first;
}

static void recall_zero(struct actor *a)
{
	if (!w.zero_locker || makes(RECALL_WITHOUT_ZERO_LOCK))
		a->next = unmap_first;
}

void recall(struct actor *a, void (*after)(struct actor *a))
{
	a->after = after;
	a->next = makes(NO_RECALL_OF_ZEROES) ? after : recall_zero;
}

static u8 truth(unsigned long index)
{
	struct pod_slot slot;

	lock_region(pod_region(index));
	slot = look(index);
	unlock_region(pod_region(index));
	if (slot.page != POD_PAGE_RAM)
		return 0;
	return folio_of(slot.handle)->data[slot.region == POD_HUGE ?
					   index % POD_REGION_PAGES : 0];
}

static void check_mappings(unsigned long index)
{
	struct pod_slot slot;
	unsigned int view;
	struct folio *f;

	lock_region(pod_region(index));
	slot = look(index);
	unlock_region(pod_region(index));
	for (view = 0; view < NR_VIEWS; view++) {
		f = w.pte[view][index].folio;
		if (f && (slot.page != POD_PAGE_RAM ||
			  f != folio_of(slot.handle)))
			fail("a mapping outlives its page");
	}
}

/* After each step. */
static void check_pages(void)
{
	unsigned long i;

	for (i = 0; i < NR_PAGES && !w.error; i++) {
		if (!w.discarding[i] && truth(i) != w.expect[i])
			fail("a byte is lost");
		check_mappings(i);
	}
}

static void check_counts(void)
{
	struct pod_delta count = {};
	struct pod_ledger_view v;
	const char *error;
	unsigned long r;
	int g;

	for (r = 0; r < NR_REGIONS; r++) {
		lock_region(r);
		error = pod_pmt_recount(&w.pmt, r, &count);
		unlock_region(r);
		if (error)
			fail(error);
	}
	for (g = 0; g < POD_GAUGE_NR; g++)
		if (pod_ledger_gauge(&w.ledger, g) != (u64)count.gauge[g])
			fail("the gauges are not what the table holds");
	pod_ledger_read(&w.ledger, &v);
	error = pod_ledger_check(&v);
	if (error)
		fail(error);
	if (v.reserve != pod_stock_nr(&w.stock, POD_STOCK_SMALL) +
			 pod_stock_nr(&w.stock, POD_STOCK_HUGE) *
			 POD_REGION_PAGES)
		fail("the stock is not the reserve");
}

/* Nobody is at work: references and locks are those of the mappings. */
static void check_folios(void)
{
	int mapped[NR_FOLIOS] = {};
	unsigned int view, i;

	for (view = 0; view < NR_VIEWS; view++)
		for (i = 0; i < NR_PAGES; i++)
			if (w.pte[view][i].folio)
				mapped[handle_of_folio(w.pte[view][i].folio)]++;
	for (i = 1; i < NR_FOLIOS; i++) {
		if (!w.folio[i].nr)
			continue;
		if (w.folio[i].locker)
			fail("a lock is left");
		if (w.folio[i].refs != 1 + mapped[i])
			fail("a reference is left, or one too few");
	}
	while (!w.error && stock_take(POD_STOCK_SMALL))
		;
	while (!w.error && stock_take(POD_STOCK_HUGE))
		;
}

static void world_make(const struct rnd *choices, enum mistake mistake)
{
	unsigned int i;

	memset(&w, 0, sizeof(w));
	memset(shards, 0, sizeof(shards));
	memset(stock_shards, 0, sizeof(stock_shards));
	memset(words, 0, sizeof(words));
	memset(actors, 0, sizeof(actors));
	w.rnd = *choices;
	w.mistake = mistake;
	pod_ledger_init(&w.ledger, NR_PAGES, shards, NR_SHARDS);
	pod_pmt_init(&w.pmt, &w.ledger, words, NR_REGIONS, locks, NR_LOCKS);
	pod_stock_init(&w.stock, stock_shards, NR_SHARDS);
	pod_ledger_announce(&w.ledger);
	stock_give(folio_new(POD_REGION_PAGES), true);
	stock_give(folio_new(POD_REGION_PAGES), true);
	for (i = 0; i < 4; i++)
		stock_give(folio_new(1), true);
	pod_ledger_raise(&w.ledger, 2 * POD_REGION_PAGES + 4);
	for (i = 0; i < POD_REGION_PAGES; i++)
		w.spare[w.nr_spare++] = folio_new(1);
	for (i = 0; i < NR_ACTORS; i++) {
		actors[i].begin = begins[i];
		actors[i].view = i % NR_VIEWS;
	}
}

static void world_end(void)
{
	struct pod_marks *marks;
	struct pod_leaf *leaf;
	unsigned long r;
	unsigned int i;
	u64 huge;

	for (r = 0; r < NR_REGIONS; r++) {
		pod_pmt_drain(&w.pmt, r, &huge, &leaf, &marks);
		free(leaf);
		free(marks);
	}
	for (i = 0; i < NR_ACTORS; i++)
		free(actors[i].leaf);
}

static void step(struct actor *a)
{
	if (a->next)
		a->next(a);
	else
		a->begin(a);
}

static bool all_idle(void)
{
	unsigned int i;

	for (i = 0; i < NR_ACTORS; i++)
		if (actors[i].next)
			return false;
	return true;
}

/* What is under way comes to its end, whatever the order. */
static void run_down(void)
{
	struct actor *a;
	unsigned int i;

	for (i = 0; i < MAX_TAIL && !w.error && !all_idle(); i++) {
		a = &actors[pick(NR_ACTORS)];
		if (a->next)
			step(a);
		check_pages();
	}
	if (!w.error && !all_idle())
		fail("somebody waits for ever");
}

const char *explore(const struct rnd *choices, enum mistake mistake,
		    unsigned int steps)
{
	world_make(choices, mistake);
	while (steps-- && !w.error) {
		step(&actors[pick(NR_ACTORS)]);
		check_pages();
	}
	run_down();
	if (!w.error)
		check_counts();
	if (!w.error)
		check_folios();
	world_end();
	return w.error;
}
