// SPDX-License-Identifier: GPL-2.0-only
/*
 * The marks of HUGE regions: which of their pages were given up in place, and
 * which region has most to give.
 */
#include "pmt.h"
#include "pmt_word.h"

struct pod_marks *pod_pmt_marks(struct pod_pmt *pmt, unsigned long region)
{
	u64 word = pmt->word[region];

	pod_pmt_assert_locked(pmt, region);
	return tag_of(word) == R_MARKED ? marks_of(word) : NULL;
}

static void marks_link(struct pod_pmt *pmt, struct pod_marks *marks)
{
	unsigned int bucket = (marks->nr_marked - 1) * POD_MARK_BUCKETS >>
			      POD_REGION_ORDER;

	spin_lock(&pmt->marked_lock);
	list_move_tail(&marks->node, &pmt->marked[bucket]);
	if (marks->nr_given)
		list_move_tail(&marks->given_node, &pmt->given[bucket]);
	else
		list_del_init(&marks->given_node);
	spin_unlock(&pmt->marked_lock);
}

static void marks_unlink(struct pod_pmt *pmt, struct pod_marks *marks)
{
	spin_lock(&pmt->marked_lock);
	list_del_init(&marks->node);
	list_del_init(&marks->given_node);
	spin_unlock(&pmt->marked_lock);
}

struct pod_marks *pod_pmt_replace_region(struct pod_pmt *pmt,
					 unsigned int shard,
					 unsigned long region, u64 word)
{
	struct pod_marks *marks = pod_pmt_marks(pmt, region);

	pod_pmt_store_region(pmt, shard, region, word);
	if (marks)
		marks_unlink(pmt, marks);
	return marks;
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
	marks->nr_given = bitmap_weight(marks->given, POD_REGION_PAGES);
	if (marks->nr_marked != POD_REGION_PAGES)
		marks->parked = false;
}

static void marks_attach(struct pod_pmt *pmt, unsigned long region,
			 struct pod_marks *marks)
{
	u64 word = pmt->word[region];

	INIT_LIST_HEAD(&marks->node);
	INIT_LIST_HEAD(&marks->given_node);
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
	return pod_pmt_replace_region(pmt, shard, region,
			      word_of_handle(marks->handle) | R_HUGE |
			      (pmt->word[region] & R_FROZEN));
}

void pod_pmt_forget_marks(struct pod_pmt *pmt, struct pod_marks *marks)
{
	bitmap_zero(marks->given, POD_REGION_PAGES);
	marks->nr_given = 0;
	spin_lock(&pmt->marked_lock);
	list_del_init(&marks->given_node);
	spin_unlock(&pmt->marked_lock);
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

/* From the fullest bucket that has any; those of one bucket take turns. */
static struct list_head *fullest(struct list_head *buckets)
{
	int i;

	for (i = POD_MARK_BUCKETS - 1; i >= 0; i--) {
		struct list_head *first = buckets[i].next;

		if (first == &buckets[i])
			continue;
		list_move_tail(first, &buckets[i]);
		return first;
	}
	return NULL;
}

bool pod_pmt_pick_marked(struct pod_pmt *pmt, bool given,
			 unsigned long *region)
{
	struct list_head *node;

	spin_lock(&pmt->marked_lock);
	node = fullest(given ? pmt->given : pmt->marked);
	/* Who frees them takes them off the lists first: after the unlock. */
	if (node && given)
		*region = list_entry(node, struct pod_marks, given_node)->region;
	else if (node)
		*region = list_entry(node, struct pod_marks, node)->region;
	spin_unlock(&pmt->marked_lock);
	return node;
}
