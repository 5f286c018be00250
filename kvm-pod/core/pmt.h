/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The physical-to-machine table: what is behind each guest page (Xen's p2m).
 *
 * One word per region of 2 MiB; a SMALL region has a leaf with one word per
 * page. Every page is POD (nothing behind it, may be touched), GIVEN (nothing
 * behind it, given up by the balloon) or RAM. Pages are known by an opaque
 * handle, in the kernel the page frame number.
 *
 * Every transition goes through this file's setters, which keep the ledger in
 * the same locked section. Unless a function says otherwise, its caller holds
 * the lock of the region (pod_pmt_lock()).
 */
#ifndef POD_CORE_PMT_H
#define POD_CORE_PMT_H

#include <linux/bitmap.h>
#include <linux/cache.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "ledger.h"

/* Tests use smaller regions, to reach their edges sooner. */
#ifndef POD_REGION_ORDER
#define POD_REGION_ORDER	9
#endif
#define POD_REGION_PAGES	(1UL << POD_REGION_ORDER)
#define POD_MARK_BUCKETS	8

/**
 * enum pod_kind - what a region is
 * @POD_HOLE: nothing behind any page; all POD, or all GIVEN
 * @POD_HUGE: one 2 MiB block behind it, all pages RAM
 * @POD_SMALL: a leaf says it page by page
 */
enum pod_kind {
	POD_HOLE,
	POD_HUGE,
	POD_SMALL,
};

/**
 * enum pod_page - what a page is
 * @POD_PAGE_POD: reads as zero, a write takes from the reserve
 * @POD_PAGE_GIVEN: the same, but the balloon gave it up
 * @POD_PAGE_RAM: memory is behind it
 */
enum pod_page {
	POD_PAGE_POD,
	POD_PAGE_GIVEN,
	POD_PAGE_RAM,
};

/**
 * struct pod_leaf - the pages of a SMALL region
 * @page: one word per page; written by the setters only
 *
 * Allocated zeroed and freed by the caller of the setters, never under a
 * region lock.
 */
struct pod_leaf {
	u64 page[POD_REGION_PAGES];
};

/**
 * struct pod_marks - which pages of a HUGE region are given up in place
 * @node: in pod_pmt::marked, under pod_pmt::marked_lock
 * @given_node: in pod_pmt::given if @nr_given, likewise
 * @handle: the region's block; the region's word points here instead
 * @region: whose marks these are
 * @marked: cleared and given up; a hint only, the guest may write again
 * @given: part of @marked that the balloon gave up
 * @nr_marked: weight of @marked, at least 1
 * @nr_given: weight of @given
 * @parked: all of it is marked, but somebody holds a reference
 *
 * Allocated zeroed, aligned to 64 bytes, and freed by the caller.
 */
struct pod_marks {
	struct list_head node;
	struct list_head given_node;
	u64 handle;
	unsigned long region;
	DECLARE_BITMAP(marked, POD_REGION_PAGES);
	DECLARE_BITMAP(given, POD_REGION_PAGES);
	unsigned int nr_marked;
	unsigned int nr_given;
	bool parked;
};

struct pod_region_lock {
	spinlock_t lock;
} ____cacheline_aligned;

/**
 * struct pod_pmt - the table of one pod
 * @ledger: gets every change
 * @word: one per region
 * @nr_regions: length of @word
 * @locks: see pod_pmt_lockptr(); leaf locks, but for
 *	@marked_lock
 * @lock_mask: number of @locks less one
 * @marked_lock: protects @marked and @given, innermost
 * @marked: HUGE regions with marks, by how many of their pages are marked
 * @given: those of them with marks that the balloon made, likewise: however
 *	many others there are, they are not in the way
 *
 * @word and @locks are owned by the caller of pod_pmt_init().
 */
struct pod_pmt {
	struct pod_ledger *ledger;
	u64 *word;
	unsigned long nr_regions;
	struct pod_region_lock *locks;
	unsigned long lock_mask;

	spinlock_t marked_lock;
	struct list_head marked[POD_MARK_BUCKETS];
	struct list_head given[POD_MARK_BUCKETS];
};

/**
 * struct pod_slot - what a look-up found
 * @region: what the region is
 * @page: what the page is
 * @frozen: the region is being taken apart; nothing else here may be used
 * @zero: a zero page was handed out to a reader, for this page or, in a HOLE,
 *	for some page of the region
 * @parked: RAM, given up, but somebody holds a reference
 * @handle: RAM: the page's, in a HUGE region the block's
 */
struct pod_slot {
	enum pod_kind region;
	enum pod_page page;
	bool frozen;
	bool zero;
	bool parked;
	u64 handle;
};

/** pod_pmt_init() - all of it POD; @word is zeroed, @nr_locks a power of two */
void pod_pmt_init(struct pod_pmt *pmt, struct pod_ledger *ledger, u64 *word,
		  unsigned long nr_regions, struct pod_region_lock *locks,
		  unsigned long nr_locks);

static inline unsigned long pod_region(unsigned long index)
{
	return index >> POD_REGION_ORDER;
}

static inline unsigned long pod_region_first(unsigned long region)
{
	return region << POD_REGION_ORDER;
}

/*
 * Neighbours and regions a power of two apart have locks of their own: vCPUs
 * that each clear their share of a guest are always the same distance apart.
 */
static inline unsigned long pod_pmt_lock_nr(const struct pod_pmt *pmt,
					    unsigned long region)
{
	/* The golden ratio, as in hash_64(). */
	return (region * 0x61c8864680b583ebULL >> 40) & pmt->lock_mask;
}

/* One call for lock and unlock, so that sparse and lockdep see a pair. */
static inline spinlock_t *pod_pmt_lockptr(struct pod_pmt *pmt,
					  unsigned long region)
{
	return &pmt->locks[pod_pmt_lock_nr(pmt, region)].lock;
}

/** pod_pmt_lookup() - what is behind page @index? Changes nothing. */
struct pod_slot pod_pmt_lookup(struct pod_pmt *pmt, unsigned long index);

/**
 * pod_pmt_is_hole() - is the whole region without memory, and all POD?
 *
 * Only such a region may get a 2 MiB block.
 */
bool pod_pmt_is_hole(struct pod_pmt *pmt, unsigned long region);

/**
 * pod_pmt_populate_huge() - HOLE, all POD, not frozen -> HUGE
 *
 * Return: true if zeroes of this region were handed out; the caller drops the
 * lock, waits for the zero folios and unmaps the region before anybody gets
 * the block.
 */
bool pod_pmt_populate_huge(struct pod_pmt *pmt, unsigned int shard,
			   unsigned long region, u64 handle);

/**
 * pod_pmt_split_hole() - HOLE -> SMALL; @leaf belongs to the table from here
 *
 * Return: as pod_pmt_populate_huge().
 */
bool pod_pmt_split_hole(struct pod_pmt *pmt, unsigned int shard,
			unsigned long region, struct pod_leaf *leaf);

/**
 * pod_pmt_populate_page() - POD or GIVEN, in a SMALL region -> RAM
 *
 * Return: true if a zero of this page was handed out.
 */
bool pod_pmt_populate_page(struct pod_pmt *pmt, unsigned int shard,
			   unsigned long index, u64 handle);

/** pod_pmt_clear_page() - any page of a SMALL region -> GIVEN or POD */
void pod_pmt_clear_page(struct pod_pmt *pmt, unsigned int shard,
			unsigned long index, bool given);

/**
 * pod_pmt_clear_region() - HOLE or HUGE -> HOLE, all GIVEN or all POD
 *
 * Also ends a freeze. The caller got the block's handle before.
 *
 * Return: marks for the caller to free, or NULL.
 */
struct pod_marks *pod_pmt_clear_region(struct pod_pmt *pmt, unsigned int shard,
				       unsigned long region, bool given);

/**
 * pod_pmt_collapse() - SMALL, all POD or all GIVEN -> HOLE
 *
 * Return: the leaf for the caller to free, or NULL if the region stays.
 */
struct pod_leaf *pod_pmt_collapse(struct pod_pmt *pmt, unsigned int shard,
				  unsigned long region);

/** pod_pmt_set_zero() - a zero of page @index, which is not RAM, goes out */
void pod_pmt_set_zero(struct pod_pmt *pmt, unsigned long index);

/**
 * pod_pmt_park_page() - RAM in a SMALL region: given up, but referenced
 * @given: by the balloon, not by a mere discard
 */
void pod_pmt_park_page(struct pod_pmt *pmt, unsigned int shard,
		       unsigned long index, bool given);

/** pod_pmt_unpark_page() - it is data again, or wanted again */
void pod_pmt_unpark_page(struct pod_pmt *pmt, unsigned int shard,
			 unsigned long index);

/** pod_pmt_parked_given() - did the balloon give parked page @index up? */
bool pod_pmt_parked_given(struct pod_pmt *pmt, unsigned long index);

/**
 * pod_pmt_mark() - pages of a HUGE region were cleared in place
 * @marks: for the table to keep if the region has none yet, else left alone
 * @given: given up by the balloon, not by a mere discard
 *
 * Return: true if @marks was taken.
 */
bool pod_pmt_mark(struct pod_pmt *pmt, unsigned int shard,
		  unsigned long first, unsigned long nr, bool given,
		  struct pod_marks *marks);

/**
 * pod_pmt_unmark() - these pages are data again, or wanted again
 *
 * Return: marks for the caller to free, or NULL.
 */
struct pod_marks *pod_pmt_unmark(struct pod_pmt *pmt, unsigned int shard,
				 unsigned long first, unsigned long nr);

/** pod_pmt_forget_given() - RESET: nothing in @region is GIVEN any more */
void pod_pmt_forget_given(struct pod_pmt *pmt, unsigned int shard,
			  unsigned long region);

/** pod_pmt_park_region() - a wholly marked HUGE region is (not) referenced */
void pod_pmt_park_region(struct pod_pmt *pmt, unsigned int shard,
			 unsigned long region, bool parked);

/** pod_pmt_marks() - the marks of a HUGE region, or NULL */
struct pod_marks *pod_pmt_marks(struct pod_pmt *pmt, unsigned long region);

/**
 * pod_pmt_freeze() - from here every other look-up of @region must wait
 *
 * For a HUGE region that is not frozen. What was found before the freeze is
 * excluded by the reference test that follows it.
 */
void pod_pmt_freeze(struct pod_pmt *pmt, unsigned long region);
void pod_pmt_thaw(struct pod_pmt *pmt, unsigned long region);

/**
 * pod_pmt_demote() - frozen HUGE -> SMALL, no longer frozen
 * @leaf: filled in with pod_leaf_set(); belongs to the table from here
 *
 * Return: marks for the caller to free, or NULL.
 */
struct pod_marks *pod_pmt_demote(struct pod_pmt *pmt, unsigned int shard,
				 unsigned long region, struct pod_leaf *leaf);

/** pod_leaf_set() - fill in a leaf that is in no table yet. Needs no lock. */
void pod_leaf_set(struct pod_leaf *leaf, unsigned int i, enum pod_page page,
		  u64 handle);

/**
 * pod_pmt_pick_marked() - a HUGE region that has most to give
 * @given: only one with pages that the balloon gave up
 * @region: the answer
 *
 * The region goes to the end of the list that it was picked from, so that a
 * busy one does not hide the others. Needs no lock.
 *
 * Return: false if there is none.
 */
bool pod_pmt_pick_marked(struct pod_pmt *pmt, bool given,
			 unsigned long *region);

/**
 * pod_pmt_recount() - add what @region holds to @total, word by word
 *
 * Return: NULL, or what is wrong with the region, in words.
 */
const char *pod_pmt_recount(struct pod_pmt *pmt, unsigned long region,
			    struct pod_delta *total);

/**
 * pod_pmt_drain() - take the region out of the table, without accounting
 * @huge: the block's handle, 0 if there is none
 * @leaf: the leaf, whose pages and memory now belong to the caller, or NULL
 * @marks: for the caller to free, or NULL
 *
 * For teardown, when nobody else can look. Needs no lock.
 */
void pod_pmt_drain(struct pod_pmt *pmt, unsigned long region, u64 *huge,
		   struct pod_leaf **leaf, struct pod_marks **marks);

/** pod_leaf_handle() - the handle behind page @i, 0 if it is not RAM */
u64 pod_leaf_handle(const struct pod_leaf *leaf, unsigned int i);

#endif /* POD_CORE_PMT_H */
