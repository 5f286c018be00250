/* SPDX-License-Identifier: GPL-2.0-only */
/* The device of ../../mdev, which pins what it is told to. */
#ifndef POD_SELFTEST_TESTDEV_H
#define POD_SELFTEST_TESTDEV_H

#include <stddef.h>
#include <stdint.h>

#include "kvm-pod-mdev.h"

struct container;

/* Its directory in sysfs once it is there. */
#define MDEV_SYSFS	"/sys/bus/mdev/devices/" MDEV_UUID
#define MDEV_UUID	"0d4c1f2e-5a7b-4c1d-9e3f-6b8a70c2d541"

/* Load the module, make a device; -ENODEV if this kernel has no such. */
int mdev_begin(void);
void mdev_end(void);

/* The next time that the device comes to a step, it fails. */
int mdev_fail(const char *step);

uint64_t mdev_read(const struct container *c, unsigned int reg);
void mdev_write(const struct container *c, unsigned int reg, uint64_t value);

/* Have it done; returns what the device says. */
int mdev_do(const struct container *c, enum pod_mdev_command command,
	    uint64_t iova, size_t len);

#endif /* POD_SELFTEST_TESTDEV_H */
