// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PMT owns the words, and with them the answer to "which page is behind
 * this guest page". It never touches a page and never sleeps.
 */
#include "pmt.h"

#include <linux/bug.h>
#include <linux/build_bug.h>
#include <linux/string.h>

/*
 * A region's word: a tag, flags, and a handle or a pointer. Handles are
 * shifted, pointers are aligned to 64 bytes, so both leave six bits.
 */
#define R_TAG		0x3UL
#define R_HOLE		0x0UL
#define R_HUGE		0x1UL	/* handle of the block */
#define R_SMALL		0x2UL	/* pointer to the leaf */
#define R_MARKED	0x3UL	/* HUGE; pointer to the marks */
#define R_GIVEN		0x4UL	/* HOLE: every page is GIVEN */
#define R_ZERO		0x8UL	/* HOLE: a zero was handed out */
#define R_FROZEN	0x10UL	/* HUGE: being taken apart */

/* A page's word in a leaf. Neither RAM nor GIVEN: POD. */
#define P_RAM		0x1UL	/* handle of the page */
#define P_GIVEN		0x2UL	/* with P_PARKED: who gave it up */
#define P_ZERO		0x4UL	/* not RAM: a zero was handed out */
#define P_PARKED	0x8UL	/* RAM: given up, but referenced */

#define HANDLE_SHIFT	6
#define FLAGS_MASK	((1UL << HANDLE_SHIFT) - 1)

static u64 word_of_handle(u64 handle)
{
	return handle << HANDLE_SHIFT;
}

static u64 handle_of(u64 word)
{
	return word >> HANDLE_SHIFT;
}

static struct pod_leaf *leaf_of(u64 word)
{
	return (struct pod_leaf *)(unsigned long)(word & ~FLAGS_MASK);
}

static struct pod_marks *marks_of(u64 word)
{
	return (struct pod_marks *)(unsigned long)(word & ~FLAGS_MASK);
}

static unsigned long tag_of(u64 word)
{
	return word & R_TAG;
}

static u64 block_of(u64 word)
{
	return tag_of(word) == R_MARKED ? marks_of(word)->handle :
					  handle_of(word);
}

static void page_weigh(u64 page, struct pod_delta *d, s64 sign)
{
	if (page & P_RAM) {
		d->gauge[POD_GAUGE_POPULATED] += sign;
		if (page & P_PARKED)
			d->gauge[POD_GAUGE_PARKED] += sign;
	} else if (page & P_GIVEN) {
		d->gauge[POD_GAUGE_GIVEN] += sign;
	}
}

static void leaf_weigh(const struct pod_leaf *leaf, struct pod_delta *d,
		       s64 sign)
{
	unsigned int i;

	for (i = 0; i < POD_REGION_PAGES; i++)
		page_weigh(leaf->page[i], d, sign);
}

static void huge_weigh(u64 word, struct pod_delta *d, s64 sign)
{
	const struct pod_marks *marks;

	d->gauge[POD_GAUGE_POPULATED] += sign * (s64)POD_REGION_PAGES;
	if (tag_of(word) != R_MARKED)
		return;
	marks = marks_of(word);
	d->gauge[POD_GAUGE_GIVEN_HUGE] += sign * marks->nr_marked;
	if (marks->parked)
		d->gauge[POD_GAUGE_PARKED] += sign * (s64)POD_REGION_PAGES;
}

static void region_weigh(u64 word, struct pod_delta *d, s64 sign)
{
	switch (tag_of(word)) {
	case R_HOLE:
		if (word & R_GIVEN)
			d->gauge[POD_GAUGE_GIVEN] += sign * (s64)POD_REGION_PAGES;
		break;
	case R_SMALL:
		leaf_weigh(leaf_of(word), d, sign);
		break;
	default:
		huge_weigh(word, d, sign);
	}
}

static void assert_locked(struct pod_pmt *pmt, unsigned long region)
{
	lockdep_assert_held(pod_pmt_lockptr(pmt, region));
}

/* The setter of regions: the word and the ledger move together. */
static void region_store(struct pod_pmt *pmt, unsigned int shard,
			 unsigned long region, u64 word)
{
	struct pod_delta d = {};

	assert_locked(pmt, region);
	region_weigh(pmt->word[region], &d, -1);
	region_weigh(word, &d, 1);
	WRITE_ONCE(pmt->word[region], word);
	pod_ledger_move(pmt->ledger, shard, &d);
}

/* The setter of pages. */
static void page_store(struct pod_pmt *pmt, unsigned int shard,
		       unsigned long index, u64 page)
{
	unsigned long region = pod_region(index);
	struct pod_delta d = {};
	u64 *p;

	assert_locked(pmt, region);
	p = &leaf_of(pmt->word[region])->page[index % POD_REGION_PAGES];
	page_weigh(*p, &d, -1);
	page_weigh(page, &d, 1);
	*p = page;
	pod_ledger_move(pmt->ledger, shard, &d);
}

static u64 page_load(struct pod_pmt *pmt, unsigned long index)
{
	u64 word = pmt->word[pod_region(index)];

	assert_locked(pmt, pod_region(index));
	return leaf_of(word)->page[index % POD_REGION_PAGES];
}

void pod_pmt_init(struct pod_pmt *pmt, struct pod_ledger *ledger, u64 *word,
		  unsigned long nr_regions, struct pod_region_lock *locks,
		  unsigned long nr_locks)
{
	unsigned long i;

	BUILD_BUG_ON(POD_REGION_PAGES < POD_MARK_BUCKETS);
	pmt->ledger = ledger;
	pmt->word = word;
	pmt->nr_regions = nr_regions;
	pmt->locks = locks;
	pmt->lock_mask = nr_locks - 1;
	for (i = 0; i < nr_locks; i++)
		spin_lock_init(&locks[i].lock);
	spin_lock_init(&pmt->marked_lock);
	for (i = 0; i < POD_MARK_BUCKETS; i++)
		INIT_LIST_HEAD(&pmt->marked[i]);
}

static void slot_of_page(u64 page, struct pod_slot *slot)
{
	slot->region = POD_SMALL;
	if (page & P_RAM) {
		slot->page = POD_PAGE_RAM;
		slot->parked = page & P_PARKED;
		slot->handle = handle_of(page);
		return;
	}
	slot->page = page & P_GIVEN ? POD_PAGE_GIVEN : POD_PAGE_POD;
	slot->zero = page & P_ZERO;
}

struct pod_slot pod_pmt_lookup(struct pod_pmt *pmt, unsigned long index)
{
	u64 word = pmt->word[pod_region(index)];
	struct pod_slot slot = {};

	assert_locked(pmt, pod_region(index));
	slot.frozen = word & R_FROZEN;
	switch (tag_of(word)) {
	case R_HOLE:
		slot.region = POD_HOLE;
		slot.page = word & R_GIVEN ? POD_PAGE_GIVEN : POD_PAGE_POD;
		slot.zero = word & R_ZERO;
		break;
	case R_SMALL:
		slot_of_page(page_load(pmt, index), &slot);
		break;
	default:
		slot.region = POD_HUGE;
		slot.page = POD_PAGE_RAM;
		slot.handle = block_of(word);
	}
	return slot;
}

bool pod_pmt_is_hole(struct pod_pmt *pmt, unsigned long region)
{
	assert_locked(pmt, region);
	return !(pmt->word[region] & (R_TAG | R_GIVEN));
}

bool pod_pmt_populate_huge(struct pod_pmt *pmt, unsigned int shard,
			   unsigned long region, u64 handle)
{
	bool zero = pmt->word[region] & R_ZERO;

	region_store(pmt, shard, region, word_of_handle(handle) | R_HUGE);
	return zero;
}

bool pod_pmt_split_hole(struct pod_pmt *pmt, unsigned int shard,
			unsigned long region, struct pod_leaf *leaf)
{
	u64 word = pmt->word[region];
	unsigned int i;

	for (i = 0; i < POD_REGION_PAGES; i++)
		leaf->page[i] = word & R_GIVEN ? P_GIVEN : 0;
	region_store(pmt, shard, region, (unsigned long)leaf | R_SMALL);
	return word & R_ZERO;
}

bool pod_pmt_populate_page(struct pod_pmt *pmt, unsigned int shard,
			   unsigned long index, u64 handle)
{
	bool zero = page_load(pmt, index) & P_ZERO;

	page_store(pmt, shard, index, word_of_handle(handle) | P_RAM);
	return zero;
}

void pod_pmt_clear_page(struct pod_pmt *pmt, unsigned int shard,
			unsigned long index, bool given)
{
	u64 old = page_load(pmt, index);
	u64 zero = old & P_RAM ? 0 : old & P_ZERO;

	page_store(pmt, shard, index, zero | (given ? P_GIVEN : 0));
}

static void marks_link(struct pod_pmt *pmt, struct pod_marks *marks)
{
	unsigned int bucket = (marks->nr_marked - 1) * POD_MARK_BUCKETS >>
			      POD_REGION_ORDER;

	spin_lock(&pmt->marked_lock);
	list_move_tail(&marks->node, &pmt->marked[bucket]);
	spin_unlock(&pmt->marked_lock);
}

static void marks_unlink(struct pod_pmt *pmt, struct pod_marks *marks)
{
	spin_lock(&pmt->marked_lock);
	list_del_init(&marks->node);
	spin_unlock(&pmt->marked_lock);
}

/* The region stops being HUGE, or loses its marks: they leave the lists. */
static struct pod_marks *region_replace(struct pod_pmt *pmt,
					unsigned int shard,
					unsigned long region, u64 word)
{
	struct pod_marks *marks = pod_pmt_marks(pmt, region);

	region_store(pmt, shard, region, word);
	if (marks)
		marks_unlink(pmt, marks);
	return marks;
}

struct pod_marks *pod_pmt_clear_region(struct pod_pmt *pmt, unsigned int shard,
				       unsigned long region, bool given)
{
	u64 old = pmt->word[region];
	u64 zero = tag_of(old) == R_HOLE ? old & R_ZERO : 0;

	return region_replace(pmt, shard, region,
			      R_HOLE | zero | (given ? R_GIVEN : 0));
}

/* All POD or all GIVEN? Then the zeroes that went out become the region's. */
static bool leaf_is_hole(const struct pod_leaf *leaf, u64 *word)
{
	u64 kind = leaf->page[0] & P_GIVEN;
	u64 zero = 0;
	unsigned int i;

	for (i = 0; i < POD_REGION_PAGES; i++) {
		if (leaf->page[i] & P_RAM ||
		    (leaf->page[i] & P_GIVEN) != kind)
			return false;
		zero |= leaf->page[i] & P_ZERO;
	}
	*word = R_HOLE | (kind ? R_GIVEN : 0) | (zero ? R_ZERO : 0);
	return true;
}

struct pod_leaf *pod_pmt_collapse(struct pod_pmt *pmt, unsigned int shard,
				  unsigned long region)
{
	u64 word = pmt->word[region];
	u64 hole;

	assert_locked(pmt, region);
	if (tag_of(word) != R_SMALL || !leaf_is_hole(leaf_of(word), &hole))
		return NULL;
	region_store(pmt, shard, region, hole);
	return leaf_of(word);
}

/* No count follows the zero flag, so the setters are not needed. */
void pod_pmt_set_zero(struct pod_pmt *pmt, unsigned long index)
{
	u64 *word = &pmt->word[pod_region(index)];

	assert_locked(pmt, pod_region(index));
	if (tag_of(*word) == R_SMALL)
		leaf_of(*word)->page[index % POD_REGION_PAGES] |= P_ZERO;
	else
		WRITE_ONCE(*word, *word | R_ZERO);
}

void pod_pmt_park_page(struct pod_pmt *pmt, unsigned int shard,
		       unsigned long index, bool given)
{
	u64 page = page_load(pmt, index) & ~P_GIVEN;

	page_store(pmt, shard, index,
		   page | P_PARKED | (given ? P_GIVEN : 0));
}

void pod_pmt_unpark_page(struct pod_pmt *pmt, unsigned int shard,
			 unsigned long index)
{
	page_store(pmt, shard, index,
		   page_load(pmt, index) & ~(P_PARKED | P_GIVEN));
}

bool pod_pmt_parked_given(struct pod_pmt *pmt, unsigned long index)
{
	return page_load(pmt, index) & P_GIVEN;
}

struct pod_marks *pod_pmt_marks(struct pod_pmt *pmt, unsigned long region)
{
	u64 word = pmt->word[region];

	assert_locked(pmt, region);
	return tag_of(word) == R_MARKED ? marks_of(word) : NULL;
}

/* Account a change inside the marks of a region whose word stays. */
static void marks_begin(struct pod_pmt *pmt, unsigned long region,
			struct pod_delta *d)
{
	*d = (struct pod_delta){};
	huge_weigh(pmt->word[region], d, -1);
}

static void marks_end(struct pod_pmt *pmt, unsigned int shard,
		      unsigned long region, struct pod_delta *d)
{
	huge_weigh(pmt->word[region], d, 1);
	pod_ledger_move(pmt->ledger, shard, d);
}

static void marks_count(struct pod_marks *marks)
{
	marks->nr_marked = bitmap_weight(marks->marked, POD_REGION_PAGES);
	WRITE_ONCE(marks->nr_given,
		   bitmap_weight(marks->given, POD_REGION_PAGES));
	if (marks->nr_marked != POD_REGION_PAGES)
		marks->parked = false;
}

static void marks_attach(struct pod_pmt *pmt, unsigned long region,
			 struct pod_marks *marks)
{
	u64 word = pmt->word[region];

	INIT_LIST_HEAD(&marks->node);
	marks->handle = handle_of(word);
	marks->region = region;
	WRITE_ONCE(pmt->word[region], (unsigned long)marks | R_MARKED |
				      (word & R_FROZEN));
}

bool pod_pmt_mark(struct pod_pmt *pmt, unsigned int shard,
		  unsigned long first, unsigned long nr, bool given,
		  struct pod_marks *new)
{
	unsigned long region = pod_region(first);
	struct pod_marks *marks = pod_pmt_marks(pmt, region);
	unsigned int i = first % POD_REGION_PAGES;
	bool taken = !marks;
	struct pod_delta d;

	marks_begin(pmt, region, &d);
	if (taken) {
		marks_attach(pmt, region, new);
		marks = new;
	}
	bitmap_set(marks->marked, i, nr);
	if (given)
		bitmap_set(marks->given, i, nr);
	else
		bitmap_clear(marks->given, i, nr);
	marks_count(marks);
	marks_end(pmt, shard, region, &d);
	marks_link(pmt, marks);
	return taken;
}

struct pod_marks *pod_pmt_unmark(struct pod_pmt *pmt, unsigned int shard,
				 unsigned long first, unsigned long nr)
{
	unsigned long region = pod_region(first);
	struct pod_marks *marks = pod_pmt_marks(pmt, region);
	unsigned int i = first % POD_REGION_PAGES;
	struct pod_delta d;

	if (!marks)
		return NULL;
	marks_begin(pmt, region, &d);
	bitmap_clear(marks->marked, i, nr);
	bitmap_clear(marks->given, i, nr);
	marks_count(marks);
	marks_end(pmt, shard, region, &d);
	if (marks->nr_marked) {
		marks_link(pmt, marks);
		return NULL;
	}
	return region_replace(pmt, shard, region,
			      word_of_handle(marks->handle) | R_HUGE |
			      (pmt->word[region] & R_FROZEN));
}

static void leaf_forget_given(struct pod_pmt *pmt, unsigned int shard,
			      unsigned long region)
{
	unsigned long index = pod_region_first(region);
	unsigned int i;
	u64 page;

	for (i = 0; i < POD_REGION_PAGES; i++) {
		page = page_load(pmt, index + i);
		if (page & P_GIVEN)
			page_store(pmt, shard, index + i, page & ~P_GIVEN);
	}
}

void pod_pmt_forget_given(struct pod_pmt *pmt, unsigned int shard,
			  unsigned long region)
{
	u64 word = pmt->word[region];

	switch (tag_of(word)) {
	case R_HOLE:
		region_store(pmt, shard, region, word & ~R_GIVEN);
		break;
	case R_SMALL:
		leaf_forget_given(pmt, shard, region);
		break;
	case R_MARKED:
		bitmap_zero(marks_of(word)->given, POD_REGION_PAGES);
		WRITE_ONCE(marks_of(word)->nr_given, 0);
		break;
	}
}

void pod_pmt_park_region(struct pod_pmt *pmt, unsigned int shard,
			 unsigned long region, bool parked)
{
	struct pod_marks *marks = pod_pmt_marks(pmt, region);
	struct pod_delta d;

	if (!marks || marks->nr_marked != POD_REGION_PAGES)
		return;
	marks_begin(pmt, region, &d);
	marks->parked = parked;
	marks_end(pmt, shard, region, &d);
}

void pod_pmt_freeze(struct pod_pmt *pmt, unsigned long region)
{
	assert_locked(pmt, region);
	WRITE_ONCE(pmt->word[region], pmt->word[region] | R_FROZEN);
}

void pod_pmt_thaw(struct pod_pmt *pmt, unsigned long region)
{
	assert_locked(pmt, region);
	WRITE_ONCE(pmt->word[region], pmt->word[region] & ~R_FROZEN);
}

struct pod_marks *pod_pmt_demote(struct pod_pmt *pmt, unsigned int shard,
				 unsigned long region, struct pod_leaf *leaf)
{
	return region_replace(pmt, shard, region,
			      (unsigned long)leaf | R_SMALL);
}

void pod_leaf_set(struct pod_leaf *leaf, unsigned int i, enum pod_page page,
		  u64 handle)
{
	switch (page) {
	case POD_PAGE_RAM:
		leaf->page[i] = word_of_handle(handle) | P_RAM;
		break;
	case POD_PAGE_GIVEN:
		leaf->page[i] = P_GIVEN;
		break;
	case POD_PAGE_POD:
		leaf->page[i] = 0;
		break;
	}
}

/* A look at @nr_given without the region's lock is enough for a hint. */
static struct pod_marks *first_marked(struct list_head *bucket, bool given)
{
	struct pod_marks *marks;

	list_for_each_entry(marks, bucket, node)
		if (!given || READ_ONCE(marks->nr_given))
			return marks;
	return NULL;
}

bool pod_pmt_pick_marked(struct pod_pmt *pmt, bool given,
			 unsigned long *region)
{
	struct pod_marks *marks = NULL;
	int i;

	spin_lock(&pmt->marked_lock);
	for (i = POD_MARK_BUCKETS - 1; i >= 0 && !marks; i--) {
		marks = first_marked(&pmt->marked[i], given);
		if (marks) {
			list_move_tail(&marks->node, &pmt->marked[i]);
			*region = marks->region;
		}
	}
	spin_unlock(&pmt->marked_lock);
	return marks;
}

static const char *marks_check(const struct pod_marks *marks,
			       unsigned long region)
{
	if (marks->region != region)
		return "marks of another region";
	if (!marks->nr_marked)
		return "marks without a mark";
	if (bitmap_weight(marks->marked, POD_REGION_PAGES) != marks->nr_marked)
		return "nr_marked is not the number of marks";
	if (bitmap_weight(marks->given, POD_REGION_PAGES) != marks->nr_given)
		return "nr_given is not the number of given marks";
	return NULL;
}

const char *pod_pmt_recount(struct pod_pmt *pmt, unsigned long region,
			    struct pod_delta *total)
{
	u64 word = pmt->word[region];

	assert_locked(pmt, region);
	region_weigh(word, total, 1);
	if (tag_of(word) == R_MARKED)
		return marks_check(marks_of(word), region);
	if (tag_of(word) != R_HOLE && !(word & ~FLAGS_MASK))
		return "a region without a block or a leaf";
	return NULL;
}

void pod_pmt_drain(struct pod_pmt *pmt, unsigned long region, u64 *huge,
		   struct pod_leaf **leaf, struct pod_marks **marks)
{
	u64 word = pmt->word[region];

	*huge = 0;
	*leaf = NULL;
	*marks = NULL;
	if (tag_of(word) == R_SMALL)
		*leaf = leaf_of(word);
	else if (tag_of(word) != R_HOLE)
		*huge = block_of(word);
	if (tag_of(word) == R_MARKED)
		*marks = marks_of(word);
	pmt->word[region] = R_HOLE;
}

u64 pod_leaf_handle(const struct pod_leaf *leaf, unsigned int i)
{
	return leaf->page[i] & P_RAM ? handle_of(leaf->page[i]) : 0;
}
