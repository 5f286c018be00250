// SPDX-License-Identifier: GPL-2.0-only
#include "assigned.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sys.h"

/* QEMU's e1000e. */
#define VENDOR	0x8086
#define DEVICE	0x10d3

static long attr(const char *device, const char *name)
{
	char path[512], text[32];

	snprintf(path, sizeof(path), "%s/%s", device, name);
	return file_read(path, text, sizeof(text)) < 0 ? -1 :
	       strtol(text, NULL, 0);
}

static int find(char *device, size_t len)
{
	glob_t all;
	int found = 0;

	glob("/sys/bus/pci/devices/*", 0, NULL, &all);
	for (size_t i = 0; i < all.gl_pathc && !found; i++) {
		snprintf(device, len, "%s", all.gl_pathv[i]);
		found = attr(device, "vendor") == VENDOR &&
			attr(device, "device") == DEVICE;
	}
	globfree(&all);
	return found;
}

static int has(const char *device, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", device, name);
	return !access(path, F_OK);
}

/* Some IOMMUs take a device only when a driver does. */
const char *assigned_device(void)
{
	static char device[256];
	char path[512];

	if (!find(device, sizeof(device)) || system("modprobe vfio-pci"))
		return NULL;
	snprintf(path, sizeof(path), "%s/driver_override", device);
	file_write(path, "vfio-pci");
	if (!has(device, "driver"))
		file_write("/sys/bus/pci/drivers_probe",
			   device + sizeof("/sys/bus/pci/devices"));
	return has(device, "driver") && has(device, "iommu_group") ?
	       device : NULL;
}
