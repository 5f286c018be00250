/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside kvm-pod-mdev.ko: pins.c does what the device is told, vfio.c is what
 * VFIO sees of it, main.c brings it up and makes steps fail.
 */
#ifndef POD_MDEV_H
#define POD_MDEV_H

#include <linux/mutex.h>
#include <linux/vfio.h>
#include <linux/xarray.h>

#include "kvm-pod-mdev.h"

#define POD_MDEV_CONFIG_SIZE	256

/* Steps that can be made to fail, see fail_* in main.c. */
enum pod_mdev_step {
	POD_MDEV_PROBE,		/* creation of a device */
	POD_MDEV_OPEN,
	POD_MDEV_BIND,		/* to an iommufd */
	POD_MDEV_ATTACH,	/* to an address space of that */
	POD_MDEV_INFO,
	POD_MDEV_REGION,
	POD_MDEV_IRQ,
	POD_MDEV_CONFIG,	/* read of the PCI configuration space */
	POD_MDEV_RESET,
	POD_MDEV_PIN_PAGE,
	POD_MDEV_STEPS
};

/**
 * struct pod_mdev - one device
 * @vdev: what VFIO knows of it; its life is ours
 * @lock: taken by all that comes from outside. Outside the container's own
 *	locks: an unmap calls us without them.
 * @config: PCI configuration space
 * @regs: BAR 0
 * @pins: page frame of the IOVA -> the struct page pinned there
 * @pinned: number of @pins
 * @refused: pages that could not be pinned, ever
 */
struct pod_mdev {
	struct vfio_device vdev;
	struct mutex lock;
	u8 config[POD_MDEV_CONFIG_SIZE];
	u64 regs[POD_MDEV_REGS / sizeof(u64)];
	struct xarray pins;
	unsigned long pinned;
	unsigned long refused;
};

#define to_pod_mdev(device)	container_of(device, struct pod_mdev, vdev)

static inline u64 *pod_mdev_reg(struct pod_mdev *pm, unsigned int offset)
{
	return &pm->regs[offset / sizeof(u64)];
}

/* 0, or -EIO if it is this one's turn. */
int pod_mdev_fail(enum pod_mdev_step step);

/* With the lock held. The pages from @first to @last; how many were pinned. */
unsigned long pod_mdev_unpin(struct pod_mdev *pm, unsigned long first,
			     unsigned long last);
/* With the lock held: enum pod_mdev_command. */
int pod_mdev_do(struct pod_mdev *pm, u64 command);

extern const struct vfio_device_ops pod_mdev_ops;

#endif /* POD_MDEV_H */
