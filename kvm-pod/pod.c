// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pod as an object: made, looked up in, audited, taken down.
 */
#include "pod.h"

#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/idr.h>
#include <linux/log2.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "alloc.h"
#include "float.h"
#include "note.h"
#include "reserve.h"
#include "sweep.h"
#include "wait.h"
#include "work.h"
#include "zerofolio.h"

#define POD_SHARDS_MAX	256
#define POD_LOCKS_MAX	1024

/* How often, and how long apart, an audit waits for a moment of rest. */
#define POD_AUDIT_TRIES	100
#define POD_AUDIT_MS	10

static DEFINE_IDA(pod_ids);

bool pod_is_behind(struct pod *pod, unsigned long index, struct folio *folio)
{
	struct pod_slot slot;

	pod_lock_region(pod, pod_region(index));
	slot = pod_pmt_lookup(&pod->pmt, index);
	pod_unlock_region(pod, pod_region(index));
	return slot.page == POD_PAGE_RAM && !slot.frozen &&
	       slot.handle == pod_handle(folio);
}

struct folio *pod_look(struct pod *pod, unsigned long index,
		       struct pod_slot *slot)
{
	struct folio *folio = NULL;

	pod_lock_region(pod, pod_region(index));
	*slot = pod_pmt_lookup(&pod->pmt, index);
	if (slot->page == POD_PAGE_RAM && !slot->frozen) {
		folio = pod_folio(slot->handle);
		folio_get(folio);
	}
	pod_unlock_region(pod, pod_region(index));
	return folio;
}

static bool is_frozen(struct pod *pod, unsigned long region)
{
	struct pod_slot slot;

	pod_lock_region(pod, region);
	slot = pod_pmt_lookup(&pod->pmt, pod_region_first(region));
	pod_unlock_region(pod, region);
	return slot.frozen;
}

void pod_wait_thawed(struct pod *pod, unsigned long region)
{
	wait_event(pod->thawed, !is_frozen(pod, region));
}

void pod_unmap(struct pod *pod, unsigned long first, unsigned long nr)
{
	pod_note_set(POD_NOTE_UNMAP, (unsigned long)pod);
	unmap_mapping_pages(pod->mapping, first, nr, false);
	pod_note_clear(POD_NOTE_UNMAP);
}

bool pod_is_unmapping(const struct pod *pod)
{
	return pod_note_is_set(POD_NOTE_UNMAP, (unsigned long)pod);
}

void pod_read(struct pod *pod, struct pod_ledger_view *view)
{
	pod_ledger_read(&pod->ledger, view);
	WRITE_ONCE(pod->scarce, pod_policy_scarce(view));
}

static unsigned int nr_shards(void)
{
	return min_t(unsigned int, roundup_pow_of_two(num_possible_cpus()),
		     POD_SHARDS_MAX);
}

static int alloc_tables(struct pod *pod, u64 nr_pages)
{
	const gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL |
			  __GFP_NOWARN;
	unsigned long regions = nr_pages >> POD_REGION_ORDER;
	unsigned long locks = min_t(unsigned long, POD_LOCKS_MAX,
				    roundup_pow_of_two(regions));
	unsigned int shards = nr_shards();
	struct pod_ledger_shard *ledger;
	struct pod_region_lock *lock;
	struct pod_stock_shard *stock;
	struct pod_recent *recent;
	u64 *word;

	ledger = kvcalloc(shards, sizeof(*ledger), gfp);
	stock = kvcalloc(shards, sizeof(*stock), gfp);
	recent = kvcalloc(shards, sizeof(*recent), gfp);
	lock = kvcalloc(locks, sizeof(*lock), gfp);
	word = kvcalloc(regions, sizeof(*word), gfp);
	pod_ledger_init(&pod->ledger, nr_pages, ledger, shards);
	pod->stock.shards = stock;
	pod->recent = recent;
	pod->nr_recent = shards;
	pod->pmt.locks = lock;
	pod->pmt.word = word;
	if (!ledger || !stock || !recent || !lock || !word)
		return -ENOMEM;
	pod_stock_init(&pod->stock, stock, shards);
	pod_pmt_init(&pod->pmt, &pod->ledger, word, regions, lock, locks);
	return 0;
}

void pod_free(struct pod *pod)
{
	pod_zero_free(pod);
	ida_free(&pod_ids, pod->id);
	kvfree(pod->ledger.shards);
	kvfree(pod->stock.shards);
	kvfree(pod->recent);
	kvfree(pod->pmt.locks);
	kvfree(pod->pmt.word);
	free_uid(pod->user);
	mem_cgroup_put(pod->memcg);
	kfree(pod);
}

struct pod *pod_alloc(u64 nr_pages)
{
	struct pod *pod = kzalloc(sizeof(*pod), GFP_KERNEL_ACCOUNT);
	int id;

	if (!pod)
		return NULL;
	id = ida_alloc(&pod_ids, GFP_KERNEL);
	if (id < 0) {
		kfree(pod);
		return NULL;
	}
	pod->id = id;
	pod->user = get_uid(current_user());
	pod->memcg = get_mem_cgroup_from_mm(current->mm);
	init_waitqueue_head(&pod->thawed);
	init_waitqueue_head(&pod->changed);
	mutex_init(&pod->target_lock);
	spin_lock_init(&pod->charge_lock);
	pod_journal_init(&pod->journal);
	pod_wait_init(pod);
	pod_sweep_init(pod);
	pod_float_init(pod);
	pod_work_init(pod);
	if (alloc_tables(pod, nr_pages) || pod_zero_alloc(pod)) {
		pod_free(pod);
		return NULL;
	}
	return pod;
}

static void drain_leaf(struct pod *pod, struct pod_leaf *leaf)
{
	struct folio *folio;
	unsigned int i;
	u64 handle;

	for (i = 0; i < POD_REGION_PAGES; i++) {
		handle = pod_leaf_handle(leaf, i);
		if (!handle)
			continue;
		folio = pod_folio(handle);
		/* Who marks it dirty holds the lock, or else the inode. */
		folio_lock(folio);
		folio->mapping = NULL;
		folio_unlock(folio);
		pod_free_folio(folio);
	}
	pod_leaf_free(pod, leaf);
}

void pod_drain(struct pod *pod)
{
	struct pod_marks *marks;
	struct pod_leaf *leaf;
	unsigned long region;
	u64 huge;

	for (region = 0; region < pod->pmt.nr_regions; region++) {
		pod_pmt_drain(&pod->pmt, region, &huge, &leaf, &marks);
		if (huge)
			pod_free_folio(pod_folio(huge));
		if (leaf)
			drain_leaf(pod, leaf);
		pod_marks_free(marks);
		cond_resched();
	}
	pod_reserve_drain(pod);
	pod_float_drain(pod);
	pod_uncharge_all(pod);
}

void pod_discard_new(struct pod *pod)
{
	pod_work_stop(pod);
	pod_drain(pod);
	pod_free(pod);
}

/* The pod contradicts itself: no more touches, the host goes on. */
static void pod_kill(struct pod *pod, const char *why)
{
	WRITE_ONCE(pod->dead, true);
	pr_err_ratelimited("kvm-pod: pod%u is inconsistent and out of service: %s\n",
			   pod->id, why);
}

bool pod_is_alone(struct pod *pod, const struct folio *folio)
{
	int refs = folio_ref_count(folio);

	if (unlikely(refs < POD_OWN_REFS + 1))
		pod_kill(pod, "a page lost its reference");
	/* No call gets here; but were one to, a device might be at work. */
	return refs == POD_OWN_REFS + 1 && !pod->pinnable;
}

static const char *recount(struct pod *pod, struct pod_delta *total,
			   unsigned long *region)
{
	const char *why = NULL;
	unsigned long r;

	*total = (struct pod_delta){};
	for (r = 0; r < pod->pmt.nr_regions && !why; r++) {
		pod_lock_region(pod, r);
		why = pod_pmt_recount(&pod->pmt, r, total);
		pod_unlock_region(pod, r);
		cond_resched();
	}
	*region = r;
	return why;
}

static u64 stock_pages(struct pod *pod)
{
	struct pod_stock *s = &pod->stock;

	return pod_stock_nr(s, POD_STOCK_SMALL) + pod_reserve_huge_pages(pod);
}

/* Does what was counted agree with the books? */
static const char *compare(struct pod *pod, const struct pod_delta *total)
{
	struct pod_ledger_view v;
	u64 floating;

	pod_ledger_read(&pod->ledger, &v);
	if (total->gauge[POD_GAUGE_POPULATED] != v.populated)
		return "populated is not what the table holds";
	if (total->gauge[POD_GAUGE_GIVEN] != v.given)
		return "given is not what the table holds";
	if (total->gauge[POD_GAUGE_GIVEN_HUGE] != v.given_huge)
		return "given_huge is not what the table holds";
	if (total->gauge[POD_GAUGE_PARKED] != v.parked)
		return "parked is not what the table holds";
	if (stock_pages(pod) != v.reserve)
		return "reserve is not what the stock holds";
	mutex_lock(&pod->flt.lock);
	floating = pod->flt.nr_small +
		   (pod->flt.huge ? POD_REGION_PAGES : 0);
	mutex_unlock(&pod->flt.lock);
	if (floating != v.floating)
		return "float is not what the float holds";
	return pod_ledger_check(&v);
}

int pod_audit(struct pod *pod, const char **why, unsigned long *region)
{
	struct pod_delta total;
	unsigned int i;
	u64 seq;

	for (i = 0; i < POD_AUDIT_TRIES; i++) {
		/* Whoever ends the pod waits for those who look at it. */
		if ((i && msleep_interruptible(POD_AUDIT_MS)) ||
		    READ_ONCE(pod->dying))
			return -EINTR;
		seq = pod_ledger_seq(&pod->ledger);
		*why = recount(pod, &total, region);
		if (!*why)
			*why = compare(pod, &total);
		if (!*why)
			return 0;
	}
	/* Wrong again and again: is it, or does it only not come to rest? */
	if (pod_ledger_seq(&pod->ledger) != seq || work_busy(&pod->work))
		return -EAGAIN;
	return -EUCLEAN;
}
