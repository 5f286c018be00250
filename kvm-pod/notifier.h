/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the VMM does with its mappings: a hint where to sweep.
 */
#ifndef POD_NOTIFIER_H
#define POD_NOTIFIER_H

#include "pod.h"

/*
 * Watch a mapping of @pod, from its making to pod_notifier_close(). mmap_lock
 * is held for writing. Without memory it goes unwatched.
 */
void pod_notifier_open(struct pod *pod, struct vm_area_struct *vma);
void pod_notifier_close(struct vm_area_struct *vma);

#endif /* POD_NOTIFIER_H */
