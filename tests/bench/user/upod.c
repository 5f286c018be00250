// SPDX-License-Identifier: GPL-2.0-only
#include "upod.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/minmax.h>

const char *const meta_names[META_NR] = {
	[META_WORDS] = "words",
	[META_LEAVES] = "leaves",
	[META_MARKS] = "marks",
	[META_LOCKS] = "locks",
	[META_LEDGER] = "ledger",
	[META_STOCK] = "stock",
	[META_RECENT] = "recent",
	[META_POD] = "pod",
};

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "upod: %s\n", what);
	abort();
}

/* What is smaller than a page comes from caches aligned to 64 bytes. */
static size_t meta_size(size_t size)
{
	return (size + 63) & ~63UL;
}

static void *meta_alloc(struct upod *pod, enum meta what, size_t size)
{
	void *p;

	size = meta_size(size);
	p = aligned_alloc(64, size);
	must(p, "no memory");
	memset(p, 0, size);
	__atomic_fetch_add(&pod->bytes[what], size, __ATOMIC_RELAXED);
	return p;
}

static void meta_free(struct upod *pod, enum meta what, void *p, size_t size)
{
	if (!p)
		return;
	__atomic_fetch_sub(&pod->bytes[what], meta_size(size),
			   __ATOMIC_RELAXED);
	free(p);
}

static unsigned long pow2_at_least(unsigned long nr)
{
	unsigned long pow2 = 1;

	while (pow2 < nr)
		pow2 *= 2;
	return pow2;
}

/* alloc_tables() of kvm-pod/pod.c; the limits come from there, too. */
void upod_make(struct upod *pod, u64 nr_pages, unsigned int nr_cpus)
{
	unsigned long regions = nr_pages >> POD_REGION_ORDER;
	unsigned long locks = min_t(unsigned long, POD_LOCKS_MAX,
				    pow2_at_least(regions));
	unsigned long shards = min_t(unsigned long, POD_SHARDS_MAX,
				     pow2_at_least(nr_cpus));
	struct pod_ledger_shard *ledger;
	struct pod_region_lock *lock;
	struct pod_stock_shard *stock;
	u64 *word;

	memset(pod, 0, sizeof(*pod));
	pod->bytes[META_POD] = sizeof(*pod) - sizeof(pod->units) -
			       sizeof(pod->bytes) + sizeof(struct pod_journal);
	ledger = meta_alloc(pod, META_LEDGER, shards * sizeof(*ledger));
	stock = meta_alloc(pod, META_STOCK, shards * sizeof(*stock));
	lock = meta_alloc(pod, META_LOCKS, locks * sizeof(*lock));
	word = meta_alloc(pod, META_WORDS, regions * sizeof(*word));
	pod->recent = meta_alloc(pod, META_RECENT,
				 shards * sizeof(*pod->recent));
	pod->nr_recent = shards;
	pod_ledger_init(&pod->ledger, nr_pages, ledger, shards);
	pod_stock_init(&pod->stock, stock, shards);
	pod_pmt_init(&pod->pmt, &pod->ledger, word, regions, lock, locks);
}

void upod_supply(struct upod *pod, unsigned int cpu, enum pod_stock_kind kind,
		 unsigned long first, unsigned long nr)
{
	u64 pages = kind == POD_STOCK_HUGE ? POD_REGION_PAGES : 1;
	unsigned long i;

	pod_ledger_raise(&pod->ledger, nr * pages);
	for (i = first; i < first + nr; i++)
		pod_stock_give(&pod->stock, cpu, kind, &pod->units[i].node);
}

static void leaf_free(struct upod *pod, struct pod_leaf *leaf)
{
	meta_free(pod, META_LEAVES, leaf, sizeof(*leaf));
}

static void marks_free(struct upod *pod, struct pod_marks *marks)
{
	meta_free(pod, META_MARKS, marks, sizeof(*marks));
}

void upod_end(struct upod *pod)
{
	struct pod_marks *marks;
	struct pod_leaf *leaf;
	unsigned long region;
	u64 huge;

	for (region = 0; region < pod->pmt.nr_regions; region++) {
		pod_pmt_drain(&pod->pmt, region, &huge, &leaf, &marks);
		leaf_free(pod, leaf);
		marks_free(pod, marks);
	}
	free(pod->ledger.shards);
	free(pod->stock.shards);
	free(pod->recent);
	free(pod->pmt.locks);
	free(pod->pmt.word);
}

static struct pod_slot look(struct upod *pod, unsigned long index)
{
	unsigned long region = pod_region(index);
	struct pod_slot slot;

	spin_lock(pod_pmt_lockptr(&pod->pmt, region));
	slot = pod_pmt_lookup(&pod->pmt, index);
	spin_unlock(pod_pmt_lockptr(&pod->pmt, region));
	return slot;
}

static u64 take(struct upod *pod, unsigned int cpu, enum pod_stock_kind kind)
{
	struct list_head *node = pod_stock_take(&pod->stock, cpu, kind);

	must(node, "the reserve is empty");
	return list_entry(node, struct unit, node) - pod->units + 1;
}

static void put(struct upod *pod, unsigned int cpu, enum pod_stock_kind kind,
		u64 handle)
{
	pod_stock_give(&pod->stock, cpu, kind, &pod->units[handle - 1].node);
}

/* account() and check_pressure() of kvm-pod/populate.c */
static void account(struct upod *pod, unsigned int cpu, unsigned long region,
		    enum pod_event event)
{
	u64 pages;

	pod_ledger_count(&pod->ledger, cpu, event, 1);
	pod_recent_add(&pod->recent[cpu & (pod->nr_recent - 1)], region);
	pages = pod_stock_estimate(&pod->stock, cpu, POD_STOCK_SMALL) +
		pod_stock_estimate(&pod->stock, cpu, POD_STOCK_HUGE) *
		POD_REGION_PAGES;
	must(pages >= READ_ONCE(pod->low_mark), "below the low mark");
}

void upod_touch_block(struct upod *pod, unsigned int cpu, unsigned long region)
{
	spinlock_t *lock = pod_pmt_lockptr(&pod->pmt, region);
	struct pod_slot slot = look(pod, pod_region_first(region));
	u64 handle;

	must(slot.region == POD_HOLE, "no HOLE to be touched");
	handle = take(pod, cpu, POD_STOCK_HUGE);
	spin_lock(lock);
	must(pod_pmt_is_hole(&pod->pmt, region), "no HOLE any more");
	pod_pmt_populate_huge(&pod->pmt, cpu, region, handle);
	spin_unlock(lock);
	account(pod, cpu, region, POD_EVENT_POPULATE_2M);
}

void upod_drop_block(struct upod *pod, unsigned int cpu, unsigned long region)
{
	spinlock_t *lock = pod_pmt_lockptr(&pod->pmt, region);
	struct pod_slot slot = look(pod, pod_region_first(region));
	struct pod_marks *marks;

	must(slot.region == POD_HUGE, "no block to be given up");
	spin_lock(lock);
	marks = pod_pmt_clear_region(&pod->pmt, cpu, region, false);
	spin_unlock(lock);
	marks_free(pod, marks);
	must(!pod_ledger_try_release(&pod->ledger, POD_REGION_PAGES),
	     "a block may leave");
	put(pod, cpu, POD_STOCK_HUGE, slot.handle);
}

static void make_small(struct upod *pod, unsigned int cpu, unsigned long region)
{
	spinlock_t *lock = pod_pmt_lockptr(&pod->pmt, region);
	struct pod_leaf *leaf = meta_alloc(pod, META_LEAVES, sizeof(*leaf));

	spin_lock(lock);
	if (pod_pmt_lookup(&pod->pmt, pod_region_first(region)).region ==
	    POD_HOLE) {
		pod_pmt_split_hole(&pod->pmt, cpu, region, leaf);
		leaf = NULL;
	}
	spin_unlock(lock);
	leaf_free(pod, leaf);
}

static bool install_page(struct upod *pod, unsigned int cpu,
			 unsigned long index, u64 handle)
{
	spinlock_t *lock = pod_pmt_lockptr(&pod->pmt, pod_region(index));
	struct pod_slot slot;
	bool ok;

	spin_lock(lock);
	slot = pod_pmt_lookup(&pod->pmt, index);
	must(slot.page != POD_PAGE_RAM, "no page to be touched");
	ok = slot.region == POD_SMALL;
	if (ok)
		pod_pmt_populate_page(&pod->pmt, cpu, index, handle);
	spin_unlock(lock);
	return ok;
}

/* Another CPU may make the region a HOLE again meanwhile. */
void upod_touch_page(struct upod *pod, unsigned int cpu, unsigned long index)
{
	u64 handle = take(pod, cpu, POD_STOCK_SMALL);

	do {
		if (look(pod, index).region == POD_HOLE)
			make_small(pod, cpu, pod_region(index));
	} while (!install_page(pod, cpu, index, handle));
	account(pod, cpu, pod_region(index), POD_EVENT_POPULATE_4K);
}

void upod_drop_page(struct upod *pod, unsigned int cpu, unsigned long index)
{
	spinlock_t *lock = pod_pmt_lockptr(&pod->pmt, pod_region(index));
	struct pod_slot slot = look(pod, index);
	struct pod_leaf *leaf;

	must(slot.page == POD_PAGE_RAM, "no page to be given up");
	spin_lock(lock);
	pod_pmt_clear_page(&pod->pmt, cpu, index, false);
	spin_unlock(lock);
	must(!pod_ledger_try_release(&pod->ledger, 1), "a page may leave");
	put(pod, cpu, POD_STOCK_SMALL, slot.handle);
	spin_lock(lock);
	leaf = pod_pmt_collapse(&pod->pmt, cpu, pod_region(index));
	spin_unlock(lock);
	leaf_free(pod, leaf);
}

void upod_mark_page(struct upod *pod, unsigned long index)
{
	spinlock_t *lock = pod_pmt_lockptr(&pod->pmt, pod_region(index));
	struct pod_marks *marks = meta_alloc(pod, META_MARKS, sizeof(*marks));

	spin_lock(lock);
	if (pod_pmt_mark(&pod->pmt, 0, index, 1, true, marks))
		marks = NULL;
	spin_unlock(lock);
	marks_free(pod, marks);
}

u64 upod_bytes(const struct upod *pod)
{
	u64 sum = 0;
	int i;

	for (i = 0; i < META_NR; i++)
		sum += pod->bytes[i];
	return sum;
}
