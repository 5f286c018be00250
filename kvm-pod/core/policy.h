/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Decisions that depend on counts alone. They change nothing.
 */
#ifndef POD_CORE_POLICY_H
#define POD_CORE_POLICY_H

#include <linux/types.h>

#include "ledger.h"

/**
 * enum pod_pressure - how close a pod is to failing a touch
 * @POD_PRESSURE_NONE: neither of the two
 * @POD_PRESSURE_LOW: the reserve is below the low mark, and does not cover all
 *	that is outstanding
 * @POD_PRESSURE_EXHAUSTED: the reserve is empty, and a touch came short
 */
enum pod_pressure {
	POD_PRESSURE_NONE,
	POD_PRESSURE_LOW,
	POD_PRESSURE_EXHAUSTED,
};

/**
 * pod_policy_pressure() - judge one reading of the ledger
 * @low_mark: in pages; 0 = never low
 * @short_of: a touch found the reserve empty, and got nothing since
 */
enum pod_pressure pod_policy_pressure(const struct pod_ledger_view *view,
				      u64 low_mark, bool short_of);

/** pod_policy_scarce() - may more be touched than the reserve holds? */
bool pod_policy_scarce(const struct pod_ledger_view *view);

/**
 * struct pod_touch - a write to a page without memory
 * @hole: all pages of the region are POD
 * @pmd_mappable: the toucher's page table could take a 2 MiB mapping
 * @whole_file: the toucher is write(), which has no page table
 */
struct pod_touch {
	bool hole;
	bool pmd_mappable;
	bool whole_file;
};

/** pod_policy_wants_huge() - should this touch get a 2 MiB block? */
bool pod_policy_wants_huge(const struct pod_touch *touch);

/**
 * enum pod_answer - what a touch does that found the reserve empty
 * @POD_ANSWER_RETRY: come again, and keep the lock
 * @POD_ANSWER_FAIL: an error; keep the lock
 * @POD_ANSWER_SIGNAL: the same, and a SIGBUS to the thread
 * @POD_ANSWER_SLEEP: drop the lock, sleep until there is memory or a signal,
 *	come again
 * @POD_ANSWER_SLICE: drop the lock, sleep for a tenth of a second at most or
 *	until killed, come again
 */
enum pod_answer {
	POD_ANSWER_RETRY,
	POD_ANSWER_FAIL,
	POD_ANSWER_SIGNAL,
	POD_ANSWER_SLEEP,
	POD_ANSWER_SLICE,
};

/**
 * struct pod_toucher - who touched
 * @nowait: must not wait, will come again (FAULT_FLAG_RETRY_NOWAIT)
 * @may_drop: the lock may be dropped (FAULT_FLAG_ALLOW_RETRY)
 * @tried: comes a second time (FAULT_FLAG_TRIED)
 * @in_kvm_run: from inside KVM_RUN, not by the guest's VMM
 * @vcpu: that, and KVM did try without waiting before: an EPT violation
 * @worker: a kernel thread on somebody's behalf: KVM's asynchronous faults
 * @leaving: the thread is to end: no signal would end its wait
 * @last_user: nobody else uses the mm any more
 */
struct pod_toucher {
	bool nowait;
	bool may_drop;
	bool tried;
	bool in_kvm_run;
	bool vcpu;
	bool worker;
	bool leaving;
	bool last_user;
};

/**
 * pod_policy_answer() - what becomes of a touch for which there is no memory
 * @fails: the policy lets it fail, and nothing can be had back any more
 *
 * Documentation/design.rst, rule 9. A worker holds the mm: if it came again for ever, kill -9
 * would free nothing. It waits once; KVM does not see its error, and the vCPU
 * faults again. A vCPU under @fails would therefore never learn: it gets the
 * signal at its first attempt.
 *
 * vhost waits as everybody else, though its queue's mutex is needed for
 * stopping the device: were it to fail, tun_put_user() would hand the guest a
 * packet of which a part was never copied.
 */
enum pod_answer pod_policy_answer(const struct pod_toucher *who, bool fails);

/**
 * pod_policy_must_serve() - may waiting for memory here stop the VMM?
 *
 * Neither a vCPU nor its worker holds a lock that the monitor needs. All
 * others may, and are served beyond the target, within limits.
 */
bool pod_policy_must_serve(const struct pod_toucher *who);

#endif /* POD_CORE_POLICY_H */
