/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /sys/class/kvm-pod and the pods below it.
 */
#ifndef POD_SYSFS_H
#define POD_SYSFS_H

#include "pod.h"

/* @pod->dev becomes countable; its last put_device() frees the pod. */
void pod_sysfs_prepare(struct pod *pod);

/* Give it a number and show it. */
int pod_sysfs_publish(struct pod *pod);

int pod_sysfs_init(void);
void pod_sysfs_exit(void);

#endif /* POD_SYSFS_H */
