// SPDX-License-Identifier: GPL-2.0-only
/*
 * Debugfs only shows; what it shows is computed elsewhere. Its files are gone
 * before their pod is.
 */
#include "debugfs.h"

#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "ept.h"

#define POD_MAP_COLUMNS	64

static struct dentry *pod_debugfs_root;

static int audit_show(struct seq_file *m, void *unused)
{
	struct pod *pod = m->private;
	struct pod_ledger_view v;
	unsigned long region;
	const char *why;
	int ret = pod_audit(pod, &why, &region);

	if (ret == -EINTR)
		return ret;
	pod_ledger_read(&pod->ledger, &v);
	if (ret == -EAGAIN)
		seq_printf(m, "BUSY %s\n", why);
	else if (ret)
		seq_printf(m, "BAD %s (region %lu)\n", why, region);
	else
		seq_printf(m, "ok M=%llu T=%llu O=%llu P=%llu R=%llu E=%llu B=%llu Gh=%llu F=%llu W=%llu X=%llu\n",
			   v.size, v.target, v.owned, v.populated, v.reserve,
			   v.outstanding, v.given, v.given_huge, v.floating,
			   v.retired, v.overdraft);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(audit);

static char region_letter(struct pod *pod, unsigned long region)
{
	struct pod_marks *marks;
	struct pod_slot slot;

	pod_lock_region(pod, region);
	slot = pod_pmt_lookup(&pod->pmt, pod_region_first(region));
	marks = pod_pmt_marks(&pod->pmt, region);
	pod_unlock_region(pod, region);
	switch (slot.region) {
	case POD_HUGE:
		return marks ? 'h' : 'H';
	case POD_SMALL:
		return 's';
	default:
		return slot.page == POD_PAGE_GIVEN ? 'g' : '.';
	}
}

/* A letter per region: H block, h with marks, s single pages, g given, . hole */
static int map_show(struct seq_file *m, void *unused)
{
	struct pod *pod = m->private;
	unsigned long r;

	for (r = 0; r < pod->pmt.nr_regions; r++) {
		seq_putc(m, region_letter(pod, r));
		if (r % POD_MAP_COLUMNS == POD_MAP_COLUMNS - 1)
			seq_putc(m, '\n');
		cond_resched();
	}
	if (r % POD_MAP_COLUMNS)
		seq_putc(m, '\n');
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(map);

static int ept_latency_show(struct seq_file *m, void *unused)
{
	pod_ept_show(m->private, m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(ept_latency);

void pod_debugfs_add(struct pod *pod)
{
	pod->debugfs = debugfs_create_dir(dev_name(&pod->dev),
					  pod_debugfs_root);
	debugfs_create_file("audit", 0400, pod->debugfs, pod, &audit_fops);
	debugfs_create_file("ept_latency", 0400, pod->debugfs, pod,
			    &ept_latency_fops);
	debugfs_create_file("map", 0400, pod->debugfs, pod, &map_fops);
}

void pod_debugfs_remove(struct pod *pod)
{
	debugfs_remove_recursive(pod->debugfs);
}

void pod_debugfs_init(void)
{
	pod_debugfs_root = debugfs_create_dir("kvm-pod", NULL);
}

void pod_debugfs_exit(void)
{
	debugfs_remove_recursive(pod_debugfs_root);
}
