// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notifiers on the VMM's mappings. What madvise(MADV_DONTNEED) dropped is worth
 * a look of the sweep: nothing more follows from a notification, so that one
 * that is late, or is about addresses that a split gave to somebody else,
 * does no harm.
 */
#include "notifier.h"

#include <linux/mmu_notifier.h>
#include <linux/slab.h>

/**
 * struct pod_watch - one watched mapping
 * @mni: its notifier
 * @pod: the mapping's file holds it
 * @pgoff: page of the pod file at the notifier's start
 *
 * Owned by the VMA, as its private data.
 */
struct pod_watch {
	struct mmu_interval_notifier mni;
	struct pod *pod;
	unsigned long pgoff;
};

static void hint(struct pod_watch *w, unsigned long start, unsigned long end)
{
	unsigned long base = w->mni.interval_tree.start;
	unsigned long region, last;
	unsigned int i;

	start = max(start, base);
	end = min(end, w->mni.interval_tree.last + 1);
	region = pod_region(w->pgoff + ((start - base) >> PAGE_SHIFT));
	last = pod_region(w->pgoff + ((end - 1 - base) >> PAGE_SHIFT));
	/* A mapping may reach beyond the end of the file. */
	last = min(last, w->pod->pmt.nr_regions - 1);
	for (i = 0; i < POD_RECENT_NR && region <= last; i++)
		pod_recent_add(&w->pod->hints, region++);
}

/* Never waits and takes no lock, so that non-blockable callers are served. */
static bool pod_invalidate(struct mmu_interval_notifier *mni,
			   const struct mmu_notifier_range *range,
			   unsigned long seq)
{
	struct pod_watch *w = container_of(mni, struct pod_watch, mni);

	mmu_interval_set_seq(mni, seq);
	if (range->event == MMU_NOTIFY_CLEAR && !pod_is_unmapping(w->pod))
		hint(w, range->start, range->end);
	return true;
}

static const struct mmu_interval_notifier_ops pod_notifier_ops = {
	.invalidate = pod_invalidate,
};

void pod_notifier_open(struct pod *pod, struct vm_area_struct *vma)
{
	struct pod_watch *w = kzalloc(sizeof(*w), GFP_KERNEL_ACCOUNT);

	vma->vm_private_data = NULL;
	if (!w)
		return;
	w->pod = pod;
	w->pgoff = vma->vm_pgoff;
	if (mmu_interval_notifier_insert_locked(&w->mni, vma->vm_mm,
						vma->vm_start,
						vma->vm_end - vma->vm_start,
						&pod_notifier_ops))
		kfree(w);
	else
		vma->vm_private_data = w;
}

void pod_notifier_close(struct vm_area_struct *vma)
{
	struct pod_watch *w = vma->vm_private_data;

	if (!w)
		return;
	vma->vm_private_data = NULL;
	mmu_interval_notifier_remove(&w->mni);
	kfree(w);
}
