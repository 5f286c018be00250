/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * debugfs: the audit, and a map of the pod. For root, no ABI.
 */
#ifndef POD_DEBUGFS_H
#define POD_DEBUGFS_H

#include "pod.h"

void pod_debugfs_add(struct pod *pod);
void pod_debugfs_remove(struct pod *pod);
void pod_debugfs_init(void);
void pod_debugfs_exit(void);

#endif /* POD_DEBUGFS_H */
