// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every operation of the PMT and the ledger, done to a pod and to its model.
 */
#include "model.h"

#include <stdlib.h>
#include <string.h>

#include "test.h"

#define NR_SHARDS	2
#define NR_LOCKS	2
#define SIZE		(MODEL_REGIONS * POD_REGION_PAGES)

static struct pod_ledger_shard shards[NR_SHARDS];
static struct pod_region_lock locks[NR_LOCKS];
static u64 words[MODEL_REGIONS];
static struct pod_ledger ledger;
static struct pod_pmt pmt;
static struct model model;
static struct rnd rnd;
static u64 next_handle;

static u64 populated(void)
{
	return pod_ledger_gauge(&ledger, POD_GAUGE_POPULATED);
}

static u64 given(void)
{
	return pod_ledger_gauge(&ledger, POD_GAUGE_GIVEN);
}

static u64 reserve(void)
{
	return model.owned - populated();
}

static void *zalloc_aligned(size_t size)
{
	void *p = aligned_alloc(64, (size + 63) & ~63UL);

	CHECK(p);
	memset(p, 0, size);
	return p;
}

static bool coin(void)
{
	return rnd_below(&rnd, 2);
}

static void page_reset(struct model_page *p, enum pod_page state)
{
	bool zero = p->state != POD_PAGE_RAM && state != POD_PAGE_RAM && p->zero;

	*p = (struct model_page){ .state = state, .zero = zero };
}

static void region_reset(struct model_region *r, enum pod_kind kind,
			 enum pod_page state)
{
	unsigned int i;

	r->kind = kind;
	r->handle = 0;
	r->frozen = false;
	r->parked = false;
	for (i = 0; i < POD_REGION_PAGES; i++)
		r->page[i] = (struct model_page){ .state = state };
}

/* An operation on region @r and its page @i; does nothing if not legal. */
typedef void op_fn(struct model_region *r, unsigned long nr, unsigned int i);

static void op_set_zero(struct model_region *r, unsigned long nr,
			unsigned int i)
{
	if (r->page[i].state == POD_PAGE_RAM)
		return;
	pod_pmt_set_zero(&pmt, pod_region_first(nr) + i);
	if (r->kind == POD_HOLE)
		r->zero = true;
	else
		r->page[i].zero = true;
}

static void op_populate_huge(struct model_region *r, unsigned long nr,
			     unsigned int i)
{
	bool zero;

	if (!pod_pmt_is_hole(&pmt, nr) || reserve() < POD_REGION_PAGES)
		return;
	zero = pod_pmt_populate_huge(&pmt, i, nr, ++next_handle);
	CHECK(zero == r->zero);
	region_reset(r, POD_HUGE, POD_PAGE_RAM);
	r->handle = next_handle;
	r->zero = false;
}

static void op_split_hole(struct model_region *r, unsigned long nr,
			  unsigned int i)
{
	bool zero;

	if (r->kind != POD_HOLE)
		return;
	zero = pod_pmt_split_hole(&pmt, i, nr,
				  zalloc_aligned(sizeof(struct pod_leaf)));
	CHECK(zero == r->zero);
	for (i = 0; i < POD_REGION_PAGES; i++)
		r->page[i].zero = r->zero;
	r->kind = POD_SMALL;
	r->zero = false;
}

static void op_populate_page(struct model_region *r, unsigned long nr,
			     unsigned int i)
{
	struct model_page *p = &r->page[i];
	bool zero;

	if (r->kind != POD_SMALL || p->state == POD_PAGE_RAM || !reserve())
		return;
	zero = pod_pmt_populate_page(&pmt, i, pod_region_first(nr) + i,
				     ++next_handle);
	CHECK(zero == p->zero);
	page_reset(p, POD_PAGE_RAM);
	p->handle = next_handle;
}

static void op_clear_page(struct model_region *r, unsigned long nr,
			  unsigned int i)
{
	bool give = coin();

	if (r->kind != POD_SMALL)
		return;
	pod_pmt_clear_page(&pmt, i, pod_region_first(nr) + i, give);
	page_reset(&r->page[i], give ? POD_PAGE_GIVEN : POD_PAGE_POD);
}

static void op_clear_region(struct model_region *r, unsigned long nr,
			    unsigned int i)
{
	bool give = coin();

	if (r->kind == POD_SMALL)
		return;
	free(pod_pmt_clear_region(&pmt, i, nr, give));
	region_reset(r, POD_HOLE, give ? POD_PAGE_GIVEN : POD_PAGE_POD);
}

/* The zeroes of single pages become the region's. */
static void model_collapse(struct model_region *r)
{
	unsigned int i;

	for (i = 0; i < POD_REGION_PAGES; i++) {
		r->zero |= r->page[i].zero;
		r->page[i].zero = false;
	}
	r->kind = POD_HOLE;
}

static void op_collapse(struct model_region *r, unsigned long nr,
			unsigned int i)
{
	struct pod_leaf *leaf = pod_pmt_collapse(&pmt, i, nr);
	bool expected = r->kind == POD_SMALL &&
			(model_all(r, POD_PAGE_POD) ||
			 model_all(r, POD_PAGE_GIVEN));

	CHECK(!leaf == !expected);
	if (leaf)
		model_collapse(r);
	free(leaf);
}

static void op_empty_small(struct model_region *r, unsigned long nr,
			   unsigned int i)
{
	bool give = coin();
	unsigned int k;

	if (r->kind != POD_SMALL)
		return;
	for (k = 0; k < POD_REGION_PAGES; k++) {
		pod_pmt_clear_page(&pmt, i, pod_region_first(nr) + k, give);
		page_reset(&r->page[k], give ? POD_PAGE_GIVEN : POD_PAGE_POD);
	}
}

static void op_park_page(struct model_region *r, unsigned long nr,
			 unsigned int i)
{
	struct model_page *p = &r->page[i];
	bool give = coin();

	if (r->kind != POD_SMALL || p->state != POD_PAGE_RAM)
		return;
	pod_pmt_park_page(&pmt, i, pod_region_first(nr) + i, give);
	p->parked = true;
	p->parked_given = give;
	CHECK(pod_pmt_parked_given(&pmt, pod_region_first(nr) + i) == give);
}

static void op_unpark_page(struct model_region *r, unsigned long nr,
			   unsigned int i)
{
	struct model_page *p = &r->page[i];

	if (r->kind != POD_SMALL || p->state != POD_PAGE_RAM)
		return;
	pod_pmt_unpark_page(&pmt, i, pod_region_first(nr) + i);
	p->parked = false;
	p->parked_given = false;
}

/* A random part of the region from page @i on, now and then all of it. */
static unsigned int part(unsigned int *i)
{
	if (!rnd_below(&rnd, 4)) {
		*i = 0;
		return POD_REGION_PAGES;
	}
	return 1 + rnd_below(&rnd, POD_REGION_PAGES - *i);
}

static void op_mark(struct model_region *r, unsigned long nr, unsigned int i)
{
	unsigned int len = part(&i), k;
	struct pod_marks *new;
	bool give = coin();

	if (r->kind != POD_HUGE)
		return;
	new = zalloc_aligned(sizeof(*new));
	if (!pod_pmt_mark(&pmt, i, pod_region_first(nr) + i, len, give, new))
		free(new);
	for (k = i; k < i + len; k++) {
		r->page[k].marked = true;
		r->page[k].marked_given = give;
	}
}

static void op_unmark(struct model_region *r, unsigned long nr, unsigned int i)
{
	unsigned int len = part(&i), k;

	if (r->kind != POD_HUGE)
		return;
	free(pod_pmt_unmark(&pmt, i, pod_region_first(nr) + i, len));
	for (k = i; k < i + len; k++) {
		r->page[k].marked = false;
		r->page[k].marked_given = false;
	}
	if (model_nr_marked(r) != POD_REGION_PAGES)
		r->parked = false;
}

static void op_forget_given(struct model_region *r, unsigned long nr,
			    unsigned int i)
{
	unsigned int k;

	pod_pmt_forget_given(&pmt, i, nr);
	for (k = 0; k < POD_REGION_PAGES; k++) {
		if (r->page[k].state == POD_PAGE_GIVEN)
			r->page[k].state = POD_PAGE_POD;
		r->page[k].marked_given = false;
		r->page[k].parked_given = false;
	}
}

static void op_park_region(struct model_region *r, unsigned long nr,
			   unsigned int i)
{
	bool park = coin();

	if (r->kind != POD_HUGE)
		return;
	pod_pmt_park_region(&pmt, i, nr, park);
	if (model_nr_marked(r) == POD_REGION_PAGES)
		r->parked = park;
}

static void op_freeze(struct model_region *r, unsigned long nr, unsigned int i)
{
	(void)i;
	if (r->kind != POD_HUGE)
		return;
	if (r->frozen)
		pod_pmt_thaw(&pmt, nr);
	else
		pod_pmt_freeze(&pmt, nr);
	r->frozen = !r->frozen;
}

static enum pod_page random_page(u64 *handle)
{
	enum pod_page state = rnd_below(&rnd, 3);

	*handle = state == POD_PAGE_RAM ? ++next_handle : 0;
	return state;
}

static void op_demote(struct model_region *r, unsigned long nr, unsigned int i)
{
	struct pod_leaf *leaf;
	enum pod_page state;
	unsigned int k;
	u64 handle;

	if (r->kind != POD_HUGE || !r->frozen)
		return;
	leaf = zalloc_aligned(sizeof(*leaf));
	region_reset(r, POD_SMALL, POD_PAGE_POD);
	for (k = 0; k < POD_REGION_PAGES; k++) {
		state = random_page(&handle);
		pod_leaf_set(leaf, k, state, handle);
		CHECK(pod_leaf_handle(leaf, k) == handle);
		r->page[k].state = state;
		r->page[k].handle = handle;
	}
	free(pod_pmt_demote(&pmt, i, nr, leaf));
}

/* Pages that no longer stand above the target, one by one. */
static void model_pay(u64 pages)
{
	while (pages--) {
		if (model.overdraft)
			model.overdraft--;
		else if (model.to_shrink)
			model.to_shrink--;
	}
}

/* The ledger's turn; @r and @nr are of no use here. */
static void op_raise(struct model_region *r, unsigned long nr, unsigned int i)
{
	u64 pages = rnd_below(&rnd, i + 1);

	(void)r;
	(void)nr;
	if (model.owned + pages > SIZE || model.target + pages > SIZE)
		return;
	pod_ledger_raise(&ledger, pages);
	model.owned += pages;
	model.target += pages;
}

static void op_set_target(struct model_region *r, unsigned long nr,
			  unsigned int i)
{
	u64 target = rnd_below(&rnd, SIZE + 1), old = model.target;

	(void)r;
	(void)nr;
	(void)i;
	if (target > model.owned && target > old)
		target = model.owned > old ? model.owned : old;
	CHECK(pod_ledger_set_target(&ledger, target) == target);
	if (target > old)
		model_pay(target - old);
	else if (model.owned > target)
		model.to_shrink += (old < model.owned ? old : model.owned) -
				   target;
	model.target = target;
}

static void op_release(struct model_region *r, unsigned long nr,
		       unsigned int i)
{
	u64 outstanding = SIZE - populated() - given();
	u64 pages = 1 + rnd_below(&rnd, i + 1);
	bool expected = model.owned >= model.target + pages &&
			(!model.announced || pages <= model.overdraft ||
			 reserve() >= outstanding + pages);

	(void)r;
	(void)nr;
	/* Whoever asks has the pages in hand. */
	if (reserve() < pages)
		return;
	CHECK(pod_ledger_try_release(&ledger, pages) == expected);
	if (!expected)
		return;
	model.owned -= pages;
	model_pay(pages);
}

/* Also: the answer is one of those with most marks, as far as buckets tell. */
static void check_picked(unsigned long picked, bool only_given)
{
	unsigned int best = 0, nr, r;

	CHECK(picked < MODEL_REGIONS);
	for (r = 0; r < MODEL_REGIONS; r++) {
		nr = model_nr_marked(&model.region[r]);
		if (only_given && !model_nr_given_marks(&model.region[r]))
			continue;
		best = nr > best ? nr : best;
	}
	nr = model_nr_marked(&model.region[picked]);
	CHECK(nr);
	CHECK((nr - 1) * POD_MARK_BUCKETS / POD_REGION_PAGES ==
	      (best - 1) * POD_MARK_BUCKETS / POD_REGION_PAGES);
	if (only_given)
		CHECK(model_nr_given_marks(&model.region[picked]));
}

/* A memory error takes a page of the reserve, and the worker replaces it. */
static void op_retire(struct model_region *r, unsigned long nr,
		      unsigned int i)
{
	(void)r;
	(void)nr;
	(void)i;
	if (!reserve())
		return;
	pod_ledger_retire(&ledger, 1);
	model.owned--;
	model_pay(1);
}

/* What fills the gap up to the target is no overdraft; the rest is. */
static void op_overdraw(struct model_region *r, unsigned long nr,
			unsigned int i)
{
	u64 pages = 1 + rnd_below(&rnd, i + 1), limit = rnd_below(&rnd, SIZE);
	u64 above = model.owned > model.target ? model.owned : model.target;
	u64 more = model.owned + pages > above ?
		   model.owned + pages - above : 0;
	bool expected = !more || model.overdraft + more <= limit;

	(void)r;
	(void)nr;
	/* No touch comes short while nothing is left to touch. */
	if (model.owned + pages > SIZE)
		return;
	CHECK(pod_ledger_overdraw(&ledger, pages, limit) == expected);
	if (!expected)
		return;
	model.owned += pages;
	model.overdraft += more;
}

static void op_top_up(struct model_region *r, unsigned long nr, unsigned int i)
{
	u64 missing = model.target > model.owned ?
		      model.target - model.owned : 0;

	(void)r;
	(void)nr;
	(void)i;
	CHECK(pod_ledger_missing(&ledger) == missing);
	if (!missing)
		return;
	CHECK(!pod_ledger_top_up(&ledger, missing + 1));
	CHECK(pod_ledger_top_up(&ledger, 1));
	model.owned++;
}

/* Rare, as it happens once: the runs before it count too. */
static void op_announce(struct model_region *r, unsigned long nr,
			unsigned int i)
{
	(void)r;
	(void)nr;
	(void)i;
	if (rnd_below(&rnd, 50))
		return;
	pod_ledger_announce(&ledger);
	model.announced = true;
}

static void op_pick(struct model_region *r, unsigned long nr, unsigned int i)
{
	bool only_given = coin(), any = false;
	unsigned long picked = MODEL_REGIONS;
	unsigned int k;

	(void)r;
	(void)nr;
	(void)i;
	for (k = 0; k < MODEL_REGIONS; k++)
		any |= only_given ? model_nr_given_marks(&model.region[k]) :
				    model_nr_marked(&model.region[k]);
	CHECK(pod_pmt_pick_marked(&pmt, only_given, &picked) == any);
	if (any)
		check_picked(picked, only_given);
}

static op_fn *const ops[] = {
	op_set_zero, op_populate_huge, op_split_hole, op_populate_page,
	op_populate_page, op_clear_page, op_clear_region, op_collapse,
	op_empty_small, op_park_page, op_unpark_page, op_mark, op_mark,
	op_unmark, op_forget_given, op_park_region, op_freeze, op_demote,
	op_raise, op_set_target, op_release, op_pick,
	op_retire, op_top_up, op_overdraw, op_announce,
};
#define NR_OPS (sizeof(ops) / sizeof(ops[0]))

void model_step(void)
{
	unsigned long nr = rnd_below(&rnd, MODEL_REGIONS);
	unsigned int i = rnd_below(&rnd, POD_REGION_PAGES);
	op_fn *op = ops[rnd_below(&rnd, NR_OPS)];
	spinlock_t *lock = pod_pmt_lockptr(&pmt, nr);

	spin_lock(lock);
	op(&model.region[nr], nr, i);
	spin_unlock(lock);
	model_compare(&model, &pmt);
}

bool model_is_dry(void)
{
	return rnd_is_dry(&rnd);
}

void model_make(const struct rnd *choices)
{
	rnd = *choices;
	next_handle = 0;
	memset(&model, 0, sizeof(model));
	memset(shards, 0, sizeof(shards));
	memset(words, 0, sizeof(words));
	pod_ledger_init(&ledger, SIZE, shards, NR_SHARDS);
	pod_pmt_init(&pmt, &ledger, words, MODEL_REGIONS, locks, NR_LOCKS);
	model.target = model.owned = SIZE / 2;
	pod_ledger_raise(&ledger, SIZE / 2);
}

static void check_drained(struct model_region *r, u64 huge,
			  const struct pod_leaf *leaf,
			  const struct pod_marks *marks)
{
	unsigned int i;

	CHECK(huge == r->handle);
	CHECK(!leaf == (r->kind != POD_SMALL));
	CHECK(!marks == !model_has_marks(r));
	for (i = 0; leaf && i < POD_REGION_PAGES; i++)
		CHECK(pod_leaf_handle(leaf, i) == r->page[i].handle);
}

void model_drain(void)
{
	struct pod_marks *marks;
	struct pod_leaf *leaf;
	unsigned long nr;
	u64 huge;

	for (nr = 0; nr < MODEL_REGIONS; nr++) {
		pod_pmt_drain(&pmt, nr, &huge, &leaf, &marks);
		check_drained(&model.region[nr], huge, leaf, marks);
		free(leaf);
		free(marks);
		CHECK(!words[nr]);
	}
}
