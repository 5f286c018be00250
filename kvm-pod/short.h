/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Touches that come short: the reserve is empty, what now?
 */
#ifndef POD_SHORT_H
#define POD_SHORT_H

#include "reclaim.h"

/*
 * A fault found no memory, and @reclaim did not find any either, since
 * pod_supply_seq() was @seq. What the fault handler is to return; with
 * VM_FAULT_RETRY mmap_lock may have been dropped, and the VMA may be gone.
 * Or 0: look again.
 *
 * @gift: gets memory from beyond the target, if this touch may have some; then
 * the answer is 0.
 */
vm_fault_t pod_fault_short(struct pod *pod, struct vm_fault *vmf,
			   enum pod_reclaim reclaim, int seq, bool huge,
			   struct folio **gift);

/*
 * There will never be memory: beyond the file's end, or the pod is dead. KVM
 * tells nobody what its asynchronous faults came to, and its vCPU would fault
 * for ever: it gets a signal.
 */
vm_fault_t pod_fault_refuse(struct vm_fault *vmf);

/*
 * As pod_fault_short(), for write() to page @index: 0 to look again, -ENOSPC
 * under policy "fail", -ERESTARTSYS for a signal.
 */
int pod_write_short(struct pod *pod, unsigned long index,
		    enum pod_reclaim reclaim, int seq, bool huge,
		    struct folio **gift);

#endif /* POD_SHORT_H */
