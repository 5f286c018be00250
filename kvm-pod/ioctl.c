// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copying the structures of ioctls in and out.
 */
#include "device.h"

#include <linux/uaccess.h>

/* The largest structure of all calls. */
union pod_ioctl_buffer {
	struct kvm_pod_info info;
	struct kvm_pod_create create;
	struct kvm_pod_query query;
	struct kvm_pod_set_target set_target;
	struct kvm_pod_balloon balloon;
	struct kvm_pod_sweep sweep;
	struct kvm_pod_set_policy set_policy;
	struct kvm_pod_read_events read_events;
};

static const struct pod_ioctl *find(const struct pod_ioctl *table,
				    unsigned int nr, unsigned int cmd)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (table[i].cmd == cmd)
			return &table[i];
	return NULL;
}

static long copy_in(const struct pod_ioctl *op, void *buffer,
		    void __user *arg, u32 *user_size)
{
	if (get_user(*user_size, (u32 __user *)arg))
		return -EFAULT;
	if (*user_size < op->min_size)
		return -EINVAL;
	return copy_struct_from_user(buffer, op->size, arg, *user_size);
}

long pod_ioctl_dispatch(struct file *file, unsigned int cmd, unsigned long arg,
			const struct pod_ioctl *table, unsigned int nr)
{
	const struct pod_ioctl *op = find(table, nr, cmd);
	union pod_ioctl_buffer buffer = {};
	void __user *uarg = (void __user *)arg;
	u32 user_size;
	long ret;

	if (!op)
		return -ENOTTY;
	ret = copy_in(op, &buffer, uarg, &user_size);
	if (ret)
		return ret;
	/* An answer that cannot be written must not come after the deed. */
	if (copy_to_user(uarg, &buffer, min(user_size, op->size)))
		return -EFAULT;
	ret = op->execute(file, &buffer);
	if (ret && ret != -EINTR && ret != -ENOMEM)
		return ret;
	if (copy_to_user(uarg, &buffer, min(user_size, op->size)))
		return -EFAULT;
	return ret;
}
