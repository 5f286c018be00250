// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm-pod: populate-on-demand memory for KVM guests. Module entry and exit.
 */
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/sysfs.h>

#include "alloc.h"
#include "clear.h"
#include "debugfs.h"
#include "device.h"
#include "ept.h"
#include "sweep.h"
#include "sysfs.h"
#include "target.h"
#include "work.h"
#include "zerofolio.h"

bool pod_huge = true;
module_param_named(huge, pod_huge, bool, 0644);
MODULE_PARM_DESC(huge, "Use 2 MiB blocks (default: yes)");

unsigned long pod_limit_mb;
module_param_named(limit_mb, pod_limit_mb, ulong, 0644);
MODULE_PARM_DESC(limit_mb, "Most MiB that all pods together may hold (default: 0, no limit)");

unsigned int pod_zero_threads;
module_param_named(zero_threads, pod_zero_threads, uint, 0644);
MODULE_PARM_DESC(zero_threads, "Threads that take and clear a reserve (default: 0, one per CPU, at most 16)");

unsigned int pod_sweep_budget = 8192;
module_param_named(sweep_budget, pod_sweep_budget, uint, 0644);
MODULE_PARM_DESC(sweep_budget, "Pages that one touch looks at, at most, when the reserve is empty (default: 8192)");

static int ept_latency_set(const char *val, const struct kernel_param *kp)
{
	bool on;
	int ret = kstrtobool(val, &on);

	return ret ?: pod_ept_enable(on);
}

static int ept_latency_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%c\n", pod_ept_enabled() ? 'Y' : 'N');
}

static const struct kernel_param_ops ept_latency_ops = {
	.set = ept_latency_set,
	.get = ept_latency_get,
};
module_param_cb(ept_latency, &ept_latency_ops, NULL, 0644);
MODULE_PARM_DESC(ept_latency, "Take the time of EPT violations, see debugfs (default: no)");

static int __init pod_init(void)
{
	int ret;

	pod_clear_init();
	ret = pod_work_init_queues();
	if (ret)
		return ret;
	ret = pod_alloc_init();
	if (ret)
		goto err_wq;
	pod_zero_init();
	ret = pod_ept_init();
	if (ret)
		goto err_zero;
	pod_debugfs_init();
	ret = pod_sysfs_init();
	if (ret)
		goto err_debugfs;
	ret = pod_device_init();
	if (ret)
		goto err_sysfs;
	return 0;
err_sysfs:
	pod_sysfs_exit();
err_debugfs:
	pod_debugfs_exit();
	pod_ept_exit();
err_zero:
	pod_zero_exit();
	pod_alloc_exit();
err_wq:
	pod_work_exit_queues();
	return ret;
}

/* Every pod holds the module until it is torn down: there are none here. */
static void __exit pod_exit(void)
{
	pod_device_exit();
	pod_sysfs_exit();
	pod_debugfs_exit();
	pod_ept_exit();
	pod_zero_exit();
	pod_alloc_exit();
	pod_work_exit_queues();
}

module_init(pod_init);
module_exit(pod_exit);

MODULE_DESCRIPTION("Populate-on-demand memory for KVM guests");
MODULE_AUTHOR("kvm-pod developers");
MODULE_LICENSE("GPL");
