// SPDX-License-Identifier: GPL-2.0-only
/*
 * What only an iommufd can: an address space without a device, which pins
 * nothing before one comes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "assigned.h"
#include "container.h"
#include "longterm.h"
#include "pod_test.h"

#define SIZE	(16 * MiB)
#define IOVA	(1UL << 32)
#define RW	(PROT_READ | PROT_WRITE)
#define TAG	6

FIXTURE(ioas) {
	struct pod pod;
	struct container c;
	bool no_device;
	long long pinned;
};

FIXTURE_VARIANT(ioas) {
	unsigned int flags;
	int want;
};

FIXTURE_VARIANT_ADD(ioas, refused) { .want = -EFAULT };
FIXTURE_VARIANT_ADD(ioas, pinnable) { .flags = KVM_POD_F_PINNABLE };

/* The device is there, but not in the address space. */
FIXTURE_SETUP(ioas)
{
	struct kvm_pod_create args = pod_create_args(SIZE, SIZE);
	const char *device = assigned_device();
	int ret;

	self->pinned = pages_pinned();
	ret = device ? container_begin(&self->c, IOMMUFD, device) : -ENODEV;
	self->no_device = ret == -ENODEV;
	if (self->no_device)
		SKIP(return, "no device behind an IOMMU, or no iommufd");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, iommufd_detach(&self->c));
	args.flags = variant->flags;
	ASSERT_GOOD(pod_begin_with(&self->pod, &args));
}

FIXTURE_TEARDOWN(ioas)
{
	if (self->no_device)
		return;
	container_end(&self->c);
	EXPECT_TRUE(POD_WAIT(pages_pinned() == self->pinned));
	ASSERT_GOOD(pod_finish(&self->pod));
}

TEST_F(ioas, attached_late)
{
	fill(self->pod.mem, REGION, TAG);
	ASSERT_EQ(0, container_map(&self->c, IOVA, self->pod.mem, SIZE, RW));
	EXPECT_EQ(self->pinned, pages_pinned());
	EXPECT_EQ(variant->want, iommufd_attach(&self->c));
	EXPECT_EQ(variant->want == 0, self->pinned < pages_pinned());
	EXPECT_EQ(-1, mismatch(self->pod.mem, REGION, TAG));
}

/* The refusal is of the pod; without it the device has what it had. */
TEST_F(ioas, attached_without_it)
{
	void *mem = mmap(NULL, REGION, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, mem);
	ASSERT_EQ(0, container_map(&self->c, 2 * IOVA, mem, REGION, RW));
	ASSERT_EQ(0, container_map(&self->c, IOVA, self->pod.mem, SIZE, RW));
	EXPECT_EQ(variant->want, iommufd_attach(&self->c));
	ASSERT_EQ(0, container_unmap(&self->c, IOVA, SIZE));
	EXPECT_EQ(variant->want ? 0 : -EBUSY,
		  pod_punch(&self->pod, 0, SIZE));
	if (variant->want)
		EXPECT_EQ(0, iommufd_attach(&self->c));
	EXPECT_LE(self->pinned + REGION / PAGE, pages_pinned());
	munmap(mem, REGION);
}

/* By the file, where the kernel knows that (6.13): never, it is no memfd. */
TEST_F(ioas, by_its_file)
{
	ASSERT_EQ(0, iommufd_attach(&self->c));
	EXPECT_GT(0, iommufd_map_file(&self->c, IOVA, self->pod.fd, SIZE));
	EXPECT_EQ(self->pinned, pages_pinned());
}

TEST_HARNESS_MAIN
