// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults: look up, then lock, then look again. mmap_lock is held for reading,
 * or the VMA's own lock, and only a touch that comes short drops it.
 *
 * Each step returns what the fault handler is to return, or POD_AGAIN when
 * another thread changed the page meanwhile.
 */
#include "fault.h"

#include <linux/huge_mm.h>
#include <linux/pagemap.h>
#include <linux/sched.h>

#include "alloc.h"
#include "ept.h"
#include "note.h"
#include "populate.h"
#include "reclaim.h"
#include "reserve.h"
#include "short.h"
#include "wait.h"
#include "zerofolio.h"

#define POD_AGAIN	((vm_fault_t)0)

/* Mappings of one zero folio above which readers are turned away. */
#define POD_ZERO_REFS_MAX	(INT_MAX / 2)

static struct pod *vmf_pod(const struct vm_fault *vmf)
{
	return file_inode(vmf->vma->vm_file)->i_private;
}

/*
 * An instruction that reads and writes the same page, movs for one, starts
 * again with its read after pod_page_mkwrite() has taken the zero away: what
 * is a read fault now would give it the zero again, for ever.
 */
static bool is_write(const struct vm_fault *vmf)
{
	return vmf->flags & FAULT_FLAG_WRITE ||
	       unlikely(pod_note_is_set(POD_NOTE_WRITE, vmf->address) &&
			vmf->vma->vm_flags & VM_WRITE);
}

static bool must_not_wait(const struct vm_fault *vmf)
{
	return vmf->flags & FAULT_FLAG_RETRY_NOWAIT;
}

/*
 * The holder of a pod page's lock waits for nobody who could wait for us, so
 * mmap_lock, or the VMA's, may be kept.
 */
static bool lock_folio(const struct vm_fault *vmf, struct folio *folio)
{
	if (folio_trylock(folio))
		return true;
	if (must_not_wait(vmf))
		return false;
	folio_lock(folio);
	return true;
}

static void unlock_put(struct folio *folio)
{
	folio_unlock(folio);
	folio_put(folio);
}

/* Could the page table take a mapping of the whole region? */
static bool pmd_mappable(const struct vm_fault *vmf)
{
	unsigned long haddr = vmf->address & HPAGE_PMD_MASK;

	return pmd_none(*vmf->pmd) &&
	       thp_vma_suitable_order(vmf->vma, haddr, HPAGE_PMD_ORDER);
}

/*
 * __do_fault() must not find the flag at what it is given locked: it would
 * unmap the folio by its ->mapping, and pages of a pod have none. So the page
 * itself is looked at whether an error has been counted or not. An error that
 * is flagged after this look, in the few instructions up to that one, cannot
 * be kept from it.
 */
static bool is_broken(const struct vm_fault *vmf, struct folio *folio)
{
	return PageHWPoison(folio_page(folio,
				       vmf->pgoff % folio_nr_pages(folio)));
}

/*
 * A bad page in a block bars the whole block from a PMD, but the sound pages
 * can still be mapped one by one.
 */
static bool check_poison(const struct vm_fault *vmf, struct folio *folio)
{
	if (unlikely(is_broken(vmf, folio)))
		return false;
	if (folio_test_large(folio) && unlikely(pod_folio_poisoned(folio)))
		folio_set_has_hwpoisoned(folio);
	return true;
}

/* @folio is behind the page, locked, and has a reference for the mapping. */
static vm_fault_t fault_done(struct vm_fault *vmf, struct folio *folio)
{
	struct vm_area_struct *vma = vmf->vma;

	if (unlikely(!check_poison(vmf, folio))) {
		unlock_put(folio);
		return VM_FAULT_HWPOISON;
	}
	/*
	 * Write-notify would map it read-only and take a second exit for the
	 * write that mostly follows; page_mkwrite() would find nothing new.
	 */
	if ((vma->vm_flags & (VM_WRITE | VM_SHARED)) == (VM_WRITE | VM_SHARED))
		vmf->flags |= FAULT_FLAG_WRITE;
	vmf->page = folio_page(folio, vmf->pgoff % folio_nr_pages(folio));
	return VM_FAULT_LOCKED;
}

static vm_fault_t fault_ram(struct pod *pod, struct vm_fault *vmf,
			    struct folio *folio)
{
	bool behind;

	if (!lock_folio(vmf, folio)) {
		folio_put(folio);
		return VM_FAULT_RETRY;
	}
	behind = pod_is_behind(pod, vmf->pgoff, folio);
	if (!behind) {
		unlock_put(folio);
		return POD_AGAIN;
	}
	return fault_done(vmf, folio);
}

static bool is_sound(const struct vm_fault *vmf, struct folio *zero)
{
	return likely(!is_broken(vmf, zero) && !pod_folio_poisoned(zero));
}

/*
 * In a HOLE the zeroes come as 2 MiB, so that the region keeps its chance of a
 * 2 MiB mapping. In a SMALL region those would hide pages with memory. NULL if
 * what there is has a memory error.
 */
static struct folio *pick_zero(struct pod *pod, const struct vm_fault *vmf,
			       enum pod_kind kind)
{
	unsigned long region = pod_region(vmf->pgoff);
	struct folio *zero = NULL;

	if (kind == POD_HOLE && pmd_mappable(vmf))
		zero = pod_zero_huge(pod, region);
	/* All pods share it: who maps it often must not harm the others. */
	if (zero && is_sound(vmf, zero) &&
	    likely(folio_ref_count(zero) <= POD_ZERO_REFS_MAX))
		return zero;
	zero = pod_zero_small(pod, region);
	return is_sound(vmf, zero) ? zero : NULL;
}

/* The zero folio is locked: is it still right, and let it be known. */
static bool flag_zero(struct pod *pod, unsigned long index, enum pod_kind kind)
{
	struct pod_slot slot;
	bool ok;

	pod_lock_region(pod, pod_region(index));
	slot = pod_pmt_lookup(&pod->pmt, index);
	ok = slot.region == kind && slot.page != POD_PAGE_RAM;
	if (ok && !slot.zero)
		pod_pmt_set_zero(&pod->pmt, index);
	pod_unlock_region(pod, pod_region(index));
	return ok;
}

static vm_fault_t fault_zero(struct pod *pod, struct vm_fault *vmf,
			     enum pod_kind kind, struct folio *zero)
{
	if (unlikely(folio_ref_count(zero) > POD_ZERO_REFS_MAX))
		return VM_FAULT_SIGBUS;
	folio_get(zero);
	if (!lock_folio(vmf, zero)) {
		folio_put(zero);
		return VM_FAULT_RETRY;
	}
	/* It may have broken since it was picked; then another one is. */
	if (unlikely(is_broken(vmf, zero)) ||
	    !flag_zero(pod, vmf->pgoff, kind)) {
		unlock_put(zero);
		return POD_AGAIN;
	}
	pod_ledger_count(&pod->ledger, pod_shard(), POD_EVENT_ZERO_MAPPED, 1);
	vmf->page = folio_page(zero, vmf->pgoff % folio_nr_pages(zero));
	return VM_FAULT_LOCKED;
}

/**
 * struct pod_attempt - what the steps of one fault hand on
 * @round: calls for reclaim so far
 * @gift: memory from beyond the target, to be used or given back
 */
struct pod_attempt {
	unsigned int round;
	struct folio *gift;
};

static vm_fault_t fault_reclaim(struct pod *pod, struct vm_fault *vmf,
				bool huge, struct pod_attempt *attempt)
{
	int seq = pod_supply_seq(pod);
	enum pod_reclaim reclaim;

	reclaim = pod_reclaim(pod, vmf->pgoff, attempt->round++,
			      must_not_wait(vmf));
	if (reclaim == POD_RECLAIM_AGAIN)
		return POD_AGAIN;
	return pod_fault_short(pod, vmf, reclaim, seq, huge, &attempt->gift);
}

static vm_fault_t fault_populate(struct pod *pod, struct vm_fault *vmf,
				 const struct pod_slot *slot,
				 struct pod_touch touch,
				 struct pod_attempt *attempt)
{
	struct folio *folio;

	folio = pod_populate(pod, vmf->pgoff, slot, touch, attempt->gift);
	attempt->gift = NULL;
	if (!IS_ERR(folio)) {
		pod_note_clear(POD_NOTE_WRITE);
		if (!(vmf->flags & FAULT_FLAG_USER) && pod_in_kvm_run())
			pod_ept_populated(pod);
		return fault_done(vmf, folio);
	}
	switch (PTR_ERR(folio)) {
	case -EAGAIN:
		return POD_AGAIN;
	case -ENOSPC:
		return fault_reclaim(pod, vmf,
				     pod_populate_wants_huge(slot, touch),
				     attempt);
	default:
		return VM_FAULT_OOM;
	}
}

static vm_fault_t fault_frozen(struct pod *pod, struct vm_fault *vmf)
{
	if (must_not_wait(vmf))
		return VM_FAULT_RETRY;
	pod_wait_thawed(pod, pod_region(vmf->pgoff));
	return POD_AGAIN;
}

static vm_fault_t fault_step(struct pod *pod, struct vm_fault *vmf,
			     struct pod_attempt *attempt)
{
	/*
	 * The page table first: when another thread maps a block in between, then
	 * there is no HOLE left to be seen for which a PMD is taken. A page from
	 * a block taken apart would be asked for, and be of no use.
	 */
	struct pod_touch touch = { .pmd_mappable = pmd_mappable(vmf) };
	struct pod_slot slot;
	struct folio *folio = pod_look(pod, vmf->pgoff, &slot);
	struct folio *zero = NULL;

	if (unlikely(slot.frozen))
		return fault_frozen(pod, vmf);
	if (folio)
		return fault_ram(pod, vmf, folio);
	if (!is_write(vmf))
		zero = pick_zero(pod, vmf, slot.region);
	/* A read populates, too, if there is nothing sound to show. */
	if (!zero)
		return fault_populate(pod, vmf, &slot, touch, attempt);
	return fault_zero(pod, vmf, slot.region, zero);
}

vm_fault_t pod_fault(struct vm_fault *vmf)
{
	struct pod *pod = vmf_pod(vmf);
	struct pod_attempt attempt = {};
	vm_fault_t ret;

	if (unlikely(vmf->pgoff >= pod->ledger.size || READ_ONCE(pod->dead)))
		return pod_fault_refuse(vmf);
	do {
		ret = fault_step(pod, vmf, &attempt);
	} while (ret == POD_AGAIN);
	/* It failed, and a read that comes later is a read. */
	if (unlikely(ret & VM_FAULT_ERROR))
		pod_note_clear(POD_NOTE_WRITE);
	/* Another thread was faster in putting memory there. */
	if (unlikely(attempt.gift))
		pod_reserve_give(pod, attempt.gift, true);
	return ret;
}

/*
 * Nothing is mapped around a fault. That this is there tells the kernel that
 * pod_fault() can do without mmap_lock: threads of a VMM that touch different
 * regions share no lock then, but for the VMA's, which is taken for reading.
 */
vm_fault_t pod_map_pages(struct vm_fault *vmf, pgoff_t first, pgoff_t last)
{
	return 0;
}

/*
 * A read-only mapping is to become writable, or a write fault's page is back
 * from the window in which its lock was dropped. A zero folio is never allowed
 * to become writable: it goes, and the write comes back as a fault.
 */
vm_fault_t pod_page_mkwrite(struct vm_fault *vmf)
{
	/*
	 * Whoever has the folio locked may be linking it by ->lru, where
	 * compound_head is: a link never looks like a tail page's.
	 */
	struct folio *folio = data_race(page_folio(vmf->page));
	struct pod *pod = vmf_pod(vmf);
	bool behind;

	if (pod_zero_is(folio)) {
		pod_note_set(POD_NOTE_WRITE, vmf->address);
		pod_unmap(pod, vmf->pgoff, 1);
		return VM_FAULT_NOPAGE;
	}
	folio_lock(folio);
	behind = pod_is_behind(pod, vmf->pgoff, folio);
	if (behind)
		return VM_FAULT_LOCKED;
	folio_unlock(folio);
	return VM_FAULT_NOPAGE;
}
