// SPDX-License-Identifier: GPL-2.0-only
/*
 * One work of the pod, run ten times a second at most, tells all events: what
 * a guest can cause is rate limited by that.
 */
#include "event.h"

#include <linux/timekeeping.h>

#include "work.h"

/* While touches go on coming short, EXHAUSTED is repeated this often. */
#define POD_EXHAUSTED_AGAIN	HZ

static const char *const news_env[POD_NEWS_NR] = {
	[POD_NEWS_LOW]		= "POD_EVENT=LOW",
	[POD_NEWS_EXHAUSTED]	= "POD_EVENT=EXHAUSTED",
	[POD_NEWS_RESUMED]	= "POD_EVENT=RESUMED",
	[POD_NEWS_PARKED]	= "POD_EVENT=PARKED",
	[POD_NEWS_NORMAL]	= "POD_EVENT=NORMAL",
};

static void tell(struct pod *pod, enum pod_news news,
		 const struct pod_ledger_view *view)
{
	struct pod_journal_entry entry = {
		.time_ns = ktime_get_ns(),
		.news = news,
		.reserve = view->reserve,
	};
	char *envp[] = { (char *)news_env[news], NULL };

	if (news == POD_NEWS_EXHAUSTED)
		entry.index = READ_ONCE(pod->shortage.index);
	pod_journal_add(&pod->journal, &entry);
	wake_up_all(&pod->changed);
	kobject_uevent_env(&pod->dev.kobj, KOBJ_CHANGE, envp);
}

static void tell_exhausted(struct pod *pod, const struct pod_ledger_view *view)
{
	pod->told = atomic_read(&pod->shortage.touches);
	pod->told_at = jiffies;
	tell(pod, POD_NEWS_EXHAUSTED, view);
}

/* It takes twice the mark to end what the mark began: no flutter. */
static enum pod_pressure judge(struct pod *pod,
			       const struct pod_ledger_view *view)
{
	bool short_of = READ_ONCE(pod->shortage.unserved);
	u64 mark = READ_ONCE(pod->low_mark);

	if (atomic_read(&pod->pressure) != POD_PRESSURE_NONE)
		mark *= 2;
	/* A page for one of many who wait is no end of it. */
	if (atomic_read(&pod->pressure) == POD_PRESSURE_EXHAUSTED &&
	    atomic_read(&pod->shortage.waiting) && !view->reserve)
		short_of = true;
	return pod_policy_pressure(view, mark, short_of);
}

static void tell_pressure(struct pod *pod, enum pod_pressure old,
			  enum pod_pressure new,
			  const struct pod_ledger_view *view)
{
	if (old == POD_PRESSURE_EXHAUSTED)
		tell(pod, POD_NEWS_RESUMED, view);
	switch (new) {
	case POD_PRESSURE_EXHAUSTED:
		tell_exhausted(pod, view);
		break;
	case POD_PRESSURE_LOW:
		if (old == POD_PRESSURE_NONE)
			tell(pod, POD_NEWS_LOW, view);
		break;
	case POD_PRESSURE_NONE:
		tell(pod, POD_NEWS_NORMAL, view);
		break;
	}
}

/*
 * Who was told once and let it go on is told again, by touches that come after
 * a while: those that are still on their way out do not count.
 */
static void tell_again(struct pod *pod, const struct pod_ledger_view *view)
{
	if (pod->told == atomic_read(&pod->shortage.touches))
		return;
	if (time_after(jiffies, pod->told_at + POD_EXHAUSTED_AGAIN))
		tell_exhausted(pod, view);
	else
		pod->told = atomic_read(&pod->shortage.touches);
}

void pod_event_fn(struct work_struct *work)
{
	struct pod *pod = container_of(to_delayed_work(work), struct pod,
				       event);
	struct pod_ledger_view view;
	enum pod_pressure old, new;

	if (READ_ONCE(pod->dying))
		return;
	WRITE_ONCE(pod->event_ran, jiffies);
	pod_read(pod, &view);
	new = judge(pod, &view);
	old = atomic_xchg(&pod->pressure, new);
	if (old != new)
		tell_pressure(pod, old, new, &view);
	else if (new == POD_PRESSURE_EXHAUSTED)
		tell_again(pod, &view);
	/* They may stop waiting without a word. */
	if (new == POD_PRESSURE_EXHAUSTED &&
	    !READ_ONCE(pod->shortage.unserved))
		pod_event_kick(pod);
	if (xchg(&pod->parked, false))
		tell(pod, POD_NEWS_PARKED, &view);
}
