/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device and the memory it may reach, in either of VFIO's two ways: a group
 * in a type1 container, or a character device and an iommufd.
 *
 * All functions return 0 or -errno.
 */
#ifndef POD_SELFTEST_CONTAINER_H
#define POD_SELFTEST_CONTAINER_H

#include <stddef.h>
#include <stdint.h>

enum container_kind {
	TYPE1,
	IOMMUFD,
};

/**
 * struct container - one device in an address space of its own
 * @ops: what its kind does
 * @sysfs: the device's directory
 * @fd: the container, or the iommufd
 * @group: the device's group, -1 for IOMMUFD
 * @device: the device, as VFIO opened it
 * @ioas: the address space, IOMMUFD only
 */
struct container {
	const struct container_ops *ops;
	const char *sysfs;
	int fd;
	int group;
	int device;
	uint32_t ioas;
};

struct container_ops {
	int (*begin)(struct container *c);
	int (*map)(struct container *c, uint64_t iova, const void *addr,
		   size_t len, int prot);
	int (*unmap)(struct container *c, uint64_t iova, size_t len);
};

extern const struct container_ops type1_ops, iommufd_ops;

/* Open both and join them; -ENODEV where the kernel has no such kind. */
int container_begin(struct container *c, enum container_kind kind,
		    const char *sysfs);
void container_end(struct container *c);

/* @prot is PROT_READ, PROT_WRITE or both. */
int container_map(struct container *c, uint64_t iova, const void *addr,
		  size_t len, int prot);
int container_unmap(struct container *c, uint64_t iova, size_t len);

/* Leave and join the address space, whose mappings stay. IOMMUFD only. */
int iommufd_detach(struct container *c);
int iommufd_attach(struct container *c);
/* Map a file, not an address. */
int iommufd_map_file(struct container *c, uint64_t iova, int fd, size_t len);

#endif /* POD_SELFTEST_CONTAINER_H */
