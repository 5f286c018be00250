// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "container.h"

#define CONTAINER	"/dev/vfio/vfio"

static int open_group(const char *sysfs)
{
	char link[PATH_MAX], path[PATH_MAX + 16], group[NAME_MAX];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "%s/iommu_group", sysfs);
	len = readlink(path, link, sizeof(link) - 1);
	if (len < 0)
		return -ENODEV;
	link[len] = '\0';
	snprintf(group, sizeof(group), "/dev/vfio/%.200s", strrchr(link, '/') + 1);
	fd = open(group, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int begin(struct container *c)
{
	if (system("modprobe vfio_iommu_type1 2>/dev/null"))
		return -ENODEV;
	c->fd = open(CONTAINER, O_RDWR | O_CLOEXEC);
	if (c->fd < 0)
		return -ENODEV;
	c->group = open_group(c->sysfs);
	if (c->group < 0)
		return c->group;
	if (ioctl(c->group, VFIO_GROUP_SET_CONTAINER, &c->fd) ||
	    ioctl(c->fd, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return -errno;
	c->device = ioctl(c->group, VFIO_GROUP_GET_DEVICE_FD,
			  strrchr(c->sysfs, '/') + 1);
	return c->device < 0 ? -errno : 0;
}

static int map(struct container *c, uint64_t iova, const void *addr,
	       size_t len, int prot)
{
	struct vfio_iommu_type1_dma_map args = {
		.argsz = sizeof(args),
		.flags = (prot & PROT_READ ? VFIO_DMA_MAP_FLAG_READ : 0) |
			 (prot & PROT_WRITE ? VFIO_DMA_MAP_FLAG_WRITE : 0),
		.vaddr = (uintptr_t)addr, .iova = iova, .size = len,
	};

	return ioctl(c->fd, VFIO_IOMMU_MAP_DMA, &args) ? -errno : 0;
}

static int unmap(struct container *c, uint64_t iova, size_t len)
{
	struct vfio_iommu_type1_dma_unmap args = {
		.argsz = sizeof(args), .iova = iova, .size = len,
	};

	return ioctl(c->fd, VFIO_IOMMU_UNMAP_DMA, &args) ? -errno : 0;
}

const struct container_ops type1_ops = {
	.begin = begin,
	.map = map,
	.unmap = unmap,
};
