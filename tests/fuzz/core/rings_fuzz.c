// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ring of recent regions, and the journal with a few readers, against
 * tables that forget nothing.
 */
#include <string.h>

#include "fuzz.h"
#include "journal.h"
#include "recent.h"

#define NR_EVENTS	4096
#define NR_READERS	3

static struct pod_recent ring;
static struct pod_journal journal;

/* @region: what stands at each place of the ring, -1 = nothing. */
static struct {
	long region[POD_RECENT_NR];
	unsigned int next;
} naive;

/* Every event that ever was, the first one at 1. */
static struct pod_journal_entry events[NR_EVENTS];
static u64 nr_events;
static u64 read_up_to[NR_READERS];

static void remember(struct rnd *choices)
{
	unsigned long region = rnd_below(choices, 5);
	unsigned int last = (naive.next + POD_RECENT_NR - 1) % POD_RECENT_NR;

	if (rnd_below(choices, 4) == 0)
		region += 0xfffffff0;
	pod_recent_add(&ring, region);
	if (naive.region[last] == (long)region)
		return;
	naive.region[naive.next] = region;
	naive.next = (naive.next + 1) % POD_RECENT_NR;
}

static void recall(struct rnd *choices)
{
	unsigned int age = rnd_below(choices, 2 * POD_RECENT_NR);
	long *place = &naive.region[(naive.next + age) % POD_RECENT_NR];
	unsigned long region = 0;

	CHECK(pod_recent_take(&ring, age, &region) == (*place >= 0));
	if (*place >= 0)
		CHECK((long)region == *place);
	*place = -1;
}

static void happen(struct rnd *choices)
{
	struct pod_journal_entry e = {
		.seq = 12345,
		.news = 1 + rnd_below(choices, POD_NEWS_NR - 1),
		.reserve = rnd_below(choices, 256),
		.time_ns = 1000 + nr_events,
		.index = 7 * nr_events,
	};

	if (nr_events + 1 == NR_EVENTS)
		return;
	pod_journal_add(&journal, &e);
	e.seq = ++nr_events;
	events[e.seq] = e;
}

static void happen_often(struct rnd *choices)
{
	struct rnd same;
	unsigned int i;

	for (i = 0; i < POD_JOURNAL_NR / 2 + 1; i++) {
		same = *choices;
		happen(&same);
	}
}

static bool is_event(const struct pod_journal_entry *e, u64 seq)
{
	const struct pod_journal_entry *was = &events[seq];

	return e->seq == seq && e->time_ns == was->time_ns &&
	       e->news == was->news && e->reserve == was->reserve &&
	       e->index == was->index;
}

/* Readers are slow: what is not among the last is lost to them. */
static void read_on(struct rnd *choices)
{
	u64 *seq = &read_up_to[rnd_below(choices, NR_READERS)];
	u64 next = *seq + 1, lost = 0;
	struct pod_journal_entry e;

	while (next <= nr_events && nr_events - next >= POD_JOURNAL_NR)
		next++;
	CHECK(pod_journal_read(&journal, *seq, &e, &lost) ==
	      (next <= nr_events));
	if (next > nr_events)
		return;
	CHECK(is_event(&e, next));
	CHECK(lost == next - *seq - 1);
	*seq = next;
}

static void count(struct rnd *choices)
{
	enum pod_news news = 1 + rnd_below(choices, POD_NEWS_NR - 1);
	u64 i, nr = 0;

	for (i = 1; i <= nr_events; i++)
		nr += events[i].news == news;
	CHECK(pod_journal_count(&journal, news) == nr);
	CHECK(pod_journal_last(&journal) == nr_events);
}

void fuzz_run(struct rnd *choices)
{
	static void (*const ops[])(struct rnd *choices) = {
		remember, remember, remember, recall, recall, happen,
		happen_often, read_on, read_on, count,
	};

	memset(&ring, 0, sizeof(ring));
	memset(&journal, 0, sizeof(journal));
	pod_journal_init(&journal);
	memset(naive.region, -1, sizeof(naive.region));
	memset(read_up_to, 0, sizeof(read_up_to));
	naive.next = 0;
	nr_events = 0;
	while (!rnd_is_dry(choices))
		ops[rnd_below(choices, 10)](choices);
}
