// SPDX-License-Identifier: GPL-2.0-only
/*
 * One directory per pod, one value per file. See
 * Documentation/ABI/testing/sysfs-class-kvm-pod.
 *
 * A store works on the pod alone: the directory goes before the pod does, and
 * its going waits for stores. So none may drop the file's last reference.
 */
#include "sysfs.h"

#include <linux/device/class.h>
#include <linux/sysfs.h>

#include "debugfs.h"
#include "reserve.h"
#include "target.h"
#include "wait.h"
#include "work.h"

static LIST_HEAD(pod_list);
static DEFINE_MUTEX(pod_list_lock);

static struct pod *pod_of_dev(struct device *dev)
{
	return container_of(dev, struct pod, dev);
}

static ssize_t emit_pages(char *buf, u64 pages)
{
	return sysfs_emit(buf, "%llu\n", pages << PAGE_SHIFT);
}

/* A figure of the ledger, in bytes. */
#define POD_VIEW_ATTR(_name, _field)					\
static ssize_t _name##_show(struct device *dev,				\
			    struct device_attribute *attr, char *buf)	\
{									\
	struct pod_ledger_view view;					\
									\
	pod_ledger_read(&pod_of_dev(dev)->ledger, &view);		\
	return emit_pages(buf, view._field);				\
}

#define POD_VIEW_ATTR_RO(_name, _field)					\
POD_VIEW_ATTR(_name, _field)						\
static DEVICE_ATTR_RO(_name)

POD_VIEW_ATTR_RO(size, size);
POD_VIEW_ATTR_RO(owned, owned);
POD_VIEW_ATTR_RO(populated, populated);
POD_VIEW_ATTR_RO(reserve, reserve);
POD_VIEW_ATTR_RO(outstanding, outstanding);
POD_VIEW_ATTR_RO(given, given);
POD_VIEW_ATTR_RO(given_huge, given_huge);
POD_VIEW_ATTR_RO(parked, parked);
POD_VIEW_ATTR_RO(to_shrink, to_shrink);
POD_VIEW_ATTR_RO(overdraft, overdraft);
POD_VIEW_ATTR_RO(retired, retired);
/* "float" is a word of C. */
POD_VIEW_ATTR(float, floating)
static struct device_attribute dev_attr_float = __ATTR(float, 0444, float_show,
						       NULL);
POD_VIEW_ATTR(target, target)

/* Something that happened, counted. */
#define POD_EVENT_ATTR_RO(_name, _event)				\
static ssize_t _name##_show(struct device *dev,				\
			    struct device_attribute *attr, char *buf)	\
{									\
	struct pod_ledger *ledger = &pod_of_dev(dev)->ledger;		\
									\
	return sysfs_emit(buf, "%llu\n",				\
			  pod_ledger_events(ledger, _event));		\
}									\
static DEVICE_ATTR_RO(_name)

POD_EVENT_ATTR_RO(populate_2m, POD_EVENT_POPULATE_2M);
POD_EVENT_ATTR_RO(populate_4k, POD_EVENT_POPULATE_4K);
POD_EVENT_ATTR_RO(zero_mapped, POD_EVENT_ZERO_MAPPED);
POD_EVENT_ATTR_RO(discarded, POD_EVENT_DISCARDED);
POD_EVENT_ATTR_RO(demoted, POD_EVENT_DEMOTED);
POD_EVENT_ATTR_RO(sweep_scanned, POD_EVENT_SWEEP_SCANNED);
POD_EVENT_ATTR_RO(sweep_reclaimed, POD_EVENT_SWEEP_RECLAIMED);
POD_EVENT_ATTR_RO(waits, POD_EVENT_WAITS);
POD_EVENT_ATTR_RO(exhausted, POD_EVENT_EXHAUSTED);
POD_EVENT_ATTR_RO(ept_faults, POD_EVENT_EPT_FAULTS);

/* Events told, by their kind. */
#define POD_NEWS_ATTR_RO(_name, _news)					\
static ssize_t _name##_show(struct device *dev,				\
			    struct device_attribute *attr, char *buf)	\
{									\
	struct pod_journal *journal = &pod_of_dev(dev)->journal;	\
									\
	return sysfs_emit(buf, "%llu\n",				\
			  pod_journal_count(journal, _news));		\
}									\
static DEVICE_ATTR_RO(_name)

POD_NEWS_ATTR_RO(events_low, POD_NEWS_LOW);
POD_NEWS_ATTR_RO(events_exhausted, POD_NEWS_EXHAUSTED);
POD_NEWS_ATTR_RO(events_resumed, POD_NEWS_RESUMED);
POD_NEWS_ATTR_RO(events_parked, POD_NEWS_PARKED);
POD_NEWS_ATTR_RO(events_normal, POD_NEWS_NORMAL);

static ssize_t waiting_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	struct pod *pod = pod_of_dev(dev);

	return sysfs_emit(buf, "%d\n", atomic_read(&pod->shortage.waiting));
}
static DEVICE_ATTR_RO(waiting);

static ssize_t reserve_huge_show(struct device *dev,
				 struct device_attribute *attr, char *buf)
{
	return emit_pages(buf, pod_reserve_huge_pages(pod_of_dev(dev)));
}
static DEVICE_ATTR_RO(reserve_huge);

static ssize_t label_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%s\n", pod_of_dev(dev)->label);
}
static DEVICE_ATTR_RO(label);

static ssize_t owner_pid_show(struct device *dev,
			      struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", pod_of_dev(dev)->owner_pid);
}
static DEVICE_ATTR_RO(owner_pid);

/* Bytes, a whole number of pages. */
static int parse_pages(const char *buf, u64 *pages)
{
	u64 bytes;
	int ret = kstrtou64(buf, 0, &bytes);

	if (ret)
		return ret;
	if (bytes % PAGE_SIZE)
		return -EINVAL;
	*pages = bytes >> PAGE_SHIFT;
	return 0;
}

static ssize_t target_store(struct device *dev, struct device_attribute *attr,
			    const char *buf, size_t count)
{
	u64 pages;
	int ret = parse_pages(buf, &pages);

	if (!ret)
		ret = pod_target_set(pod_of_dev(dev), pages);
	return ret ?: count;
}
static DEVICE_ATTR_RW(target);

/* A mark or a limit: pages, at most the pod's size. */
static ssize_t store_limit(struct pod *pod, const char *buf, size_t count,
			   u64 *limit)
{
	u64 pages;
	int ret = parse_pages(buf, &pages);

	if (!ret && pages > pod->ledger.size)
		ret = -EINVAL;
	if (ret)
		return ret;
	WRITE_ONCE(*limit, pages);
	pod_supply_changed(pod);
	pod_event_kick(pod);
	return count;
}

#define POD_LIMIT_ATTR_RW(_name)					\
static ssize_t _name##_show(struct device *dev,				\
			    struct device_attribute *attr, char *buf)	\
{									\
	return emit_pages(buf, READ_ONCE(pod_of_dev(dev)->_name));	\
}									\
									\
static ssize_t _name##_store(struct device *dev,			\
			     struct device_attribute *attr,		\
			     const char *buf, size_t count)		\
{									\
	struct pod *pod = pod_of_dev(dev);				\
									\
	return store_limit(pod, buf, count, &pod->_name);		\
}									\
static DEVICE_ATTR_RW(_name)

POD_LIMIT_ATTR_RW(low_mark);
POD_LIMIT_ATTR_RW(overdraft_max);
POD_LIMIT_ATTR_RW(grow_max);

static const char *const policy_names[] = {
	[KVM_POD_POLICY_WAIT] = "wait",
	[KVM_POD_POLICY_GROW] = "grow",
	[KVM_POD_POLICY_FAIL] = "fail",
};

static ssize_t policy_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	return sysfs_emit(buf, "%s\n", policy_names[READ_ONCE(pod_of_dev(dev)->policy)]);
}

static ssize_t policy_store(struct device *dev, struct device_attribute *attr,
			    const char *buf, size_t count)
{
	int policy = sysfs_match_string(policy_names, buf);

	if (policy < 0)
		return policy;
	pod_set_policy(pod_of_dev(dev), policy);
	return count;
}
static DEVICE_ATTR_RW(policy);

static ssize_t pinnable_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, "%d\n", pod_of_dev(dev)->pinnable);
}
static DEVICE_ATTR_RO(pinnable);

static struct attribute *pod_attrs[] = {
	&dev_attr_size.attr,
	&dev_attr_target.attr,
	&dev_attr_owned.attr,
	&dev_attr_populated.attr,
	&dev_attr_reserve.attr,
	&dev_attr_reserve_huge.attr,
	&dev_attr_outstanding.attr,
	&dev_attr_given.attr,
	&dev_attr_given_huge.attr,
	&dev_attr_parked.attr,
	&dev_attr_float.attr,
	&dev_attr_to_shrink.attr,
	&dev_attr_overdraft.attr,
	&dev_attr_retired.attr,
	&dev_attr_populate_2m.attr,
	&dev_attr_populate_4k.attr,
	&dev_attr_zero_mapped.attr,
	&dev_attr_discarded.attr,
	&dev_attr_demoted.attr,
	&dev_attr_sweep_scanned.attr,
	&dev_attr_sweep_reclaimed.attr,
	&dev_attr_waits.attr,
	&dev_attr_waiting.attr,
	&dev_attr_exhausted.attr,
	&dev_attr_events_low.attr,
	&dev_attr_events_exhausted.attr,
	&dev_attr_events_resumed.attr,
	&dev_attr_events_parked.attr,
	&dev_attr_events_normal.attr,
	&dev_attr_ept_faults.attr,
	&dev_attr_label.attr,
	&dev_attr_owner_pid.attr,
	&dev_attr_policy.attr,
	&dev_attr_low_mark.attr,
	&dev_attr_overdraft_max.attr,
	&dev_attr_grow_max.attr,
	&dev_attr_pinnable.attr,
	NULL
};
ATTRIBUTE_GROUPS(pod);

/* Sums over all pods: the reserve of a VM appears in nobody's RSS. */
static u64 sum_owned(struct pod *pod)
{
	return pod_ledger_glance(&pod->ledger.owned);
}

static u64 sum_reserve(struct pod *pod)
{
	struct pod_ledger_view view;

	pod_ledger_read(&pod->ledger, &view);
	return view.reserve;
}

static u64 sum_float(struct pod *pod)
{
	return pod_ledger_glance(&pod->ledger.floating);
}

static u64 sum_pods(u64 (*value)(struct pod *pod))
{
	struct pod *pod;
	u64 sum = 0;

	mutex_lock(&pod_list_lock);
	list_for_each_entry(pod, &pod_list, node)
		sum += value(pod);
	mutex_unlock(&pod_list_lock);
	return sum;
}

static ssize_t pods_show(const struct class *class,
			 const struct class_attribute *attr, char *buf)
{
	size_t nr;

	mutex_lock(&pod_list_lock);
	nr = list_count_nodes(&pod_list);
	mutex_unlock(&pod_list_lock);
	return sysfs_emit(buf, "%zu\n", nr);
}
static CLASS_ATTR_RO(pods);

static ssize_t total_owned_show(const struct class *class,
				const struct class_attribute *attr, char *buf)
{
	return emit_pages(buf, sum_pods(sum_owned));
}
static CLASS_ATTR_RO(total_owned);

static ssize_t total_reserve_show(const struct class *class,
				  const struct class_attribute *attr,
				  char *buf)
{
	return emit_pages(buf, sum_pods(sum_reserve));
}
static CLASS_ATTR_RO(total_reserve);

static ssize_t total_float_show(const struct class *class,
				const struct class_attribute *attr, char *buf)
{
	return emit_pages(buf, sum_pods(sum_float));
}
static CLASS_ATTR_RO(total_float);

static struct attribute *class_attrs[] = {
	&class_attr_pods.attr,
	&class_attr_total_owned.attr,
	&class_attr_total_reserve.attr,
	&class_attr_total_float.attr,
	NULL
};
ATTRIBUTE_GROUPS(class);

static void pod_release(struct device *dev)
{
	pod_free(pod_of_dev(dev));
}

static const struct class pod_class = {
	.name = "kvm-pod",
	.class_groups = class_groups,
	.dev_groups = pod_groups,
	.dev_release = pod_release,
};

static void pod_unpublish(struct pod *pod)
{
	mutex_lock(&pod_list_lock);
	list_del(&pod->node);
	mutex_unlock(&pod_list_lock);
	pod_debugfs_remove(pod);
	device_del(&pod->dev);
}

void pod_sysfs_prepare(struct pod *pod)
{
	device_initialize(&pod->dev);
	pod->dev.class = &pod_class;
}

int pod_sysfs_publish(struct pod *pod)
{
	int ret = dev_set_name(&pod->dev, "pod%u", pod->id);

	if (!ret)
		ret = device_add(&pod->dev);
	if (ret)
		return ret;
	pod_debugfs_add(pod);
	mutex_lock(&pod_list_lock);
	list_add_tail(&pod->node, &pod_list);
	mutex_unlock(&pod_list_lock);
	pod->unpublish = pod_unpublish;
	return 0;
}

int pod_sysfs_init(void)
{
	return class_register(&pod_class);
}

void pod_sysfs_exit(void)
{
	class_unregister(&pod_class);
}
