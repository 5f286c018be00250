// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "testdev.h"

#include <errno.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "container.h"
#include "sys.h"

#define TYPE	"/sys/class/mdev_bus/kvm-pod-mdev/mdev_supported_types/kvm-pod-mdev-pci"
#define FAIL	"/sys/module/kvm_pod_mdev/parameters/fail_"

int mdev_begin(void)
{
	if (system("modprobe kvm-pod-mdev 2>/dev/null"))
		return -ENODEV;
	if (!access(MDEV_SYSFS, F_OK))
		return 0;
	return file_write(TYPE "/create", MDEV_UUID);
}

void mdev_end(void)
{
	file_write(MDEV_SYSFS "/remove", "1");
}

int mdev_fail(const char *step)
{
	char path[128];

	snprintf(path, sizeof(path), FAIL "%s", step);
	return file_write(path, "1");
}

static off_t bar(const struct container *c)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info), .index = VFIO_PCI_BAR0_REGION_INDEX,
	};

	if (ioctl(c->device, VFIO_DEVICE_GET_REGION_INFO, &info))
		abort();
	return info.offset;
}

uint64_t mdev_read(const struct container *c, unsigned int reg)
{
	uint64_t value;

	if (pread(c->device, &value, sizeof(value), bar(c) + reg) !=
	    sizeof(value))
		abort();
	return value;
}

void mdev_write(const struct container *c, unsigned int reg, uint64_t value)
{
	if (pwrite(c->device, &value, sizeof(value), bar(c) + reg) !=
	    sizeof(value))
		abort();
}

int mdev_do(const struct container *c, enum pod_mdev_command command,
	    uint64_t iova, size_t len)
{
	mdev_write(c, POD_MDEV_IOVA, iova);
	mdev_write(c, POD_MDEV_LENGTH, len);
	mdev_write(c, POD_MDEV_COMMAND, command);
	return mdev_read(c, POD_MDEV_RESULT);
}
