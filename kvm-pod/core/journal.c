// SPDX-License-Identifier: GPL-2.0-only
/*
 * The journal keeps events and hands out copies. Readers keep their places
 * themselves.
 */
#include "journal.h"

#include <linux/minmax.h>

void pod_journal_init(struct pod_journal *j)
{
	spin_lock_init(&j->lock);
}

void pod_journal_add(struct pod_journal *j,
		     const struct pod_journal_entry *entry)
{
	struct pod_journal_entry *e;

	spin_lock(&j->lock);
	j->last++;
	j->count[entry->news]++;
	e = &j->entry[j->last % POD_JOURNAL_NR];
	*e = *entry;
	e->seq = j->last;
	spin_unlock(&j->lock);
}

u64 pod_journal_last(struct pod_journal *j)
{
	u64 last;

	spin_lock(&j->lock);
	last = j->last;
	spin_unlock(&j->lock);
	return last;
}

u64 pod_journal_count(struct pod_journal *j, enum pod_news news)
{
	u64 count;

	spin_lock(&j->lock);
	count = j->count[news];
	spin_unlock(&j->lock);
	return count;
}

bool pod_journal_read(struct pod_journal *j, u64 seq,
		      struct pod_journal_entry *entry, u64 *lost)
{
	u64 oldest, next;
	bool found;

	spin_lock(&j->lock);
	oldest = j->last > POD_JOURNAL_NR ? j->last - POD_JOURNAL_NR + 1 : 1;
	next = max(seq + 1, oldest);
	found = next <= j->last;
	if (found) {
		*entry = j->entry[next % POD_JOURNAL_NR];
		*lost = next - seq - 1;
	}
	spin_unlock(&j->lock);
	return found;
}
