// SPDX-License-Identifier: GPL-2.0-only
/*
 * A touch came short. core/policy.c knows what becomes of it; here is found
 * out who it is, and done what it says.
 */
#include "short.h"

#include <linux/file.h>
#include <linux/sched/signal.h>

#include "ept.h"
#include "note.h"
#include "overdraft.h"
#include "sweep.h"
#include "wait.h"

/*
 * What a vCPU, or a write(), sleeps at a time, if no memory and no signal wakes
 * it; in jiffies.
 */
#define POD_SLEEP_CHECK		HZ

/*
 * KVM resolves an EPT violation by trying without waiting first, and comes
 * again, from the same thread, if that is not enough. This tells it from other
 * accesses inside KVM_RUN, which are made under locks of KVM and must not end
 * with a signal. A lost note makes a vCPU wait like all others.
 */
static struct pod_toucher toucher_of(const struct vm_fault *vmf)
{
	bool in_kvm_run = !(vmf->flags & FAULT_FLAG_USER) && pod_in_kvm_run();
	bool nowait = vmf->flags & FAULT_FLAG_RETRY_NOWAIT;
	bool again = vmf->flags & FAULT_FLAG_TRIED;

	return (struct pod_toucher){
		.nowait = nowait,
		.may_drop = vmf->flags & FAULT_FLAG_ALLOW_RETRY && !nowait,
		.tried = again,
		.in_kvm_run = in_kvm_run,
		/* A vCPU leaves with its signal; copy_to_user() comes again. */
		.vcpu = in_kvm_run && !nowait &&
			pod_note_is_set(POD_NOTE_TRIED, vmf->address) &&
			!(again && signal_pending(current)),
		/* vhost's and io_uring's threads are no kernel threads. */
		.worker = current->flags & PF_KTHREAD,
		.leaving = pod_is_leaving(),
		.last_user = atomic_read(&vmf->vma->vm_mm->mm_users) == 1,
	};
}

/*
 * Without the file the pod could go while we sleep. *@supplied: may there be
 * memory now?
 */
static vm_fault_t wait_unlocked(struct pod *pod, struct vm_fault *vmf, int seq,
				unsigned int state, long timeout,
				bool *supplied)
{
	struct file *file = get_file(vmf->vma->vm_file);

	release_fault_lock(vmf);
	pod_wait_supply(pod, seq, state, timeout);
	if (supplied)
		*supplied = pod_is_supplied(pod, seq);
	fput(file);
	return VM_FAULT_RETRY;
}

/*
 * A vCPU sleeps with kvm->srcu held. Who changes the machine's memory or its
 * ioeventfds waits for that, uninterruptibly and perhaps with the lock that the
 * VMM needs to hear of the shortage, and GUP comes again until there is memory
 * or a signal. So after a sleep in vain, or a second one, KVM_RUN ends with
 * EINTR and KVM_EXIT_INTR, and the VMM calls it again: TIF_NOTIFY_SIGNAL is a
 * signal to GUP, and the way to user space clears it. No handler runs.
 *
 * FAULT_FLAG_INTERRUPTIBLE: KVM's GUP tells who can be interrupted. Page faults
 * of the kernel have it set as well; they come again, TRIED and with a signal
 * pending, and wait as all others do.
 */
static vm_fault_t sleep_in_kvm_run(struct pod *pod, struct vm_fault *vmf,
				   const struct pod_toucher *who, int seq)
{
	bool interruptible = vmf->flags & FAULT_FLAG_INTERRUPTIBLE;
	bool supplied;
	vm_fault_t ret;

	ret = wait_unlocked(pod, vmf, seq, TASK_INTERRUPTIBLE, POD_SLEEP_CHECK,
			    &supplied);
	if (interruptible && (!supplied || who->tried))
		set_thread_flag(TIF_NOTIFY_SIGNAL);
	return ret;
}

/* The vCPU's thread learns by a signal: an error would not reach it. */
static void signal_vcpu(const struct vm_fault *vmf)
{
	struct kernel_siginfo info;

	clear_siginfo(&info);
	info.si_signo = SIGBUS;
	info.si_code = BUS_ADRERR;
	info.si_addr = (void __user *)vmf->address;
	send_sig_info(SIGBUS, &info, current);
}

static vm_fault_t refuse(const struct vm_fault *vmf,
			 const struct pod_toucher *who)
{
	if (pod_policy_answer(who, true) == POD_ANSWER_SIGNAL)
		signal_vcpu(vmf);
	return VM_FAULT_SIGBUS;
}

vm_fault_t pod_fault_refuse(struct vm_fault *vmf)
{
	struct pod_toucher who = toucher_of(vmf);

	return refuse(vmf, &who);
}

static vm_fault_t answer(struct pod *pod, struct vm_fault *vmf,
			 const struct pod_toucher *who, bool none, int seq)
{
	if (none && READ_ONCE(pod->policy) == KVM_POD_POLICY_FAIL) {
		pod_sweep_refused(pod);
		return refuse(vmf, who);
	}
	switch (pod_policy_answer(who, false)) {
	case POD_ANSWER_RETRY:
		if (who->in_kvm_run)
			pod_note_set(POD_NOTE_TRIED, vmf->address);
		return VM_FAULT_RETRY;
	case POD_ANSWER_SLEEP:
		return sleep_in_kvm_run(pod, vmf, who, seq);
	case POD_ANSWER_SLICE:
		return wait_unlocked(pod, vmf, seq, TASK_KILLABLE,
				     POD_WAIT_SLICE, NULL);
	default:
		return VM_FAULT_SIGBUS;
	}
}

/*
 * What must not drop the lock holds up others of its mm: it gets one slice for
 * what may come later, and then is told what would be told it in the end.
 */
static bool hold(struct pod *pod, int seq)
{
	pod_wait_supply(pod, seq, TASK_KILLABLE, POD_WAIT_SLICE);
	return pod_is_supplied(pod, seq) && !pod_is_leaving();
}

/*
 * Memory beyond the target, if this touch may have some. Unless the policy is
 * to grow, the shortage is told with the first page of that: the rest of it is
 * for what is on its way while the VMM stops its guest.
 */
static struct folio *serve(struct pod *pod, unsigned long index, bool huge,
			   bool must_serve)
{
	bool grows = READ_ONCE(pod->policy) == KVM_POD_POLICY_GROW;
	struct folio *gift = pod_overdraw(pod, huge, must_serve);

	if (!gift || !grows)
		pod_note_short(pod, index);
	return gift;
}

vm_fault_t pod_fault_short(struct pod *pod, struct vm_fault *vmf,
			   enum pod_reclaim reclaim, int seq, bool huge,
			   struct folio **gift)
{
	struct pod_toucher who = toucher_of(vmf);
	bool none = reclaim == POD_RECLAIM_NONE;
	bool must_serve = pod_policy_must_serve(&who);

	if (!none && must_serve && !who.may_drop) {
		if (hold(pod, seq))
			return 0;
		none = true;
	}
	/* Where waiting may stop the VMM, a long turn is not waited for. */
	if (none)
		*gift = serve(pod, vmf->pgoff, huge, must_serve);
	else if (must_serve && who.tried)
		*gift = pod_overdraw(pod, huge, true);
	if (*gift)
		return 0;
	return answer(pod, vmf, &who, none, seq);
}

int pod_write_short(struct pod *pod, unsigned long index,
		    enum pod_reclaim reclaim, int seq, bool huge,
		    struct folio **gift)
{
	if (reclaim == POD_RECLAIM_NONE) {
		*gift = serve(pod, index, huge, true);
		if (*gift)
			return 0;
		if (READ_ONCE(pod->policy) == KVM_POD_POLICY_FAIL) {
			pod_sweep_refused(pod);
			return -ENOSPC;
		}
	}
	if (signal_pending(current) || pod_is_leaving())
		return -ERESTARTSYS;
	pod_wait_supply(pod, seq, TASK_INTERRUPTIBLE, POD_SLEEP_CHECK);
	return 0;
}
