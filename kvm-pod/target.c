// SPDX-License-Identifier: GPL-2.0-only
/*
 * Moving the target. Pages come in chunks of one region, taken and cleared by
 * several threads; each chunk raises O and T together, so that the pod never
 * owns less than it promises.
 */
#include "target.h"

#include <linux/sched/signal.h>

#include "alloc.h"
#include "float.h"
#include "reserve.h"
#include "wait.h"
#include "work.h"

#define POD_FILL_THREADS_MAX	16

/**
 * struct pod_fill - one raise under way
 * @pod: whose
 * @left: pages that no thread has claimed yet
 * @error: why all threads stop, or 0
 * @no_huge: the host has no 2 MiB blocks left
 * @fatal_only: only a fatal signal stops it
 */
struct pod_fill {
	struct pod *pod;
	atomic64_t left;
	int error;
	bool no_huge;
	bool fatal_only;
};

struct pod_fill_thread {
	struct work_struct work;
	struct pod_fill *fill;
	unsigned int shard;
};

static u64 fill_claim(struct pod_fill *fill)
{
	u64 left = atomic64_fetch_sub(POD_REGION_PAGES, &fill->left);

	return (s64)left > 0 ? min_t(u64, left, POD_REGION_PAGES) : 0;
}

static void fill_add(struct pod_fill *fill, unsigned int shard,
		     struct folio *folio)
{
	pod_ledger_raise(&fill->pod->ledger, folio_nr_pages(folio));
	pod_reserve_add(fill->pod, shard, folio);
}

static int fill_chunk(struct pod_fill *fill, unsigned int shard, u64 nr)
{
	struct folio *folio;

	if (!pod_host_has(nr))
		return -ENOMEM;
	if (nr == POD_REGION_PAGES && !READ_ONCE(fill->no_huge)) {
		folio = pod_alloc_huge(fill->pod);
		if (folio) {
			fill_add(fill, shard, folio);
			return 0;
		}
		WRITE_ONCE(fill->no_huge, true);
	}
	for (; nr; nr--) {
		folio = pod_alloc_small(fill->pod);
		if (!folio)
			return -ENOMEM;
		fill_add(fill, shard, folio);
		cond_resched();
	}
	return 0;
}

static bool fill_interrupted(const struct pod_fill *fill)
{
	/* A raise through sysfs: the pod's teardown waits for it. */
	if (READ_ONCE(fill->pod->dying))
		return true;
	if (current->flags & PF_KTHREAD)
		return false;
	/* Not for task work: io_uring's has no signal to tell the user of. */
	return fill->fatal_only ? fatal_signal_pending(current) :
				  task_sigpending(current);
}

/* Chunks go to the shards in turn, so that each has a fair share. */
static void fill_run(struct pod_fill *fill, unsigned int shard)
{
	int error;
	u64 nr;

	while (!READ_ONCE(fill->error)) {
		if (fill_interrupted(fill)) {
			WRITE_ONCE(fill->error, -EINTR);
			break;
		}
		nr = fill_claim(fill);
		if (!nr)
			break;
		error = fill_chunk(fill, shard, nr);
		if (error)
			WRITE_ONCE(fill->error, error);
		shard += POD_FILL_THREADS_MAX + 1;
		/* With init_on_alloc=1 nothing else does it for blocks. */
		cond_resched();
	}
}

static void fill_fn(struct work_struct *work)
{
	struct pod_fill_thread *t = container_of(work, struct pod_fill_thread,
						 work);

	fill_run(t->fill, t->shard);
}

/* Helpers beside the caller: one per other CPU and 64 MiB, within reason. */
static unsigned int fill_helpers(u64 pages)
{
	unsigned int max = READ_ONCE(pod_zero_threads) ?: num_online_cpus();

	max = min_t(u64, max, 1 + (pages >> (26 - PAGE_SHIFT)));
	return min_t(unsigned int, max, POD_FILL_THREADS_MAX) - 1;
}

static int fill_parallel(struct pod *pod, u64 pages, bool fatal_only)
{
	struct pod_fill fill = {
		.pod = pod,
		.left = ATOMIC64_INIT(pages),
		.fatal_only = fatal_only,
	};
	unsigned int i, nr = fill_helpers(pages);
	struct pod_fill_thread *threads;

	/* Without them the caller does it all. */
	threads = kcalloc(nr, sizeof(*threads), GFP_KERNEL | __GFP_NOWARN);
	for (i = 0; threads && i < nr; i++) {
		threads[i].fill = &fill;
		threads[i].shard = i + 1;
		INIT_WORK(&threads[i].work, fill_fn);
		queue_work(system_unbound_wq, &threads[i].work);
	}
	fill_run(&fill, 0);
	for (i = 0; threads && i < nr; i++)
		flush_work(&threads[i].work);
	kfree(threads);
	return fill.error;
}

int pod_target_create(struct pod *pod, u64 pages)
{
	u64 floating = pod_float_pages(pod);
	int ret;

	if (!pod_host_has(pages + floating))
		return -ENOMEM;
	pod->memlock = pod_memlock();
	ret = pod_charge_up_to(pod, pages + floating);
	if (ret)
		return ret;
	ret = fill_parallel(pod, pages, true);
	return ret ?: pod_float_fill(pod);
}

/* What is charged follows what is owned or promised, whichever is more. */
static void settle_locked(struct pod *pod)
{
	u64 want;

	lockdep_assert_held(&pod->target_lock);
	spin_lock(&pod->charge_lock);
	want = max(pod_ledger_glance(&pod->ledger.owned),
		   pod_ledger_glance(&pod->ledger.target));
	want += pod_float_pages(pod);
	if (pod->charged > want)
		pod_uncharge_locked(pod, pod->charged - want);
	spin_unlock(&pod->charge_lock);
}

static int raise_locked(struct pod *pod, u64 pages)
{
	u64 target = pod_ledger_set_target(&pod->ledger, pages);
	int ret;

	if (target == pages)
		return 0;
	ret = pod_charge_up_to(pod, pages + pod_float_pages(pod));
	return ret ?: fill_parallel(pod, pages - target, false);
}

int pod_target_set(struct pod *pod, u64 pages)
{
	struct pod_ledger_view view;
	int ret = 0;

	if (pages < POD_REGION_PAGES || pages > pod->ledger.size)
		return -EINVAL;
	if (pod->pinnable)
		return -EBUSY;
	if (mutex_lock_interruptible(&pod->target_lock))
		return -EINTR;
	if (pages < pod_ledger_glance(&pod->ledger.target))
		pod_ledger_set_target(&pod->ledger, pages);
	else
		ret = raise_locked(pod, pages);
	pod_reserve_trim(pod, false);
	settle_locked(pod);
	mutex_unlock(&pod->target_lock);
	pod_read(pod, &view);
	pod_supply_changed(pod);
	pod_shrink_kick(pod);
	pod_event_kick(pod);
	return ret;
}

/* One page; false if none is missing, or the host has none. */
static bool top_up_one(struct pod *pod)
{
	struct folio *folio;

	if (!pod_ledger_missing(&pod->ledger) || !pod_host_has(1))
		return false;
	folio = pod_alloc_small(pod);
	if (!folio)
		return false;
	/* Charged already: what is missing is a part of the target. */
	if (!pod_ledger_top_up(&pod->ledger, 1)) {
		pod_free_folio(folio);
		return false;
	}
	pod_reserve_add(pod, pod_shard(), folio);
	return true;
}

bool pod_target_top_up(struct pod *pod, u64 most)
{
	u64 done;

	for (done = 0; done < most && !READ_ONCE(pod->dying); done++) {
		if (!top_up_one(pod))
			break;
		cond_resched();
	}
	return done;
}

/* Who raises the target holds the lock for long, and settles in the end. */
void pod_target_settle(struct pod *pod)
{
	if (!mutex_trylock(&pod->target_lock))
		return;
	settle_locked(pod);
	mutex_unlock(&pod->target_lock);
}
