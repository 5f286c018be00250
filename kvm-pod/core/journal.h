/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The journal: the last events of a pod, for any number of readers.
 */
#ifndef POD_CORE_JOURNAL_H
#define POD_CORE_JOURNAL_H

#include <linux/spinlock.h>
#include <linux/types.h>

/* Events kept; a power of two. */
#define POD_JOURNAL_NR	128

/**
 * enum pod_news - what the journal tells
 *
 * The values are those of enum kvm_pod_event_type.
 */
enum pod_news {
	POD_NEWS_LOW = 1,
	POD_NEWS_EXHAUSTED = 2,
	POD_NEWS_RESUMED = 3,
	POD_NEWS_PARKED = 4,
	POD_NEWS_NORMAL = 5,
	POD_NEWS_NR,
};

/**
 * struct pod_journal_entry - one event
 * @seq: counts from 1; filled in by the journal
 * @time_ns: when, by the caller's clock
 * @news: what
 * @reserve: R at that time, in pages
 * @index: page of the pod file, where that says something
 */
struct pod_journal_entry {
	u64 seq;
	u64 time_ns;
	enum pod_news news;
	u64 reserve;
	u64 index;
};

/**
 * struct pod_journal - the events of one pod
 * @lock: protects the rest; a leaf
 * @entry: event @seq is in @entry[@seq % POD_JOURNAL_NR]
 * @last: seq of the last event, 0 if there was none
 * @count: events so far, by what they were
 */
struct pod_journal {
	spinlock_t lock;
	struct pod_journal_entry entry[POD_JOURNAL_NR];
	u64 last;
	u64 count[POD_NEWS_NR];
};

void pod_journal_init(struct pod_journal *j);

/** pod_journal_add() - write an event down; its @seq is given here */
void pod_journal_add(struct pod_journal *j,
		     const struct pod_journal_entry *entry);

/** pod_journal_last() - seq of the last event: where a new reader begins */
u64 pod_journal_last(struct pod_journal *j);

u64 pod_journal_count(struct pod_journal *j, enum pod_news news);

/**
 * pod_journal_read() - the first event after @seq that is still there
 * @lost: gets how many between the two are gone
 *
 * Return: false if there is none.
 */
bool pod_journal_read(struct pod_journal *j, u64 seq,
		      struct pod_journal_entry *entry, u64 *lost);

#endif /* POD_CORE_JOURNAL_H */
