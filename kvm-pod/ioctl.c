// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copying the structures of ioctls in and out.
 */
#include "device.h"

#include <linux/file.h>
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

/**
 * struct pod_call - a call at work
 * @buffer: its structure; first, so that who has it has the call
 * @new_file: a file that it made and nobody else knows of yet, or NULL
 * @new_fd: the descriptor reserved for @new_file
 */
struct pod_call {
	union pod_ioctl_buffer buffer;
	struct file *new_file;
	int new_fd;
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
	/* What is beyond must be read, and be zero: that shall not take long. */
	if (*user_size > PAGE_SIZE)
		return -E2BIG;
	return copy_struct_from_user(buffer, op->size, arg, *user_size);
}

void pod_ioctl_return_file(void *arg, int fd, struct file *file)
{
	struct pod_call *call = container_of(arg, struct pod_call, buffer);

	call->new_fd = fd;
	call->new_file = file;
}

/* A descriptor that the caller was not told of would be lost to it. */
static void settle_file(struct pod_call *call, bool told)
{
	if (!call->new_file)
		return;
	if (told) {
		fd_install(call->new_fd, call->new_file);
	} else {
		put_unused_fd(call->new_fd);
		fput(call->new_file);
	}
}

long pod_ioctl_dispatch(struct file *file, unsigned int cmd, unsigned long arg,
			const struct pod_ioctl *table, unsigned int nr)
{
	const struct pod_ioctl *op = find(table, nr, cmd);
	struct pod_call call = {};
	void *buffer = &call.buffer;
	void __user *uarg = (void __user *)arg;
	u32 user_size;
	long ret;

	if (!op)
		return -ENOTTY;
	ret = copy_in(op, buffer, uarg, &user_size);
	if (ret)
		return ret;
	/* An answer that cannot be written must not come after the deed. */
	if (copy_to_user(uarg, buffer, min(user_size, op->size)))
		return -EFAULT;
	ret = op->execute(file, buffer);
	if (ret && ret != -EINTR && ret != -ENOMEM)
		return ret;
	if (copy_to_user(uarg, buffer, min(user_size, op->size)))
		ret = -EFAULT;
	settle_file(&call, ret != -EFAULT);
	return ret;
}
