// SPDX-License-Identifier: GPL-2.0-only
/*
 * The time from an EPT violation to its page: KVM's tracepoint kvm_page_fault,
 * found by name at run time, stamps it; the fault handler, which knows the
 * pod, takes the sample. The two meet in the task.
 *
 * On AMD the tracepoint fires for MMIO as well: a stamp counts only when the
 * same task goes on to populate, inside KVM_RUN.
 */
#include "ept.h"

#include <linux/hash.h>
#include <linux/module.h>
#include <linux/timekeeping.h>
#include <linux/tracepoint.h>

#define POD_STAMP_BITS	10

/* A lost or torn stamp costs a sample, never more: no lock. */
struct pod_stamp {
	struct task_struct *task;
	u64 ns;
};

static struct pod_stamp stamps[1 << POD_STAMP_BITS];

/* Protects the two below; taken by module notifiers and by enabling. */
static DEFINE_MUTEX(ept_lock);
static struct tracepoint *ept_tp;
static bool ept_on;

struct kvm_vcpu;

static struct pod_stamp *stamp_of(struct task_struct *task)
{
	return &stamps[hash_ptr(task, POD_STAMP_BITS)];
}

static void probe_page_fault(void *data, struct kvm_vcpu *vcpu,
			     u64 fault_address, u64 error_code)
{
	struct pod_stamp *stamp = stamp_of(current);

	WRITE_ONCE(stamp->ns, ktime_get_mono_fast_ns());
	WRITE_ONCE(stamp->task, current);
}

static void take_sample(struct pod *pod)
{
	struct pod_stamp *stamp = stamp_of(current);
	u64 ns;

	if (READ_ONCE(stamp->task) != current)
		return;
	ns = ktime_get_mono_fast_ns() - READ_ONCE(stamp->ns);
	WRITE_ONCE(stamp->task, NULL);
	atomic64_inc(&pod->ept_latency[min(fls64(ns), POD_EPT_STEPS - 1)]);
}

void pod_ept_populated(struct pod *pod)
{
	pod_ledger_count(&pod->ledger, pod_shard(), POD_EVENT_EPT_FAULTS, 1);
	if (READ_ONCE(ept_on))
		take_sample(pod);
}

void pod_ept_show(struct pod *pod, struct seq_file *m)
{
	unsigned int i;
	u64 nr;

	for (i = 0; i < POD_EPT_STEPS; i++) {
		nr = atomic64_read(&pod->ept_latency[i]);
		if (nr)
			seq_printf(m, "%llu %llu %llu\n",
				   i ? 1ULL << (i - 1) : 0, 1ULL << i, nr);
	}
}

static int attach(void)
{
	if (!ept_tp || !ept_on)
		return 0;
	return tracepoint_probe_register(ept_tp, probe_page_fault, NULL);
}

static void detach(void)
{
	if (ept_tp && ept_on)
		tracepoint_probe_unregister(ept_tp, probe_page_fault, NULL);
}

int pod_ept_enable(bool on)
{
	int ret = 0;

	mutex_lock(&ept_lock);
	if (on != ept_on) {
		detach();
		WRITE_ONCE(ept_on, on);
		ret = attach();
		if (ret)
			WRITE_ONCE(ept_on, false);
	}
	mutex_unlock(&ept_lock);
	return ret;
}

bool pod_ept_enabled(void)
{
	return READ_ONCE(ept_on);
}

static bool is_ours(const struct tracepoint *tp)
{
	return !strcmp(tp->name, "kvm_page_fault");
}

static void module_came(struct module *mod)
{
	unsigned int i;
	struct tracepoint *tp;

	for (i = 0; i < mod->num_tracepoints; i++) {
		tp = tracepoint_ptr_deref(&mod->tracepoints_ptrs[i]);
		if (!is_ours(tp))
			continue;
		ept_tp = tp;
		if (attach())
			pr_warn("kvm-pod: cannot attach to kvm_page_fault\n");
	}
}

static void module_goes(struct module *mod)
{
	unsigned int i;
	struct tracepoint *tp;

	for (i = 0; i < mod->num_tracepoints; i++) {
		tp = tracepoint_ptr_deref(&mod->tracepoints_ptrs[i]);
		if (tp != ept_tp)
			continue;
		detach();
		ept_tp = NULL;
	}
}

/* Registering replays COMING, unregistering GOING, for modules that are there. */
static int ept_notify(struct notifier_block *nb, unsigned long action,
		      void *data)
{
	struct tp_module *tp_mod = data;

	mutex_lock(&ept_lock);
	if (action == MODULE_STATE_COMING)
		module_came(tp_mod->mod);
	else if (action == MODULE_STATE_GOING)
		module_goes(tp_mod->mod);
	mutex_unlock(&ept_lock);
	return NOTIFY_OK;
}

static struct notifier_block ept_nb = {
	.notifier_call = ept_notify,
};

static void find_builtin(struct tracepoint *tp, void *unused)
{
	if (is_ours(tp))
		ept_tp = tp;
}

int pod_ept_init(void)
{
	for_each_kernel_tracepoint(find_builtin, NULL);
	/* The parameter may have been given with modprobe, before this. */
	mutex_lock(&ept_lock);
	if (attach())
		pr_warn("kvm-pod: cannot attach to kvm_page_fault\n");
	mutex_unlock(&ept_lock);
	return register_tracepoint_module_notifier(&ept_nb);
}

void pod_ept_exit(void)
{
	unregister_tracepoint_module_notifier(&ept_nb);
	/* A built-in tracepoint is still attached. */
	pod_ept_enable(false);
	tracepoint_synchronize_unregister();
}
