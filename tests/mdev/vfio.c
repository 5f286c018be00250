// SPDX-License-Identifier: GPL-2.0-only
/*
 * What VFIO, and with it QEMU or a test, sees: a PCI device without interrupts.
 */
#include <linux/lockdep.h>
#include <linux/pci.h>
#include <linux/unaligned.h>

#include "pod_mdev.h"

#define POD_MDEV_BAR_SIZE	PAGE_SIZE

/* Where the regions are in the device's file. */
#define POD_MDEV_CONFIG_POS	0
#define POD_MDEV_BAR_POS	PAGE_SIZE

static void pod_mdev_set(u8 *config, unsigned int offset, u32 value)
{
	put_unaligned_le32(value, config + offset);
}

/* All but the command, the line and the BAR's address is as it always is. */
static void pod_mdev_fix_config(struct pod_mdev *pm)
{
	u8 line = pm->config[PCI_INTERRUPT_LINE];
	u32 command = get_unaligned_le16(pm->config + PCI_COMMAND);
	u32 bar = get_unaligned_le32(pm->config + PCI_BASE_ADDRESS_0);

	memset(pm->config, 0, sizeof(pm->config));
	pod_mdev_set(pm->config, PCI_VENDOR_ID,
		     POD_MDEV_VENDOR | POD_MDEV_DEVICE << 16);
	pod_mdev_set(pm->config, PCI_COMMAND, command);
	pod_mdev_set(pm->config, PCI_CLASS_REVISION,
		     PCI_CLASS_OTHERS << 24 | 1);
	pod_mdev_set(pm->config, PCI_BASE_ADDRESS_0,
		     bar & ~(u32)(POD_MDEV_BAR_SIZE - 1));
	pm->config[PCI_INTERRUPT_LINE] = line;
}

/* The bytes of a region at @pos, or NULL. */
static void *pod_mdev_at(struct pod_mdev *pm, loff_t pos, size_t count)
{
	if (pos >= POD_MDEV_BAR_POS) {
		pos -= POD_MDEV_BAR_POS;
		if (pos >= POD_MDEV_REGS || count > POD_MDEV_REGS - pos)
			return NULL;
		return (u8 *)pm->regs + pos;
	}
	if (pos >= POD_MDEV_CONFIG_SIZE || count > POD_MDEV_CONFIG_SIZE - pos)
		return NULL;
	return pm->config + pos;
}

static ssize_t pod_mdev_read(struct vfio_device *vdev, char __user *buf,
			     size_t count, loff_t *ppos)
{
	struct pod_mdev *pm = to_pod_mdev(vdev);
	void *at = pod_mdev_at(pm, *ppos, count);

	if (!at)
		return -EINVAL;
	if (*ppos < POD_MDEV_BAR_POS && pod_mdev_fail(POD_MDEV_CONFIG))
		return -EIO;
	guard(mutex)(&pm->lock);
	*pod_mdev_reg(pm, POD_MDEV_PINNED) = pm->pinned;
	if (copy_to_user(buf, at, count))
		return -EFAULT;
	*ppos += count;
	return count;
}

static ssize_t pod_mdev_write(struct vfio_device *vdev, const char __user *buf,
			      size_t count, loff_t *ppos)
{
	struct pod_mdev *pm = to_pod_mdev(vdev);
	void *at = pod_mdev_at(pm, *ppos, count);

	if (!at)
		return -EINVAL;
	guard(mutex)(&pm->lock);
	if (copy_from_user(at, buf, count))
		return -EFAULT;
	pod_mdev_fix_config(pm);
	if (at == pod_mdev_reg(pm, POD_MDEV_COMMAND))
		*pod_mdev_reg(pm, POD_MDEV_RESULT) =
			pod_mdev_do(pm, *(u8 *)at);
	*ppos += count;
	return count;
}

static int pod_mdev_info(void __user *arg)
{
	struct vfio_device_info info = {
		.argsz = sizeof(info),
		.flags = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET,
		.num_regions = VFIO_PCI_NUM_REGIONS,
		.num_irqs = VFIO_PCI_NUM_IRQS,
	};

	if (pod_mdev_fail(POD_MDEV_INFO))
		return -EIO;
	return copy_to_user(arg, &info,
			    offsetofend(typeof(info), num_irqs)) ? -EFAULT : 0;
}

static int pod_mdev_region_info(void __user *arg)
{
	size_t len = offsetofend(struct vfio_region_info, offset);
	struct vfio_region_info info;

	if (pod_mdev_fail(POD_MDEV_REGION))
		return -EIO;
	if (copy_from_user(&info, arg, len))
		return -EFAULT;
	if (info.argsz < len || info.index >= VFIO_PCI_NUM_REGIONS)
		return -EINVAL;
	info.offset = 0;
	info.size = 0;
	info.flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	if (info.index == VFIO_PCI_CONFIG_REGION_INDEX) {
		info.offset = POD_MDEV_CONFIG_POS;
		info.size = POD_MDEV_CONFIG_SIZE;
	} else if (info.index == VFIO_PCI_BAR0_REGION_INDEX) {
		info.offset = POD_MDEV_BAR_POS;
		info.size = POD_MDEV_BAR_SIZE;
	} else {
		info.flags = 0;
	}
	return copy_to_user(arg, &info, len) ? -EFAULT : 0;
}

/* It has none. */
static int pod_mdev_irq_info(void __user *arg)
{
	struct vfio_irq_info info;

	if (pod_mdev_fail(POD_MDEV_IRQ))
		return -EIO;
	if (copy_from_user(&info, arg, sizeof(info)))
		return -EFAULT;
	if (info.argsz < sizeof(info) || info.index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;
	info.flags = 0;
	info.count = 0;
	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static int pod_mdev_reset(struct pod_mdev *pm)
{
	if (pod_mdev_fail(POD_MDEV_RESET))
		return -EIO;
	guard(mutex)(&pm->lock);
	pod_mdev_unpin(pm, 0, ULONG_MAX);
	memset(pm->regs, 0, sizeof(pm->regs));
	return 0;
}

static long pod_mdev_ioctl(struct vfio_device *vdev, unsigned int cmd,
			   unsigned long arg)
{
	void __user *user = (void __user *)arg;

	switch (cmd) {
	case VFIO_DEVICE_GET_INFO:
		return pod_mdev_info(user);
	case VFIO_DEVICE_GET_REGION_INFO:
		return pod_mdev_region_info(user);
	case VFIO_DEVICE_GET_IRQ_INFO:
		return pod_mdev_irq_info(user);
	case VFIO_DEVICE_SET_IRQS:
		return pod_mdev_fail(POD_MDEV_IRQ) ?: -EINVAL;
	case VFIO_DEVICE_RESET:
		return pod_mdev_reset(to_pod_mdev(vdev));
	}
	return -ENOTTY;
}

/*
 * The memory goes: VFIO waits for us to let it go.
 *
 * type1 holds its device_list_lock here, and vfio_unpin_pages() takes its
 * iommu->lock; who opens a device takes these two in the other order. All
 * drivers that pin have to do this (drivers/s390/crypto/vfio_ap_ops.c for one),
 * so lockdep's report would be of VFIO, and the last until the next boot.
 */
static void pod_mdev_dma_unmap(struct vfio_device *vdev, u64 iova, u64 length)
{
	struct pod_mdev *pm = to_pod_mdev(vdev);
	u64 last = iova + length - 1;

	lockdep_off();
	mutex_lock(&pm->lock);
	*pod_mdev_reg(pm, POD_MDEV_UNMAPPED) +=
		pod_mdev_unpin(pm, iova >> PAGE_SHIFT, last >> PAGE_SHIFT);
	mutex_unlock(&pm->lock);
	lockdep_on();
}

static int pod_mdev_bind(struct vfio_device *vdev, struct iommufd_ctx *ictx,
			 u32 *out_device_id)
{
	return pod_mdev_fail(POD_MDEV_BIND) ?:
	       vfio_iommufd_emulated_bind(vdev, ictx, out_device_id);
}

static int pod_mdev_attach(struct vfio_device *vdev, u32 *pt_id)
{
	return pod_mdev_fail(POD_MDEV_ATTACH) ?:
	       vfio_iommufd_emulated_attach_ioas(vdev, pt_id);
}

static int pod_mdev_open(struct vfio_device *vdev)
{
	return pod_mdev_fail(POD_MDEV_OPEN);
}

static void pod_mdev_close(struct vfio_device *vdev)
{
	struct pod_mdev *pm = to_pod_mdev(vdev);

	guard(mutex)(&pm->lock);
	pod_mdev_unpin(pm, 0, ULONG_MAX);
	memset(pm->regs, 0, sizeof(pm->regs));
}

static int pod_mdev_init(struct vfio_device *vdev)
{
	struct pod_mdev *pm = to_pod_mdev(vdev);

	mutex_init(&pm->lock);
	xa_init(&pm->pins);
	pod_mdev_fix_config(pm);
	return 0;
}

static void pod_mdev_release(struct vfio_device *vdev)
{
	struct pod_mdev *pm = to_pod_mdev(vdev);

	xa_destroy(&pm->pins);
	mutex_destroy(&pm->lock);
}

const struct vfio_device_ops pod_mdev_ops = {
	.name = "kvm-pod-mdev",
	.init = pod_mdev_init,
	.release = pod_mdev_release,
	.open_device = pod_mdev_open,
	.close_device = pod_mdev_close,
	.read = pod_mdev_read,
	.write = pod_mdev_write,
	.ioctl = pod_mdev_ioctl,
	.dma_unmap = pod_mdev_dma_unmap,
	.bind_iommufd = pod_mdev_bind,
	.unbind_iommufd = vfio_iommufd_emulated_unbind,
	.attach_ioas = pod_mdev_attach,
	.detach_ioas = vfio_iommufd_emulated_detach_ioas,
};
