/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The code is written for the newest kernel it was tested with; what older
 * ones lack is added here under upstream's name. Declared window: 6.12 LTS
 * and later.
 */
#ifndef POD_COMPAT_H
#define POD_COMPAT_H

#include <linux/fs.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
#error "kvm-pod needs Linux 6.12 or later"
#endif

/* Renamed in 6.18. Delete when 6.12 is no longer supported. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
#define inode_just_drop generic_delete_inode
#endif

#endif /* POD_COMPAT_H */
