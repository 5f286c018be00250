// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/kvm-pod: what this kernel can do, and making pods.
 */
#include "device.h"

#include <linux/bitmap.h>
#include <linux/cpuset.h>
#include <linux/ctype.h>
#include <linux/file.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "alloc.h"
#include "file.h"
#include "overdraft.h"
#include "populate.h"
#include "sysfs.h"
#include "target.h"

/* 16 TiB: the word array stays below 64 MiB. */
#define POD_MAX_SIZE	(1ULL << 44)
#define POD_REGION_SIZE	(POD_REGION_PAGES << PAGE_SHIFT)

/* Low means: less than a sixteenth of the target, within reason. */
#define POD_LOW_MARK(target)	min((target) / 16, 64ULL << (20 - PAGE_SHIFT))

static long do_get_info(struct file *file, void *arg)
{
	struct kvm_pod_info *info = arg;

	if (info->flags || info->__reserved)
		return -EOPNOTSUPP;
	info->out_abi = KVM_POD_ABI_VERSION;
	info->out_features = KVM_POD_FEATURE_POLICY_WAIT |
			     KVM_POD_FEATURE_POLICY_GROW |
			     KVM_POD_FEATURE_POLICY_FAIL |
			     KVM_POD_FEATURE_BALLOON |
			     KVM_POD_FEATURE_SWEEP | KVM_POD_FEATURE_EVENTS |
			     KVM_POD_FEATURE_PINNABLE;
	info->out_max_size = POD_MAX_SIZE;
	info->out_granularity = POD_REGION_SIZE;
	info->out_page_size = PAGE_SIZE;
	return 0;
}

static bool label_ok(const char *label)
{
	unsigned int i;

	for (i = 0; i < KVM_POD_LABEL_LEN; i++) {
		if (!label[i])
			return true;
		if (!isascii(label[i]) || !isprint(label[i]))
			return false;
	}
	return false;
}

static long create_check(const struct kvm_pod_create *c)
{
	if (c->flags & ~KVM_POD_F_PINNABLE || c->__reserved ||
	    c->open_flags & ~O_CLOEXEC)
		return -EOPNOTSUPP;
	if (c->policy > KVM_POD_POLICY_FAIL)
		return -EOPNOTSUPP;
	if (!c->memory_size || c->memory_size % POD_REGION_SIZE ||
	    c->memory_size > POD_MAX_SIZE)
		return -EINVAL;
	if (c->target < POD_REGION_SIZE || c->target % PAGE_SIZE ||
	    c->target > c->memory_size)
		return -EINVAL;
	if (c->flags & KVM_POD_F_PINNABLE && c->target != c->memory_size)
		return -EINVAL;
	return label_ok(c->label) ? 0 : -EINVAL;
}

/* Every node named must exist and have memory. */
static int set_nodes(nodemask_t *nodes, const u64 *mask, unsigned int words)
{
	unsigned int i, node;

	nodes_clear(*nodes);
	for (i = 0; i < words * 64; i++) {
		if (!(mask[i / 64] >> (i % 64) & 1))
			continue;
		node = i;
		if (node >= MAX_NUMNODES || !node_state(node, N_MEMORY))
			return -EINVAL;
		node_set(node, *nodes);
	}
	return nodes_empty(*nodes) ? -EINVAL : 0;
}

static int get_nodes(nodemask_t *nodes, const struct kvm_pod_create *c)
{
	const unsigned int max = BITS_TO_U64(1024);
	u64 *mask;
	int ret;

	if (!c->node_mask_words && !c->node_mask_ptr) {
		*nodes = node_states[N_MEMORY];
		nodes_and(*nodes, *nodes, cpuset_current_mems_allowed);
		return 0;
	}
	if (!c->node_mask_words || !c->node_mask_ptr ||
	    c->node_mask_words > max)
		return -EINVAL;
	mask = memdup_array_user(u64_to_user_ptr(c->node_mask_ptr),
				 c->node_mask_words, sizeof(*mask));
	if (IS_ERR(mask))
		return PTR_ERR(mask);
	ret = set_nodes(nodes, mask, c->node_mask_words);
	kfree(mask);
	/* The helpers that take the pages have no cpuset of their own. */
	if (!ret && !nodes_subset(*nodes, cpuset_current_mems_allowed))
		ret = -EINVAL;
	return ret;
}

static struct pod *create_pod(const struct kvm_pod_create *c)
{
	u64 target = c->target >> PAGE_SHIFT;
	nodemask_t nodes;
	struct pod *pod;
	int ret;

	ret = get_nodes(&nodes, c);
	if (ret)
		return ERR_PTR(ret);
	pod = pod_alloc(c->memory_size >> PAGE_SHIFT);
	if (!pod)
		return ERR_PTR(-ENOMEM);
	pod->nodes = nodes;
	pod->policy = c->policy;
	pod->owner_pid = task_tgid_nr(current);
	pod->pinnable = c->flags & KVM_POD_F_PINNABLE;
	/* Nothing is touched that has no memory. */
	pod->low_mark = pod->pinnable ? 0 : POD_LOW_MARK(target);
	pod->overdraft_max = min(POD_OVERDRAFT_PAGES, pod->ledger.size);
	pod->grow_max = pod->ledger.size - target;
	pod->scarce = target < pod->ledger.size;
	strscpy(pod->label, c->label);
	ret = pod_target_create(pod, target);
	if (ret) {
		pod_discard_new(pod);
		return ERR_PTR(ret);
	}
	return pod;
}

/* The file owns the pod from here: giving it up is fput(). */
static struct file *create_file(struct pod *pod, unsigned int open_flags)
{
	struct file *file;
	int ret;

	file = pod_file_create(pod, open_flags, &pod_file_fops);
	if (IS_ERR(file)) {
		pod_discard_new(pod);
		return file;
	}
	pod_sysfs_prepare(pod);
	ret = pod->pinnable ? pod_populate_all(pod) : 0;
	if (!ret)
		ret = pod_sysfs_publish(pod);
	if (ret) {
		fput(file);
		return ERR_PTR(ret);
	}
	return file;
}

static long do_create(struct file *device, void *arg)
{
	struct kvm_pod_create *c = arg;
	struct file *file;
	struct pod *pod;
	long ret;
	int fd;

	ret = create_check(c);
	if (ret)
		return ret;
	pod = create_pod(c);
	if (IS_ERR(pod))
		return PTR_ERR(pod);
	file = create_file(pod, c->open_flags);
	if (IS_ERR(file))
		return PTR_ERR(file);
	fd = get_unused_fd_flags(c->open_flags);
	if (fd < 0) {
		fput(file);
		return fd;
	}
	c->out_fd = fd;
	c->out_id = pod->id;
	pod_ioctl_return_file(c, fd, file);
	return 0;
}

static const struct pod_ioctl device_ioctls[] = {
	POD_IOCTL(KVM_POD_GET_INFO, kvm_pod_info, out_page_size, do_get_info),
	POD_IOCTL(KVM_POD_CREATE, kvm_pod_create, label, do_create),
};

static long device_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return pod_ioctl_dispatch(file, cmd, arg, device_ioctls,
				  ARRAY_SIZE(device_ioctls));
}

static const struct file_operations device_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = device_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

/* The group "kvm" is udev's to give, see 99-kvm-pod.rules. */
static struct miscdevice pod_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "kvm-pod",
	.fops = &device_fops,
	.mode = 0660,
};

int pod_device_init(void)
{
	return misc_register(&pod_misc);
}

void pod_device_exit(void)
{
	misc_deregister(&pod_misc);
}
