/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What can be known of EPT violations without a symbol of KVM.
 */
#ifndef POD_EPT_H
#define POD_EPT_H

#include <linux/seq_file.h>

#include "pod.h"

/* Is this fault, or this caller, inside KVM_RUN? Only KVM registers those. */
static inline bool pod_in_kvm_run(void)
{
#ifdef CONFIG_PREEMPT_NOTIFIERS
	return !hlist_empty(&current->preempt_notifiers);
#else
	return false;
#endif
}

/* A fault from inside KVM_RUN put memory behind a page of @pod. */
void pod_ept_populated(struct pod *pod);

/* "from to count" in nanoseconds, a line for each step that has samples */
void pod_ept_show(struct pod *pod, struct seq_file *m);

/* Take the time of EPT violations, or stop. Costs a probe on every one. */
int pod_ept_enable(bool on);
bool pod_ept_enabled(void);

int pod_ept_init(void);
void pod_ept_exit(void);

#endif /* POD_EPT_H */
