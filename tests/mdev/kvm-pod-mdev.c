// SPDX-License-Identifier: GPL-2.0-only
/*
 * A mediated device for tests: it pins what it is told to pin.
 *
 * Not for any other use: who opens the device, or a guest that has it, may
 * pin all that is mapped for it. No hardware and no IOMMU is needed, so that
 * both kinds of VFIO container (type1, iommufd) can be met anywhere.
 */
#include <linux/highmem.h>
#include <linux/mdev.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/unaligned.h>
#include <linux/vfio.h>
#include <linux/xarray.h>

#include "kvm-pod-mdev.h"

#define POD_MDEV_CONFIG_SIZE	256
#define POD_MDEV_BAR_SIZE	PAGE_SIZE

/* Where the regions are in the device's file. */
#define POD_MDEV_CONFIG_POS	0
#define POD_MDEV_BAR_POS	PAGE_SIZE

/*
 * Steps that can be made to fail: with parameter fail_STEP = N the Nth next
 * one of all devices does, with EIO, and the parameter is 0 again. Racy
 * against a write of the parameter, which the tests do not do.
 */
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

static int fail_at[POD_MDEV_STEPS];
static DEFINE_SPINLOCK(fail_lock);

module_param_named(fail_probe, fail_at[POD_MDEV_PROBE], int, 0644);
module_param_named(fail_open, fail_at[POD_MDEV_OPEN], int, 0644);
module_param_named(fail_bind, fail_at[POD_MDEV_BIND], int, 0644);
module_param_named(fail_attach, fail_at[POD_MDEV_ATTACH], int, 0644);
module_param_named(fail_info, fail_at[POD_MDEV_INFO], int, 0644);
module_param_named(fail_region, fail_at[POD_MDEV_REGION], int, 0644);
module_param_named(fail_irq, fail_at[POD_MDEV_IRQ], int, 0644);
module_param_named(fail_config, fail_at[POD_MDEV_CONFIG], int, 0644);
module_param_named(fail_reset, fail_at[POD_MDEV_RESET], int, 0644);
module_param_named(fail_pin, fail_at[POD_MDEV_PIN_PAGE], int, 0644);

static int pod_mdev_fail(enum pod_mdev_step step)
{
	guard(spinlock)(&fail_lock);
	if (fail_at[step] <= 0 || --fail_at[step])
		return 0;
	return -EIO;
}

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

static u64 *pod_mdev_reg(struct pod_mdev *pm, unsigned int offset)
{
	return &pm->regs[offset / sizeof(u64)];
}

static void pod_mdev_unpin_page(struct pod_mdev *pm, unsigned long index)
{
	if (!xa_erase(&pm->pins, index))
		return;
	vfio_unpin_pages(&pm->vdev, (dma_addr_t)index << PAGE_SHIFT, 1);
	pm->pinned--;
}

/* Pages from @first to @last; returns how many were pinned. */
static unsigned long pod_mdev_unpin(struct pod_mdev *pm, unsigned long first,
				    unsigned long last)
{
	unsigned long index, before = pm->pinned;
	struct page *page;

	lockdep_assert_held(&pm->lock);
	xa_for_each_range(&pm->pins, index, page, first, last)
		pod_mdev_unpin_page(pm, index);
	return before - pm->pinned;
}

static int pod_mdev_pin_page(struct pod_mdev *pm, unsigned long index, int prot)
{
	dma_addr_t iova = (dma_addr_t)index << PAGE_SHIFT;
	struct page *page;
	int ret;

	if (xa_load(&pm->pins, index))
		return -EBUSY;
	ret = pod_mdev_fail(POD_MDEV_PIN_PAGE) ?:
	      vfio_pin_pages(&pm->vdev, iova, 1, prot, &page);
	if (ret != 1) {
		pm->refused++;
		return ret < 0 ? ret : -EFAULT;
	}
	ret = xa_err(xa_store(&pm->pins, index, page, GFP_KERNEL));
	if (ret) {
		vfio_unpin_pages(&pm->vdev, iova, 1);
		return ret;
	}
	pm->pinned++;
	return 0;
}

static int pod_mdev_pin(struct pod_mdev *pm, unsigned long first,
			unsigned long last, int prot)
{
	unsigned long index;
	int ret;

	for (index = first; index <= last; index++) {
		ret = pod_mdev_pin_page(pm, index, prot);
		if (!ret)
			continue;
		if (index > first)
			pod_mdev_unpin(pm, first, index - 1);
		return ret;
	}
	return 0;
}

/* All words of @mem become, or are, @value. */
static int pod_mdev_touch(u64 *mem, u64 value, bool write)
{
	if (write)
		memset64(mem, value, PAGE_SIZE / sizeof(u64));
	else if (mem[0] != value || memcmp(mem, mem + 1, PAGE_SIZE - sizeof(u64)))
		return -EILSEQ;
	return 0;
}

/* As a device does: what the pin got, wherever the memory is by now. */
static int pod_mdev_dma(struct pod_mdev *pm, unsigned long index, bool write)
{
	struct page *page = xa_load(&pm->pins, index);
	u64 *value = pod_mdev_reg(pm, POD_MDEV_VALUE);
	u64 *mem;
	int ret;

	if (!page)
		return -ENXIO;
	mem = kmap_local_page(page);
	ret = pod_mdev_touch(mem, *value, write);
	kunmap_local(mem);
	return ret;
}

/* As a driver does that emulates a device: through the page tables. */
static int pod_mdev_copy(struct pod_mdev *pm, unsigned long index, bool write)
{
	dma_addr_t iova = (dma_addr_t)index << PAGE_SHIFT;
	u64 value = *pod_mdev_reg(pm, POD_MDEV_VALUE);
	u64 *mem = kmalloc(PAGE_SIZE, GFP_KERNEL);
	int ret;

	if (!mem)
		return -ENOMEM;
	if (write)
		pod_mdev_touch(mem, value, true);
	ret = vfio_dma_rw(&pm->vdev, iova, mem, PAGE_SIZE, write);
	if (!ret && !write)
		ret = pod_mdev_touch(mem, value, false);
	kfree(mem);
	return ret;
}

typedef int (*pod_mdev_access)(struct pod_mdev *, unsigned long, bool);

static int pod_mdev_each(struct pod_mdev *pm, unsigned long first,
			 unsigned long last, pod_mdev_access access, bool write)
{
	unsigned long index;
	int ret = 0;

	for (index = first; index <= last && !ret; index++)
		ret = access(pm, index, write);
	return ret;
}

static int pod_mdev_do(struct pod_mdev *pm, u64 command)
{
	u64 iova = *pod_mdev_reg(pm, POD_MDEV_IOVA);
	u64 length = *pod_mdev_reg(pm, POD_MDEV_LENGTH);
	unsigned long first = iova >> PAGE_SHIFT;
	unsigned long last = first + (length >> PAGE_SHIFT) - 1;

	if (!length || !PAGE_ALIGNED(iova | length) || iova + length < iova)
		return -EINVAL;
	switch (command) {
	case POD_MDEV_PIN:
		return pod_mdev_pin(pm, first, last, IOMMU_READ | IOMMU_WRITE);
	case POD_MDEV_PIN_READ:
		return pod_mdev_pin(pm, first, last, IOMMU_READ);
	case POD_MDEV_UNPIN:
		return pod_mdev_unpin(pm, first, last) ? 0 : -ENXIO;
	case POD_MDEV_DMA_WRITE:
	case POD_MDEV_DMA_READ:
		return pod_mdev_each(pm, first, last, pod_mdev_dma,
				     command == POD_MDEV_DMA_WRITE);
	case POD_MDEV_COPY_WRITE:
	case POD_MDEV_COPY_READ:
		return pod_mdev_each(pm, first, last, pod_mdev_copy,
				     command == POD_MDEV_COPY_WRITE);
	}
	return -EOPNOTSUPP;
}

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

/* The memory goes: VFIO waits for us to let it go. */
static void pod_mdev_dma_unmap(struct vfio_device *vdev, u64 iova, u64 length)
{
	struct pod_mdev *pm = to_pod_mdev(vdev);
	u64 last = iova + length - 1;

	guard(mutex)(&pm->lock);
	*pod_mdev_reg(pm, POD_MDEV_UNMAPPED) +=
		pod_mdev_unpin(pm, iova >> PAGE_SHIFT, last >> PAGE_SHIFT);
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

static const struct vfio_device_ops pod_mdev_ops = {
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

static ssize_t pinned_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	struct pod_mdev *pm = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%lu\n", READ_ONCE(pm->pinned));
}
static DEVICE_ATTR_RO(pinned);

static ssize_t refused_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	struct pod_mdev *pm = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%lu\n", READ_ONCE(pm->refused));
}
static DEVICE_ATTR_RO(refused);

static struct attribute *pod_mdev_attrs[] = {
	&dev_attr_pinned.attr,
	&dev_attr_refused.attr,
	NULL
};
ATTRIBUTE_GROUPS(pod_mdev);

static int pod_mdev_probe(struct mdev_device *mdev)
{
	struct pod_mdev *pm;
	int ret;

	if (pod_mdev_fail(POD_MDEV_PROBE))
		return -EIO;
	pm = vfio_alloc_device(pod_mdev, vdev, &mdev->dev, &pod_mdev_ops);
	if (IS_ERR(pm))
		return PTR_ERR(pm);
	dev_set_drvdata(&mdev->dev, pm);
	ret = vfio_register_emulated_iommu_dev(&pm->vdev);
	if (ret)
		vfio_put_device(&pm->vdev);
	return ret;
}

static void pod_mdev_remove(struct mdev_device *mdev)
{
	struct pod_mdev *pm = dev_get_drvdata(&mdev->dev);

	vfio_unregister_group_dev(&pm->vdev);
	vfio_put_device(&pm->vdev);
}

static struct mdev_driver pod_mdev_driver = {
	.device_api = VFIO_DEVICE_API_PCI_STRING,
	.max_instances = 16,
	.driver = {
		.name = "kvm-pod-mdev",
		.owner = THIS_MODULE,
		.mod_name = KBUILD_MODNAME,
		.dev_groups = pod_mdev_groups,
	},
	.probe = pod_mdev_probe,
	.remove = pod_mdev_remove,
};

static struct mdev_type pod_mdev_type = {
	.sysfs_name = "pci",
	.pretty_name = "pins what it is told to",
};

static struct mdev_type *pod_mdev_types[] = { &pod_mdev_type };
static const struct class pod_mdev_class = { .name = "kvm-pod-mdev" };
static struct mdev_parent pod_mdev_parent;
static struct device *pod_mdev_device;

static int __init pod_mdev_begin_parent(void)
{
	int ret;

	pod_mdev_device = device_create(&pod_mdev_class, NULL, MKDEV(0, 0),
					NULL, "kvm-pod-mdev");
	if (IS_ERR(pod_mdev_device))
		return PTR_ERR(pod_mdev_device);
	ret = mdev_register_parent(&pod_mdev_parent, pod_mdev_device,
				   &pod_mdev_driver, pod_mdev_types,
				   ARRAY_SIZE(pod_mdev_types));
	if (ret)
		device_unregister(pod_mdev_device);
	return ret;
}

static int __init pod_mdev_begin(void)
{
	int ret;

	ret = class_register(&pod_mdev_class);
	if (ret)
		return ret;
	ret = mdev_register_driver(&pod_mdev_driver);
	if (ret)
		goto err_class;
	ret = pod_mdev_begin_parent();
	if (ret)
		goto err_driver;
	return 0;

err_driver:
	mdev_unregister_driver(&pod_mdev_driver);
err_class:
	class_unregister(&pod_mdev_class);
	return ret;
}
module_init(pod_mdev_begin);

static void __exit pod_mdev_end(void)
{
	mdev_unregister_parent(&pod_mdev_parent);
	device_unregister(pod_mdev_device);
	mdev_unregister_driver(&pod_mdev_driver);
	class_unregister(&pod_mdev_class);
}
module_exit(pod_mdev_end);

MODULE_DESCRIPTION("A mediated device that pins memory, for tests of kvm-pod");
MODULE_LICENSE("GPL");
