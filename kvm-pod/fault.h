/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The far end of KVM's EPT fault path.
 */
#ifndef POD_FAULT_H
#define POD_FAULT_H

#include "pod.h"

vm_fault_t pod_fault(struct vm_fault *vmf);
vm_fault_t pod_map_pages(struct vm_fault *vmf, pgoff_t first, pgoff_t last);
vm_fault_t pod_page_mkwrite(struct vm_fault *vmf);

#endif /* POD_FAULT_H */
