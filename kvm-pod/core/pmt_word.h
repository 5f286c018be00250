/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the PMT's words are written. For the PMT's own files only.
 */
#ifndef POD_CORE_PMT_WORD_H
#define POD_CORE_PMT_WORD_H

#include "pmt.h"

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

static inline u64 word_of_handle(u64 handle)
{
	return handle << HANDLE_SHIFT;
}

static inline u64 handle_of(u64 word)
{
	return word >> HANDLE_SHIFT;
}

static inline struct pod_leaf *leaf_of(u64 word)
{
	return (struct pod_leaf *)(unsigned long)(word & ~FLAGS_MASK);
}

static inline struct pod_marks *marks_of(u64 word)
{
	return (struct pod_marks *)(unsigned long)(word & ~FLAGS_MASK);
}

static inline unsigned long tag_of(u64 word)
{
	return word & R_TAG;
}

static inline u64 block_of(u64 word)
{
	return tag_of(word) == R_MARKED ? marks_of(word)->handle :
					  handle_of(word);
}

static inline void page_weigh(u64 page, struct pod_delta *d, s64 sign)
{
	if (page & P_RAM) {
		d->gauge[POD_GAUGE_POPULATED] += sign;
		if (page & P_PARKED)
			d->gauge[POD_GAUGE_PARKED] += sign;
	} else if (page & P_GIVEN) {
		d->gauge[POD_GAUGE_GIVEN] += sign;
	}
}

static inline void leaf_weigh(const struct pod_leaf *leaf,
			      struct pod_delta *d, s64 sign)
{
	unsigned int i;

	for (i = 0; i < POD_REGION_PAGES; i++)
		page_weigh(leaf->page[i], d, sign);
}

static inline void huge_weigh(u64 word, struct pod_delta *d, s64 sign)
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

static inline void region_weigh(u64 word, struct pod_delta *d, s64 sign)
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

void pod_pmt_assert_locked(struct pod_pmt *pmt, unsigned long region);

/* The setter of regions: the word and the ledger move together. */
void pod_pmt_store_region(struct pod_pmt *pmt, unsigned int shard,
			  unsigned long region, u64 word);

/*
 * The region stops being HUGE, or loses its marks: they leave the lists.
 * Return: the marks, now the caller's, or NULL.
 */
struct pod_marks *pod_pmt_replace_region(struct pod_pmt *pmt,
					 unsigned int shard,
					 unsigned long region, u64 word);

/* RESET: the marks stay, but nobody's balloon made them. */
void pod_pmt_forget_marks(struct pod_pmt *pmt, struct pod_marks *marks);

#endif /* POD_CORE_PMT_WORD_H */
