// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PMT, transition by transition, where the random test would not say
 * what is meant.
 */
#include "pmt.h"

#include <stdlib.h>
#include <string.h>

#include "test.h"

#define NR_REGIONS	4
#define NR_MANY		200
#define NR_LOCKS	2
#define SIZE		(NR_REGIONS * POD_REGION_PAGES)

static struct pod_ledger_shard shards[1];
static struct pod_region_lock locks[NR_LOCKS];
static u64 words[NR_REGIONS];
static struct pod_ledger ledger;
static struct pod_pmt pmt;
static struct pod_leaf leaf __attribute__((aligned(64)));
static struct pod_marks marks __attribute__((aligned(64)));

static void pmt_make(void)
{
	memset(shards, 0, sizeof(shards));
	memset(words, 0, sizeof(words));
	memset(&leaf, 0, sizeof(leaf));
	memset(&marks, 0, sizeof(marks));
	pod_ledger_init(&ledger, SIZE, shards, 1);
	pod_ledger_raise(&ledger, SIZE);
	pod_pmt_init(&pmt, &ledger, words, NR_REGIONS, locks, NR_LOCKS);
}

static void lock(unsigned long region)
{
	spin_lock(pod_pmt_lockptr(&pmt, region));
}

static void unlock(unsigned long region)
{
	spin_unlock(pod_pmt_lockptr(&pmt, region));
}

static u64 gauge(enum pod_gauge g)
{
	return pod_ledger_gauge(&ledger, g);
}

/* Frame numbers up to 52 bits of address must survive the packing. */
static void handles_survive(void)
{
	const u64 big = (1ULL << 40) - 1;

	pmt_make();
	lock(0);
	pod_pmt_populate_huge(&pmt, 0, 0, big);
	CHECK(pod_pmt_lookup(&pmt, 3).handle == big);
	pod_pmt_mark(&pmt, 0, 1, 1, true, &marks);
	CHECK(pod_pmt_lookup(&pmt, 3).handle == big);
	unlock(0);
	lock(1);
	pod_pmt_split_hole(&pmt, 0, 1, &leaf);
	pod_pmt_populate_page(&pmt, 0, POD_REGION_PAGES, big);
	CHECK(pod_pmt_lookup(&pmt, POD_REGION_PAGES).handle == big);
	unlock(1);
}

/* DESIGN rule 8. */
static void given_hole_takes_no_block(void)
{
	pmt_make();
	lock(2);
	CHECK(pod_pmt_is_hole(&pmt, 2));
	CHECK(!pod_pmt_clear_region(&pmt, 0, 2, true));
	CHECK(!pod_pmt_is_hole(&pmt, 2));
	CHECK(gauge(POD_GAUGE_GIVEN) == POD_REGION_PAGES);
	pod_pmt_forget_given(&pmt, 0, 2);
	CHECK(pod_pmt_is_hole(&pmt, 2));
	CHECK(gauge(POD_GAUGE_GIVEN) == 0);
	unlock(2);
}

/* Who wrote a given page took it back: B to P. */
static void write_takes_given_page_back(void)
{
	unsigned long index = POD_REGION_PAGES + 7;

	pmt_make();
	lock(1);
	pod_pmt_clear_region(&pmt, 0, 1, true);
	pod_pmt_split_hole(&pmt, 0, 1, &leaf);
	CHECK(gauge(POD_GAUGE_GIVEN) == POD_REGION_PAGES);
	CHECK(pod_pmt_lookup(&pmt, index).page == POD_PAGE_GIVEN);
	pod_pmt_populate_page(&pmt, 0, index, 42);
	CHECK(gauge(POD_GAUGE_GIVEN) == POD_REGION_PAGES - 1);
	CHECK(gauge(POD_GAUGE_POPULATED) == 1);
	unlock(1);
}

/* DESIGN rule 7: a zero that went out is remembered until data comes. */
static void zero_flag_outlives_collapse(void)
{
	unsigned int i;

	pmt_make();
	lock(0);
	pod_pmt_split_hole(&pmt, 0, 0, &leaf);
	pod_pmt_set_zero(&pmt, 5);
	pod_pmt_populate_page(&pmt, 0, 6, 9);
	CHECK(!pod_pmt_collapse(&pmt, 0, 0));
	for (i = 0; i < POD_REGION_PAGES; i++)
		pod_pmt_clear_page(&pmt, 0, i, false);
	CHECK(pod_pmt_collapse(&pmt, 0, 0) == &leaf);
	CHECK(pod_pmt_lookup(&pmt, 0).region == POD_HOLE);
	CHECK(pod_pmt_lookup(&pmt, 0).zero);
	CHECK(pod_pmt_populate_huge(&pmt, 0, 0, 77));
	unlock(0);
}

/*
 * Who populates a page of a region that another thread has just split must
 * know of the zeroes, which the other may not have recalled yet.
 */
static void split_hands_zeroes_down(void)
{
	pmt_make();
	lock(0);
	pod_pmt_set_zero(&pmt, 3);
	CHECK(pod_pmt_split_hole(&pmt, 0, 0, &leaf));
	CHECK(pod_pmt_populate_page(&pmt, 0, 5, 9));
	CHECK(pod_pmt_populate_page(&pmt, 0, 3, 10));
	pod_pmt_clear_page(&pmt, 0, 3, false);
	CHECK(!pod_pmt_populate_page(&pmt, 0, 3, 11));
	unlock(0);
}

static void mixed_region_does_not_collapse(void)
{
	unsigned int i;

	pmt_make();
	lock(0);
	pod_pmt_split_hole(&pmt, 0, 0, &leaf);
	pod_pmt_clear_page(&pmt, 0, 1, true);
	CHECK(!pod_pmt_collapse(&pmt, 0, 0));
	for (i = 0; i < POD_REGION_PAGES; i++)
		pod_pmt_clear_page(&pmt, 0, i, true);
	CHECK(pod_pmt_collapse(&pmt, 0, 0) == &leaf);
	CHECK(pod_pmt_lookup(&pmt, 3).page == POD_PAGE_GIVEN);
	unlock(0);
}

static void marks_come_and_go(void)
{
	unsigned long region;

	pmt_make();
	lock(3);
	pod_pmt_populate_huge(&pmt, 0, 3, 1);
	CHECK(pod_pmt_mark(&pmt, 0, pod_region_first(3), 2, false, &marks));
	CHECK(!pod_pmt_mark(&pmt, 0, pod_region_first(3) + 4, 1, true, NULL));
	CHECK(gauge(POD_GAUGE_GIVEN_HUGE) == 3);
	CHECK(gauge(POD_GAUGE_POPULATED) == POD_REGION_PAGES);
	CHECK(pod_pmt_pick_marked(&pmt, true, &region) && region == 3);
	CHECK(!pod_pmt_unmark(&pmt, 0, pod_region_first(3), 4));
	CHECK(pod_pmt_unmark(&pmt, 0, pod_region_first(3) + 4, 1) == &marks);
	CHECK(!pod_pmt_marks(&pmt, 3));
	CHECK(!pod_pmt_pick_marked(&pmt, false, &region));
	CHECK(gauge(POD_GAUGE_GIVEN_HUGE) == 0);
	unlock(3);
}

/* A mark that comes while a region is taken apart must not thaw it. */
static void marks_keep_the_freeze(void)
{
	pmt_make();
	lock(0);
	pod_pmt_populate_huge(&pmt, 0, 0, 1);
	pod_pmt_freeze(&pmt, 0);
	pod_pmt_mark(&pmt, 0, 0, 1, true, &marks);
	CHECK(pod_pmt_lookup(&pmt, 0).frozen);
	CHECK(pod_pmt_unmark(&pmt, 0, 0, 1) == &marks);
	CHECK(pod_pmt_lookup(&pmt, 0).frozen);
	pod_pmt_thaw(&pmt, 0);
	CHECK(!pod_pmt_lookup(&pmt, 0).frozen);
	CHECK(pod_pmt_lookup(&pmt, 0).handle == 1);
	unlock(0);
}

static void demoted_region_counts_its_leaf(void)
{
	pmt_make();
	lock(0);
	pod_pmt_populate_huge(&pmt, 0, 0, 1);
	pod_pmt_mark(&pmt, 0, 0, 2, true, &marks);
	pod_pmt_freeze(&pmt, 0);
	pod_leaf_set(&leaf, 0, POD_PAGE_GIVEN, 0);
	pod_leaf_set(&leaf, 1, POD_PAGE_GIVEN, 0);
	pod_leaf_set(&leaf, 2, POD_PAGE_RAM, 33);
	CHECK(pod_pmt_demote(&pmt, 0, 0, &leaf) == &marks);
	CHECK(!pod_pmt_lookup(&pmt, 0).frozen);
	CHECK(gauge(POD_GAUGE_POPULATED) == 1);
	CHECK(gauge(POD_GAUGE_GIVEN) == 2);
	CHECK(gauge(POD_GAUGE_GIVEN_HUGE) == 0);
	CHECK(pod_pmt_lookup(&pmt, 2).handle == 33);
	unlock(0);
}

/* Two busy regions must not hide each other from the one who looks. */
static void picks_take_turns(void)
{
	static struct pod_marks other __attribute__((aligned(64)));
	unsigned long first, second;

	pmt_make();
	memset(&other, 0, sizeof(other));
	lock(0);
	pod_pmt_populate_huge(&pmt, 0, 0, 1);
	pod_pmt_mark(&pmt, 0, 0, 1, true, &marks);
	unlock(0);
	lock(1);
	pod_pmt_populate_huge(&pmt, 0, 1, 2);
	pod_pmt_mark(&pmt, 0, pod_region_first(1), 1, true, &other);
	unlock(1);
	CHECK(pod_pmt_pick_marked(&pmt, true, &first));
	CHECK(pod_pmt_pick_marked(&pmt, true, &second));
	CHECK(first != second);
}

static struct {
	struct pod_marks marks;
} __attribute__((aligned(64))) many[NR_MANY];

/* Many regions with a mark each, that the balloon gave up. */
static void make_many(void)
{
	static u64 many_words[NR_MANY];
	unsigned long r;

	pmt_make();
	memset(many, 0, sizeof(many));
	memset(many_words, 0, sizeof(many_words));
	pod_pmt_init(&pmt, &ledger, many_words, NR_MANY, locks, NR_LOCKS);
	for (r = 0; r < NR_MANY; r++) {
		lock(r);
		pod_pmt_populate_huge(&pmt, 0, r, 1 + r);
		pod_pmt_mark(&pmt, 0, pod_region_first(r), 1, true,
			     &many[r].marks);
		unlock(r);
	}
}

static void punch(unsigned long region)
{
	lock(region);
	pod_pmt_mark(&pmt, 0, pod_region_first(region), 1, false, NULL);
	unlock(region);
}

static void reset(unsigned long region)
{
	lock(region);
	pod_pmt_forget_given(&pmt, 0, region);
	unlock(region);
}

/* However many have marks, but nothing given: one that has is found at once. */
static void pick_gets_past_many(void)
{
	unsigned long r, found = NR_MANY;

	make_many();
	for (r = 0; r < NR_MANY - 1; r++) {
		if (r % 2)
			punch(r);
		else
			reset(r);
	}
	CHECK(pod_pmt_pick_marked(&pmt, true, &found));
	CHECK(found == NR_MANY - 1);
	reset(NR_MANY - 1);
	CHECK(!pod_pmt_pick_marked(&pmt, true, &found));
	CHECK(pod_pmt_pick_marked(&pmt, false, &found));
}

/* After RESET the balloon comes back: a region of the many gives again. */
static void pick_finds_what_is_given_again(void)
{
	unsigned long r, found = NR_MANY;

	make_many();
	for (r = 0; r < NR_MANY; r++)
		reset(r);
	CHECK(!pod_pmt_pick_marked(&pmt, true, &found));
	lock(NR_MANY / 2);
	pod_pmt_mark(&pmt, 0, pod_region_first(NR_MANY / 2) + 3, 1, true, NULL);
	unlock(NR_MANY / 2);
	CHECK(pod_pmt_pick_marked(&pmt, true, &found));
	CHECK(found == NR_MANY / 2);
}

static const char *recount(unsigned long region)
{
	struct pod_delta total = {};

	return pod_pmt_recount(&pmt, region, &total);
}

/* Words that no setter would write. */
static void recount_finds_damaged_words(void)
{
	pmt_make();
	lock(0);
	CHECK(!recount(0));
	pod_pmt_populate_huge(&pmt, 0, 0, 0);
	CHECK(recount(0));
	pod_pmt_clear_region(&pmt, 0, 0, false);
	CHECK(!recount(0));
	unlock(0);
}

/* The audit's own eyes: damage must not go unseen. */
static void recount_finds_damage(void)
{
	struct pod_delta total = {};

	pmt_make();
	lock(0);
	pod_pmt_populate_huge(&pmt, 0, 0, 1);
	pod_pmt_mark(&pmt, 0, 0, 3, true, &marks);
	CHECK(!pod_pmt_recount(&pmt, 0, &total));
	CHECK(total.gauge[POD_GAUGE_GIVEN_HUGE] == 3);
	marks.nr_marked++;
	CHECK(pod_pmt_recount(&pmt, 0, &total));
	marks.nr_marked--;
	bitmap_set(marks.marked, 7, 1);
	CHECK(pod_pmt_recount(&pmt, 0, &total));
	bitmap_clear(marks.marked, 7, 1);
	CHECK(!recount(0));
	marks.nr_given--;
	CHECK(recount(0));
	marks.nr_given++;
	marks.region = 1;
	CHECK(recount(0));
	marks.region = 0;
	bitmap_zero(marks.marked, POD_REGION_PAGES);
	marks.nr_marked = 0;
	CHECK(recount(0));
	unlock(0);
}

const struct test tests[] = {
	{ "pmt: handles survive the packing", handles_survive },
	{ "pmt: a given hole takes no block", given_hole_takes_no_block },
	{ "pmt: a write takes a given page back", write_takes_given_page_back },
	{ "pmt: the zero flag outlives a collapse",
	  zero_flag_outlives_collapse },
	{ "pmt: a split hands the zeroes down", split_hands_zeroes_down },
	{ "pmt: a mixed region does not collapse",
	  mixed_region_does_not_collapse },
	{ "pmt: marks come and go", marks_come_and_go },
	{ "pmt: marks keep the freeze", marks_keep_the_freeze },
	{ "pmt: a demoted region counts its leaf",
	  demoted_region_counts_its_leaf },
	{ "pmt: picks take turns", picks_take_turns },
	{ "pmt: a pick gets past many that have nothing given",
	  pick_gets_past_many },
	{ "pmt: what is given after a reset is found",
	  pick_finds_what_is_given_again },
	{ "pmt: the recount finds damage", recount_finds_damage },
	{ "pmt: the recount finds damaged words", recount_finds_damaged_words },
	{ }
};
