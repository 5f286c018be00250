/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's simulated vDPA device, by vhost-vdpa. It reaches memory in
 * either of the ways that real ones do.
 */
#ifndef POD_SELFTEST_VDPA_SIM_H
#define POD_SELFTEST_VDPA_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A file of vhost-vdpa, or -errno; -ENODEV if this kernel has no such device.
 * @shared: by the addresses and the page tables of its owner, without a pin
 */
int vdpa_open(bool shared);
void vdpa_close(int fd);

/* @prot as of mmap(). 0 or -errno, which vhost makes EFAULT whatever it was. */
int vdpa_map(int fd, uint64_t iova, const void *addr, size_t len, int prot);
int vdpa_unmap(int fd, uint64_t iova, size_t len);

#endif /* POD_SELFTEST_VDPA_SIM_H */
