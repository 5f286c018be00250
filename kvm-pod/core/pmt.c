// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PMT owns the words, and with them the answer to "which page is behind
 * this guest page". It never touches a page and never sleeps.
 */
#include "pmt.h"

#include <linux/build_bug.h>

#include "pmt_word.h"

void pod_pmt_assert_locked(struct pod_pmt *pmt, unsigned long region)
{
	lockdep_assert_held(pod_pmt_lockptr(pmt, region));
}

void pod_pmt_store_region(struct pod_pmt *pmt, unsigned int shard,
			  unsigned long region, u64 word)
{
	struct pod_delta d = {};

	pod_pmt_assert_locked(pmt, region);
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

	pod_pmt_assert_locked(pmt, region);
	p = &leaf_of(pmt->word[region])->page[index % POD_REGION_PAGES];
	page_weigh(*p, &d, -1);
	page_weigh(page, &d, 1);
	*p = page;
	pod_ledger_move(pmt->ledger, shard, &d);
}

static u64 page_load(struct pod_pmt *pmt, unsigned long index)
{
	u64 word = pmt->word[pod_region(index)];

	pod_pmt_assert_locked(pmt, pod_region(index));
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
	for (i = 0; i < POD_MARK_BUCKETS; i++) {
		INIT_LIST_HEAD(&pmt->marked[i]);
		INIT_LIST_HEAD(&pmt->given[i]);
	}
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

	pod_pmt_assert_locked(pmt, pod_region(index));
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
	pod_pmt_assert_locked(pmt, region);
	return !(pmt->word[region] & (R_TAG | R_GIVEN));
}

bool pod_pmt_populate_huge(struct pod_pmt *pmt, unsigned int shard,
			   unsigned long region, u64 handle)
{
	bool zero = pmt->word[region] & R_ZERO;

	pod_pmt_store_region(pmt, shard, region, word_of_handle(handle) | R_HUGE);
	return zero;
}

bool pod_pmt_split_hole(struct pod_pmt *pmt, unsigned int shard,
			unsigned long region, struct pod_leaf *leaf)
{
	u64 word = pmt->word[region];
	u64 page = (word & R_GIVEN ? P_GIVEN : 0) |
		   (word & R_ZERO ? P_ZERO : 0);
	unsigned int i;

	/*
	 * The zeroes that went out are each page's business from here on: who
	 * populates one before the caller has recalled them all recalls its
	 * own.
	 */
	for (i = 0; i < POD_REGION_PAGES; i++)
		leaf->page[i] = page;
	pod_pmt_store_region(pmt, shard, region, (unsigned long)leaf | R_SMALL);
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

struct pod_marks *pod_pmt_clear_region(struct pod_pmt *pmt, unsigned int shard,
				       unsigned long region, bool given)
{
	u64 old = pmt->word[region];
	u64 zero = tag_of(old) == R_HOLE ? old & R_ZERO : 0;

	return pod_pmt_replace_region(pmt, shard, region,
			      R_HOLE | zero | (given ? R_GIVEN : 0));
}

/* All POD or all GIVEN? Then the zeroes that went out become the region's. */
static bool leaf_is_hole(const struct pod_leaf *leaf, u64 *word)
{
	u64 kind = leaf->page[0] & P_GIVEN;
	u64 zero = 0;
	unsigned int i;

	/* Who gives up page after page comes to one end first, or the other. */
	if (leaf->page[POD_REGION_PAGES - 1] & P_RAM)
		return false;
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

	pod_pmt_assert_locked(pmt, region);
	if (tag_of(word) != R_SMALL || !leaf_is_hole(leaf_of(word), &hole))
		return NULL;
	pod_pmt_store_region(pmt, shard, region, hole);
	return leaf_of(word);
}

/* No count follows the zero flag, so the setters are not needed. */
void pod_pmt_set_zero(struct pod_pmt *pmt, unsigned long index)
{
	u64 *word = &pmt->word[pod_region(index)];

	pod_pmt_assert_locked(pmt, pod_region(index));
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
		pod_pmt_store_region(pmt, shard, region, word & ~R_GIVEN);
		break;
	case R_SMALL:
		leaf_forget_given(pmt, shard, region);
		break;
	case R_MARKED:
		pod_pmt_forget_marks(pmt, marks_of(word));
		break;
	}
}

void pod_pmt_freeze(struct pod_pmt *pmt, unsigned long region)
{
	pod_pmt_assert_locked(pmt, region);
	WRITE_ONCE(pmt->word[region], pmt->word[region] | R_FROZEN);
}

void pod_pmt_thaw(struct pod_pmt *pmt, unsigned long region)
{
	pod_pmt_assert_locked(pmt, region);
	WRITE_ONCE(pmt->word[region], pmt->word[region] & ~R_FROZEN);
}

struct pod_marks *pod_pmt_demote(struct pod_pmt *pmt, unsigned int shard,
				 unsigned long region, struct pod_leaf *leaf)
{
	return pod_pmt_replace_region(pmt, shard, region,
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

u64 pod_leaf_handle(const struct pod_leaf *leaf, unsigned int i)
{
	return leaf->page[i] & P_RAM ? handle_of(leaf->page[i]) : 0;
}
