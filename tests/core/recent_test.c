// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rings of recent regions, and the journal of events.
 */
#include "journal.h"
#include "recent.h"

#include "test.h"

static void oldest_comes_first(void)
{
	struct pod_recent ring = {};
	unsigned long region, i;

	CHECK(!pod_recent_take(&ring, 0, &region));
	for (i = 0; i < 2 * POD_RECENT_NR; i++)
		pod_recent_add(&ring, i);
	for (i = 0; i < POD_RECENT_NR; i++) {
		CHECK(pod_recent_take(&ring, i, &region));
		CHECK(region == POD_RECENT_NR + i);
		CHECK(!pod_recent_take(&ring, i, &region));
	}
}

/* A scrubber touches the pages of one region in a row. */
static void same_region_counts_once(void)
{
	struct pod_recent ring = {};
	unsigned long region, i, found = 0;

	for (i = 0; i < 3 * POD_RECENT_NR; i++)
		pod_recent_add(&ring, 7);
	for (i = 0; i < POD_RECENT_NR; i++)
		found += pod_recent_take(&ring, i, &region) && region == 7;
	CHECK(found == 1);
}

static struct pod_journal journal;

static void journal_fill(unsigned int nr)
{
	struct pod_journal_entry e = {};
	unsigned int i;

	journal = (struct pod_journal){};
	pod_journal_init(&journal);
	for (i = 0; i < nr; i++) {
		e.news = POD_NEWS_LOW + i % (POD_NEWS_NR - POD_NEWS_LOW);
		e.index = i;
		pod_journal_add(&journal, &e);
	}
}

static void journal_in_order(void)
{
	struct pod_journal_entry e;
	u64 seq = 0, lost;

	journal_fill(POD_JOURNAL_NR);
	CHECK(pod_journal_last(&journal) == POD_JOURNAL_NR);
	while (pod_journal_read(&journal, seq, &e, &lost)) {
		CHECK(!lost);
		CHECK(e.seq == seq + 1 && e.index == seq);
		seq = e.seq;
	}
	CHECK(seq == POD_JOURNAL_NR);
	CHECK(!pod_journal_read(&journal, seq, &e, &lost));
}

/* A slow reader hears how many it missed, each once. */
static void journal_tells_what_is_lost(void)
{
	struct pod_journal_entry e;
	u64 lost;

	journal_fill(POD_JOURNAL_NR + 10);
	CHECK(pod_journal_read(&journal, 0, &e, &lost));
	CHECK(lost == 10 && e.seq == 11 && e.index == 10);
	CHECK(pod_journal_read(&journal, 5, &e, &lost));
	CHECK(lost == 5 && e.seq == 11);
	CHECK(pod_journal_read(&journal, 11, &e, &lost));
	CHECK(!lost && e.seq == 12);
}

static void journal_counts_by_kind(void)
{
	u64 sum = 0;
	int news;

	journal_fill(3 * POD_JOURNAL_NR + 1);
	for (news = POD_NEWS_LOW; news < POD_NEWS_NR; news++)
		sum += pod_journal_count(&journal, news);
	CHECK(sum == 3 * POD_JOURNAL_NR + 1);
	CHECK(pod_journal_count(&journal, POD_NEWS_LOW) ==
	      (3 * POD_JOURNAL_NR + 1 + 4) / 5);
}

const struct test tests[] = {
	{ "recent: the oldest comes first", oldest_comes_first },
	{ "recent: one region in a row counts once", same_region_counts_once },
	{ "journal: in order", journal_in_order },
	{ "journal: tells what is lost", journal_tells_what_is_lost },
	{ "journal: counts by kind", journal_counts_by_kind },
	{ }
};
