// SPDX-License-Identifier: GPL-2.0-only
/*
 * Going through the whole PMT: to recount it, and to empty it.
 */
#include "pmt.h"
#include "pmt_word.h"

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

	pod_pmt_assert_locked(pmt, region);
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
