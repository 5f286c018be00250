// SPDX-License-Identifier: GPL-2.0-only
/*
 * A mediated device for tests: it pins what it is told to pin.
 *
 * Not for any other use: who opens the device, or a guest that has it, may
 * pin all that is mapped for it. No hardware and no IOMMU is needed, so that
 * both kinds of VFIO container (type1, iommufd) can be met anywhere.
 */
#include <linux/mdev.h>
#include <linux/module.h>
#include <linux/spinlock.h>

#include "pod_mdev.h"

/*
 * With parameter fail_STEP = N the Nth next such step of all devices fails, and
 * the parameter is 0 again.
 */
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

int pod_mdev_fail(enum pod_mdev_step step)
{
	int ret = 0;

	spin_lock(&fail_lock);
	if (fail_at[step] > 0 && !--fail_at[step])
		ret = -EIO;
	spin_unlock(&fail_lock);
	return ret;
}

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
