/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef POD_DEVICE_H
#define POD_DEVICE_H

#include <linux/fs.h>
#include <linux/types.h>

#include "pod.h"

/*
 * One call: the structure's full size, the part that every caller must have,
 * and what to do with a copy of it. iommufd's scheme.
 */
struct pod_ioctl {
	unsigned int cmd;
	u32 size;
	u32 min_size;
	long (*execute)(struct file *file, void *cmd);
};

#define POD_IOCTL(_cmd, _struct, _last, _fn)				\
	{								\
		.cmd = _cmd,						\
		.size = sizeof(struct _struct),				\
		.min_size = offsetofend(struct _struct, _last),		\
		.execute = _fn,						\
	}

/*
 * Find @cmd in @table, copy its structure in, execute it, and copy it out
 * again: on success, and when a part was done (-EINTR, -ENOMEM).
 */
long pod_ioctl_dispatch(struct file *file, unsigned int cmd, unsigned long arg,
			const struct pod_ioctl *table, unsigned int nr);

/*
 * Let the call whose structure @arg is return @file as descriptor @fd, which
 * is reserved for it. Takes the reference. It becomes the caller's once the
 * answer is written, and is gone again if that cannot be.
 */
void pod_ioctl_return_file(void *arg, int fd, struct file *file);

extern const struct file_operations pod_file_fops;

int pod_device_init(void);
void pod_device_exit(void);

#endif /* POD_DEVICE_H */
