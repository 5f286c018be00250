// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "container.h"

/* linux/iommufd.h and what linux/vfio.h has for it, younger than Debian 12. */
struct iommu_ioas_alloc {
	uint32_t size, flags, out_ioas_id;
};

struct iommu_ioas_map {
	uint32_t size, flags, ioas_id, reserved;
	uint64_t user_va, length, iova;
};

struct iommu_ioas_map_file {
	uint32_t size, flags, ioas_id;
	int32_t fd;
	uint64_t start, length, iova;
};

struct iommu_ioas_unmap {
	uint32_t size, ioas_id;
	uint64_t iova, length;
};

struct device_bind {
	uint32_t argsz, flags;
	int32_t iommufd;
	uint32_t out_devid;
};

struct device_attach {
	uint32_t argsz, flags, pt_id;
};

#define IOMMU_IOAS_ALLOC	_IO(';', 0x81)
#define IOMMU_IOAS_MAP		_IO(';', 0x85)
#define IOMMU_IOAS_UNMAP	_IO(';', 0x86)
#define IOMMU_IOAS_MAP_FILE	_IO(';', 0x8f)
#define DEVICE_BIND		_IO(VFIO_TYPE, VFIO_BASE + 18)
#define DEVICE_ATTACH		_IO(VFIO_TYPE, VFIO_BASE + 19)
#define DEVICE_DETACH		_IO(VFIO_TYPE, VFIO_BASE + 20)

#define MAP_FIXED_IOVA		1
#define MAP_WRITEABLE		2
#define MAP_READABLE		4

static int call(int fd, unsigned long request, void *args)
{
	return ioctl(fd, request, args) ? -errno : 0;
}

/* vfio-dev/vfioN is the name of /dev/vfio/devices/vfioN. */
static int open_device(const char *sysfs)
{
	char path[4096];
	struct dirent *entry;
	int fd = -ENODEV;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/vfio-dev", sysfs);
	dir = opendir(path);
	while (dir && fd < 0 && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "vfio", 4))
			continue;
		snprintf(path, sizeof(path), "/dev/vfio/devices/%s",
			 entry->d_name);
		fd = open(path, O_RDWR | O_CLOEXEC);
	}
	if (dir)
		closedir(dir);
	return fd == -1 ? -errno : fd;
}

static int begin(struct container *c)
{
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };
	struct device_bind bind = { .argsz = sizeof(bind) };
	int ret;

	if (system("modprobe iommufd 2>/dev/null"))
		return -ENODEV;
	c->fd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	if (c->fd < 0)
		return -ENODEV;
	c->device = open_device(c->sysfs);
	if (c->device < 0)
		return c->device;
	bind.iommufd = c->fd;
	ret = call(c->device, DEVICE_BIND, &bind);
	if (!ret)
		ret = call(c->fd, IOMMU_IOAS_ALLOC, &alloc);
	c->ioas = alloc.out_ioas_id;
	return ret ?: iommufd_attach(c);
}

int iommufd_attach(struct container *c)
{
	struct device_attach args = { .argsz = sizeof(args), .pt_id = c->ioas };

	return call(c->device, DEVICE_ATTACH, &args);
}

int iommufd_detach(struct container *c)
{
	struct device_attach args = { .argsz = 2 * sizeof(uint32_t) };

	return call(c->device, DEVICE_DETACH, &args);
}

static int map(struct container *c, uint64_t iova, const void *addr,
	       size_t len, int prot)
{
	struct iommu_ioas_map args = {
		.size = sizeof(args), .ioas_id = c->ioas,
		.flags = MAP_FIXED_IOVA |
			 (prot & PROT_READ ? MAP_READABLE : 0) |
			 (prot & PROT_WRITE ? MAP_WRITEABLE : 0),
		.user_va = (uintptr_t)addr, .length = len, .iova = iova,
	};

	return call(c->fd, IOMMU_IOAS_MAP, &args);
}

int iommufd_map_file(struct container *c, uint64_t iova, int fd, size_t len)
{
	struct iommu_ioas_map_file args = {
		.size = sizeof(args), .ioas_id = c->ioas, .fd = fd,
		.flags = MAP_FIXED_IOVA | MAP_READABLE | MAP_WRITEABLE,
		.length = len, .iova = iova,
	};

	return call(c->fd, IOMMU_IOAS_MAP_FILE, &args);
}

static int unmap(struct container *c, uint64_t iova, size_t len)
{
	struct iommu_ioas_unmap args = {
		.size = sizeof(args), .ioas_id = c->ioas,
		.iova = iova, .length = len,
	};

	return call(c->fd, IOMMU_IOAS_UNMAP, &args);
}

const struct container_ops iommufd_ops = {
	.begin = begin,
	.map = map,
	.unmap = unmap,
};
