// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pins, page by page, and what the device does with them.
 */
#include <linux/highmem.h>

#include "pod_mdev.h"

static void pod_mdev_unpin_page(struct pod_mdev *pm, unsigned long index)
{
	if (!xa_erase(&pm->pins, index))
		return;
	vfio_unpin_pages(&pm->vdev, (dma_addr_t)index << PAGE_SHIFT, 1);
	pm->pinned--;
}

unsigned long pod_mdev_unpin(struct pod_mdev *pm, unsigned long first,
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

int pod_mdev_do(struct pod_mdev *pm, u64 command)
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
