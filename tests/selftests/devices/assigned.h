/* SPDX-License-Identifier: GPL-2.0-only */
/* A real PCI device, as far as L1 can tell, that VFIO may have. */
#ifndef POD_SELFTEST_ASSIGNED_H
#define POD_SELFTEST_ASSIGNED_H

/*
 * Give a network card to vfio-pci. Returns its directory in sysfs, or NULL if
 * there is none that an IOMMU isolates.
 */
const char *assigned_device(void);

#endif /* POD_SELFTEST_ASSIGNED_H */
