// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages from and to the host. What a pod owns is counted elsewhere.
 */
#include "alloc.h"

#include <linux/capability.h>
#include <linux/gfp.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/swap.h>

#include "clear.h"

#define POD_GFP	(GFP_HIGHUSER | __GFP_ACCOUNT | __GFP_RETRY_MAYFAIL | \
		 __GFP_NOWARN)

/* What a pod leaves to the rest of the host: 1/64, but no more than 64 MiB. */
#define POD_AIR_PAGES	min(totalram_pages() / 64, 64UL << (20 - PAGE_SHIFT))

static struct kmem_cache *pod_leaf_cache;
static struct kmem_cache *pod_marks_cache;
static atomic64_t pod_charged_pages = ATOMIC64_INIT(0);

static struct folio *alloc_folio(struct pod *pod, unsigned int order)
{
	int nid = numa_mem_id();
	struct mem_cgroup *old;
	struct folio *folio;

	if (!node_isset(nid, pod->nodes))
		nid = first_node(pod->nodes);
	old = set_active_memcg(pod->memcg);
	folio = __folio_alloc(POD_GFP, order, nid, &pod->nodes);
	set_active_memcg(old);
	if (folio && !want_init_on_alloc(POD_GFP))
		pod_clear_cold(folio);
	return folio;
}

/*
 * What si_mem_available() counts and no pod can have: in ZONE_MOVABLE there is
 * nothing that cannot be moved.
 */
static long movable_pages(void)
{
	long nr = 0;
	int nid;

	for_each_online_node(nid) {
		struct zone *zone = &NODE_DATA(nid)->node_zones[ZONE_MOVABLE];

		nr += zone_page_state(zone, NR_FREE_PAGES);
		nr += zone_page_state(zone, NR_ZONE_ACTIVE_FILE);
		nr += zone_page_state(zone, NR_ZONE_INACTIVE_FILE);
	}
	return nr;
}

bool pod_host_has(u64 nr)
{
	long available = si_mem_available() - movable_pages();

	return available > 0 && nr + POD_AIR_PAGES <= available;
}

struct folio *pod_alloc_huge(struct pod *pod)
{
	return READ_ONCE(pod_huge) ? alloc_folio(pod, POD_REGION_ORDER) : NULL;
}

struct folio *pod_alloc_small(struct pod *pod)
{
	return alloc_folio(pod, 0);
}

bool pod_host_has_errors(void)
{
#ifdef CONFIG_MEMORY_FAILURE
	int nid;

	for_each_online_node(nid)
		if (READ_ONCE(NODE_DATA(nid)->mf_stats.total))
			return true;
#endif
	return false;
}

/*
 * On a host without errors a block is not looked through: 512 flags in as many
 * cache lines cost more than all else in a fault. memory_failure() flags the
 * page first and counts when it is done with it: for a page of a pod that is
 * milliseconds later, as it drains the LRU caches of all CPUs in the hope to
 * find the page on a list then. A block that is handed out meanwhile is like
 * one that broke a moment later; who hands a page to the kernel has to look at
 * the flag of that page by itself.
 */
bool pod_folio_poisoned(struct folio *folio)
{
	unsigned int i;

	if (folio_test_large(folio) && likely(!pod_host_has_errors()))
		return false;
	for (i = 0; i < folio_nr_pages(folio); i++)
		if (unlikely(PageHWPoison(folio_page(folio, i))))
			return true;
	return false;
}

/*
 * A single page with a hardware error is kept from the buddy allocator by its
 * flag. A block would take the bad page there among its sound ones: our
 * reference to it is never dropped.
 */
void pod_free_folio(struct folio *folio)
{
	if (likely(!folio_test_large(folio) || !pod_folio_poisoned(folio)))
		folio_put(folio);
}

static int charge_module(u64 nr, bool force)
{
	u64 limit = (u64)READ_ONCE(pod_limit_mb) << (20 - PAGE_SHIFT);

	if (atomic64_add_return(nr, &pod_charged_pages) <= limit || !limit ||
	    force)
		return 0;
	atomic64_sub(nr, &pod_charged_pages);
	return -ENOMEM;
}

static int charge_user(struct user_struct *user, u64 nr, u64 memlock)
{
	if (atomic_long_add_return(nr, &user->locked_vm) <= memlock ||
	    memlock == POD_MEMLOCK_ANY)
		return 0;
	atomic_long_sub(nr, &user->locked_vm);
	return -ENOMEM;
}

u64 pod_memlock(void)
{
	return capable(CAP_IPC_LOCK) ? POD_MEMLOCK_ANY :
				       rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
}

int pod_charge_locked(struct pod *pod, u64 nr, u64 memlock, bool force)
{
	int ret;

	lockdep_assert_held(&pod->charge_lock);
	ret = charge_module(nr, force);
	if (ret)
		return ret;
	ret = charge_user(pod->user, nr, force ? POD_MEMLOCK_ANY : memlock);
	if (ret) {
		atomic64_sub(nr, &pod_charged_pages);
		return ret;
	}
	pod->charged += nr;
	return 0;
}

void pod_uncharge_locked(struct pod *pod, u64 nr)
{
	lockdep_assert_held(&pod->charge_lock);
	pod->charged -= nr;
	atomic_long_sub(nr, &pod->user->locked_vm);
	atomic64_sub(nr, &pod_charged_pages);
}

int pod_charge_up_to(struct pod *pod, u64 pages)
{
	u64 memlock = pod_memlock();
	int ret = 0;

	spin_lock(&pod->charge_lock);
	if (pages > pod->charged)
		ret = pod_charge_locked(pod, pages - pod->charged, memlock,
					false);
	spin_unlock(&pod->charge_lock);
	return ret;
}

void pod_uncharge_all(struct pod *pod)
{
	spin_lock(&pod->charge_lock);
	pod_uncharge_locked(pod, pod->charged);
	spin_unlock(&pod->charge_lock);
}

#define POD_META_GFP	(GFP_KERNEL_ACCOUNT | __GFP_ZERO | \
			 __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/* Whoever asks for it, the pod's own worker perhaps. */
static void *meta_alloc(struct pod *pod, struct kmem_cache *cache)
{
	struct mem_cgroup *old = set_active_memcg(pod->memcg);
	void *meta = kmem_cache_alloc(cache, POD_META_GFP);

	set_active_memcg(old);
	return meta;
}

static struct pod_leaf *count_leaf(struct pod *pod, struct pod_leaf *leaf)
{
	if (leaf)
		atomic_long_inc(&pod->nr_leaves);
	return leaf;
}

struct pod_leaf *pod_leaf_try(struct pod *pod)
{
	return count_leaf(pod, meta_alloc(pod, pod_leaf_cache));
}

/*
 * Leaves are needed in faults of a guest that is within its target, as page
 * tables are. A memory cgroup at its limit, which the reserve itself may have
 * filled, and a host that is short must not fail them: the second attempt is
 * not charged, does not give up, and is bounded by what the pod owns: a leaf
 * whose pages were all given up again stays, for what it knows of them, but
 * there must be a page for each leaf. Only a guest with more than 512 times
 * its target could have more.
 */
struct pod_leaf *pod_leaf_alloc(struct pod *pod)
{
	struct pod_leaf *leaf = pod_leaf_try(pod);

	if (leaf || atomic_long_read(&pod->nr_leaves) >=
		    pod_ledger_glance(&pod->ledger.owned))
		return leaf;
	return count_leaf(pod, kmem_cache_alloc(pod_leaf_cache,
						GFP_KERNEL | __GFP_ZERO));
}

void pod_leaf_free(struct pod *pod, struct pod_leaf *leaf)
{
	if (!leaf)
		return;
	atomic_long_dec(&pod->nr_leaves);
	kmem_cache_free(pod_leaf_cache, leaf);
}

struct pod_marks *pod_marks_alloc(struct pod *pod)
{
	return meta_alloc(pod, pod_marks_cache);
}

void pod_marks_free(struct pod_marks *marks)
{
	if (marks)
		kmem_cache_free(pod_marks_cache, marks);
}

int pod_alloc_init(void)
{
	pod_leaf_cache = kmem_cache_create("pod_leaf", sizeof(struct pod_leaf),
					   64, 0, NULL);
	if (!pod_leaf_cache)
		return -ENOMEM;
	pod_marks_cache = kmem_cache_create("pod_marks",
					    sizeof(struct pod_marks), 64, 0,
					    NULL);
	if (!pod_marks_cache) {
		kmem_cache_destroy(pod_leaf_cache);
		return -ENOMEM;
	}
	return 0;
}

void pod_alloc_exit(void)
{
	kmem_cache_destroy(pod_marks_cache);
	kmem_cache_destroy(pod_leaf_cache);
}
