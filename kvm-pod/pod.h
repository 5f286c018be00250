/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pod: the memory of one virtual machine.
 *
 * Lock order, outermost first:
 *
 *	mmap_lock, a VMA's lock, pod->target_lock
 *	  folio lock of a pod page	(a second one only by trylock)
 *	    pod->flt.lock
 *	    folio lock of a zero folio	(innermost folio lock)
 *	    i_mmap_rwsem, page table locks	(inside unmap_mapping_pages())
 *	      region lock
 *		pmt.marked_lock, ledger.lock, stock locks	(leaves)
 *	pod->charge_lock	(takes ledger.lock)
 *
 * Nothing is allocated, nobody sleeps and nothing is unmapped under a region
 * lock. The holder of a zero folio's lock takes a region lock, never the lock
 * of a pod page, and never unmaps.
 *
 * A page leaves the guest in one way only: folio lock, unmap_mapping_pages(),
 * region lock, reference count == own, detach in the same locked section.
 */
#ifndef POD_POD_H
#define POD_POD_H

#include <linux/device.h>
#include <linux/kvm_pod.h>
#include <linux/list.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include <linux/sched/user.h>
#include <linux/smp.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "core/journal.h"
#include "core/ledger.h"
#include "core/pmt.h"
#include "core/policy.h"
#include "core/recent.h"
#include "core/stock.h"

/* Pages of the float: one region, so that one block can be taken apart. */
#define POD_FLOAT_PAGES		POD_REGION_PAGES

/* Single zero pages of a pod: readers of neighbouring regions share none. */
#define POD_ZERO_SMALL_NR	4

/* Steps of the latency histogram: powers of two, in nanoseconds. */
#define POD_EPT_STEPS		32

/* The reference that the pod itself holds on each of its pages. */
#define POD_OWN_REFS		1

/**
 * struct pod_float - single pages lent where a 2 MiB block is at hand
 * @lock: protects the rest; sleeps
 * @small: zeroed single pages
 * @nr_small: length of @small
 * @huge: a block that came in exchange and still has to be turned into single
 *	pages, or NULL
 */
struct pod_float {
	struct mutex lock;
	struct list_head small;
	u64 nr_small;
	struct folio *huge;
};

/**
 * enum pod_demand - what touches that came short ask of the sweep
 * @POD_DEMAND_NONE: nothing, or it was supplied meanwhile
 * @POD_DEMAND_MADE: a turn of the worker
 * @POD_DEMAND_TURN: it is under way
 * @POD_DEMAND_DRY: it found nothing, and nothing else came into the reserve
 *	since it was demanded
 */
enum pod_demand {
	POD_DEMAND_NONE,
	POD_DEMAND_MADE,
	POD_DEMAND_TURN,
	POD_DEMAND_DRY,
};

/**
 * struct pod_sweep - where the sweep is, see sweep.c; hints, unlocked
 * @work: turns
 * @next: the worker's last region
 * @cursor: next region for emergencies, modulo their number
 * @not_before: no turn before this, in jiffies, unless in an emergency
 * @pause: between turns that find nothing, in jiffies
 * @demand: of touches that came short
 * @dry_until: until when POD_DEMAND_DRY is believed, in jiffies
 */
struct pod_sweep {
	struct work_struct work;
	unsigned long next;
	atomic_long_t cursor;
	unsigned long not_before;
	unsigned long pause;
	enum pod_demand demand;
	unsigned long dry_until;
};

/**
 * struct pod_short - touches for which there is no memory; unlocked
 * @supply: where they wait
 * @supply_seq: changes with whatever may end a wait, beside pages
 * @waiting: how many wait now
 * @touches: how many came so far
 * @unserved: the last one has got nothing since
 * @index: the page that one wanted
 */
struct pod_short {
	wait_queue_head_t supply;
	atomic_t supply_seq;
	atomic_t waiting;
	atomic_t touches;
	bool unserved;
	unsigned long index;
};

/**
 * struct pod - one virtual machine's memory
 * @ledger: all counts
 * @pmt: what is behind each page
 * @nr_leaves: leaves of @pmt, and those on their way there
 * @stock: the reserve's pages
 * @flt: the float
 * @zero_small: what readers of a page without memory see, see zerofolio.h
 * @mapping: the inode's, for unmapping; stays NULL until the file exists
 * @thawed: woken when a frozen region may be looked at again
 * @changed: woken when poll() may have something new to say
 * @recent: regions populated lately, a ring per shard
 * @nr_recent: length of @recent, a power of two
 * @hints: regions that the VMM dropped from its page tables lately
 * @sweep: the sweep's state
 * @scarce: R < E when last looked at: eager sweeps are worth it
 * @target_lock: serialises changes of the target
 * @charge_lock: protects @charged; O never grows above it without this lock
 * @charged: pages charged to @user and to the module's limit
 * @shortage: touches that find the reserve empty
 * @overdraft_max: see KVM_POD_SET_POLICY; in pages
 * @grow_max: likewise
 * @journal: events
 * @dirty: blocks to be cleared came into the reserve since the worker looked
 * @parked: pages were left attached since the last event
 * @event_ran: when the event work ran last, in jiffies
 * @told: for the event work alone: touches of @shortage announced ...
 * @told_at: ... and when, in jiffies
 * @refill: refill of the float; touches wait for it
 * @work: clearing, top-up, release
 * @shrink: demotion and release while the pod owns more than its target
 * @shrink_asked: since when @shrink is put off, in jiffies
 * @event: announces changes of @pressure
 * @pressure: the pressure announced last, enum pod_pressure
 * @low_mark: in pages, see pod_policy_pressure()
 * @unpark_cursor: next region to look at for parked pages; a hint, unlocked
 * @ept_latency: samples from an EPT violation to its page, see ept.c
 * @memlock: what @user may have charged for an overdraft, in pages: the
 *	creator's limit, as whoever touches has another
 * @memcg: charged for every page, also after the creator moved
 * @user: whose RLIMIT_MEMLOCK is charged
 * @nodes: where pages may come from
 * @policy: enum kvm_pod_policy; may change at any time
 * @pinnable: populated as a whole, and no page ever leaves: devices may hold it
 * @dead: found inconsistent; every touch fails from here on
 * @dying: teardown has begun, no new work is queued
 * @id: N in pod<N>
 * @owner_pid: the creator's, in the initial namespace
 * @label: for people
 * @unpublish: takes it out of sysfs and debugfs; NULL before it is there
 * @node: in the list of all pods
 * @dev: the directory in sysfs; its release frees this structure
 * @debugfs: the directory in debugfs
 *
 * Owned by the inode of the pod file: made before it, torn down when it is
 * evicted, so that neither can be seen without the other.
 */
struct pod {
	struct pod_ledger ledger;
	struct pod_pmt pmt;
	atomic_long_t nr_leaves;
	struct pod_stock stock;
	struct pod_float flt;
	struct folio *zero_small[POD_ZERO_SMALL_NR];

	struct address_space *mapping;
	wait_queue_head_t thawed;
	wait_queue_head_t changed;

	struct pod_recent *recent;
	unsigned int nr_recent;
	struct pod_recent hints;
	struct pod_sweep sweep;
	bool scarce;

	struct mutex target_lock;
	spinlock_t charge_lock;
	u64 charged;

	struct pod_short shortage;
	u64 overdraft_max;
	u64 grow_max;

	struct pod_journal journal;
	bool dirty;
	bool parked;
	unsigned long event_ran;
	unsigned int told;
	unsigned long told_at;

	struct work_struct refill;
	struct work_struct work;
	struct delayed_work shrink;
	unsigned long shrink_asked;
	struct delayed_work event;
	atomic_t pressure;
	u64 low_mark;
	unsigned long unpark_cursor;

	atomic64_t ept_latency[POD_EPT_STEPS];

	u64 memlock;
	struct mem_cgroup *memcg;
	struct user_struct *user;
	nodemask_t nodes;
	u32 policy;
	bool pinnable;
	bool dead;
	bool dying;

	u32 id;
	pid_t owner_pid;
	char label[KVM_POD_LABEL_LEN];
	void (*unpublish)(struct pod *pod);
	struct list_head node;
	struct device dev;
	struct dentry *debugfs;
};

static inline unsigned int pod_shard(void)
{
	return raw_smp_processor_id();
}

static inline struct pod_recent *pod_recent_of(struct pod *pod,
					       unsigned int shard)
{
	return &pod->recent[shard & (pod->nr_recent - 1)];
}

/*
 * A handle is that of a folio's first page, so do not ask whose part the page
 * is: compound_head lies where ->lru.next does, which who has the folio locked
 * may be changing.
 */
static inline struct folio *pod_folio(u64 handle)
{
	return (struct folio *)pfn_to_page(handle);
}

static inline u64 pod_handle(struct folio *folio)
{
	return folio_pfn(folio);
}

static inline void pod_lock_region(struct pod *pod, unsigned long region)
	__acquires(pod_pmt_lockptr(&pod->pmt, region))
{
	spin_lock(pod_pmt_lockptr(&pod->pmt, region));
}

static inline void pod_unlock_region(struct pod *pod, unsigned long region)
	__releases(pod_pmt_lockptr(&pod->pmt, region))
{
	spin_unlock(pod_pmt_lockptr(&pod->pmt, region));
}

/**
 * pod_look() - look a page up and hold on to it
 * @pod: the pod
 * @index: page of the pod file
 * @slot: what was found
 *
 * Return: the folio with a reference, if @slot says RAM and not frozen; else
 * NULL. While the reference is held the page cannot leave the pod.
 */
struct folio *pod_look(struct pod *pod, unsigned long index,
		       struct pod_slot *slot);

/* Is @folio, which is locked, still behind page @index? */
bool pod_is_behind(struct pod *pod, unsigned long index, struct folio *folio);

/* Sleep until @region is not frozen; the freezer never waits for a sleeper. */
void pod_wait_thawed(struct pod *pod, unsigned long region);

/* Unmap pages of the pod file in every mm; KVM drops its SPTEs and flushes. */
void pod_unmap(struct pod *pod, unsigned long first, unsigned long nr);

/* Does a notifier that is called now report our own unmapping? A hint. */
bool pod_is_unmapping(const struct pod *pod);

/* Read the ledger, and remember whether memory is scarce. */
void pod_read(struct pod *pod, struct pod_ledger_view *view);

struct pod *pod_alloc(u64 nr_pages);
void pod_free(struct pod *pod);

/* Give every page back. Nobody can look any more; never fails. */
void pod_drain(struct pod *pod);

/* Undo pod_alloc() and what followed, of a pod that has no file yet. */
void pod_discard_new(struct pod *pod);

/* Recount everything: NULL, or what is wrong; -EAGAIN while it will not rest */
int pod_audit(struct pod *pod, const char **why, unsigned long *region);

/*
 * May @folio leave: is there no reference to it but the pod's and the caller's?
 * It is unmapped, and its region's lock is held.
 */
bool pod_is_alone(struct pod *pod, const struct folio *folio);

#endif /* POD_POD_H */
