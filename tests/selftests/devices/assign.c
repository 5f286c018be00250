// SPDX-License-Identifier: GPL-2.0-only
/*
 * A PCI device behind an IOMMU, given to us by vfio-pci: it may have a pod
 * that is pinnable and no other, in both of VFIO's ways.
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
#define TAG	5

FIXTURE(assign) {
	struct pod pod;
	struct container c;
	bool no_device;
	long long pinned;
};

FIXTURE_VARIANT(assign) {
	enum container_kind kind;
	unsigned int flags;
	int want;
};

FIXTURE_VARIANT_ADD(assign, type1) { .kind = TYPE1, .want = -EFAULT };
FIXTURE_VARIANT_ADD(assign, iommufd) { .kind = IOMMUFD, .want = -EFAULT };
FIXTURE_VARIANT_ADD(assign, type1_pinnable) {
	.kind = TYPE1, .flags = KVM_POD_F_PINNABLE
};
FIXTURE_VARIANT_ADD(assign, iommufd_pinnable) {
	.kind = IOMMUFD, .flags = KVM_POD_F_PINNABLE
};

FIXTURE_SETUP(assign)
{
	struct kvm_pod_create args = pod_create_args(SIZE, SIZE);
	const char *device = assigned_device();
	int ret;

	self->no_device = !device;
	if (self->no_device)
		SKIP(return, "no device behind an IOMMU");
	self->pinned = pages_pinned();
	ret = container_begin(&self->c, variant->kind, device);
	self->no_device = ret == -ENODEV;
	if (self->no_device)
		SKIP(return, "this kernel has no such container");
	ASSERT_EQ(0, ret);
	args.flags = variant->flags;
	ASSERT_GOOD(pod_begin_with(&self->pod, &args));
}

FIXTURE_TEARDOWN(assign)
{
	if (self->no_device)
		return;
	container_end(&self->c);
	EXPECT_TRUE(POD_WAIT(pages_pinned() == self->pinned));
	ASSERT_GOOD(pod_finish(&self->pod));
}

#define MAP(prot) \
	container_map(&self->c, IOVA, self->pod.mem, SIZE, prot)

TEST_F(assign, other_memory)
{
	void *mem = mmap(NULL, SIZE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, mem);
	ASSERT_EQ(0, container_map(&self->c, IOVA, mem, SIZE, RW));
	EXPECT_LE(self->pinned + SIZE / PAGE, pages_pinned());
	EXPECT_EQ(0, container_unmap(&self->c, IOVA, SIZE));
	munmap(mem, SIZE);
}

TEST_F(assign, before_population)
{
	u64 before = POD_GET(&self->pod, populated);

	EXPECT_EQ(variant->want, MAP(RW));
	EXPECT_EQ(before, POD_GET(&self->pod, populated));
	if (variant->want)
		EXPECT_EQ(self->pinned, pages_pinned());
}

TEST_F(assign, after_population)
{
	fill(self->pod.mem, SIZE, TAG);
	EXPECT_EQ(variant->want, MAP(RW));
	EXPECT_EQ(-1, mismatch(self->pod.mem, SIZE, TAG));
	if (variant->want)
		EXPECT_EQ(self->pinned, pages_pinned());
}

/* Asked again and again, with other memory in between. */
TEST_F(assign, insisting)
{
	void *mem = mmap(NULL, REGION, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int i;

	ASSERT_NE(MAP_FAILED, mem);
	for (i = 0; i < 8; i++) {
		ASSERT_EQ(variant->want, MAP(RW));
		ASSERT_EQ(0, container_map(&self->c, 2 * IOVA, mem, REGION, RW));
		ASSERT_EQ(0, container_unmap(&self->c, 2 * IOVA, REGION));
		if (!variant->want)
			ASSERT_EQ(0, container_unmap(&self->c, IOVA, SIZE));
		ASSERT_TRUE(POD_WAIT(pages_pinned() == self->pinned));
	}
	munmap(mem, REGION);
}

/* For writing alone is no better. */
TEST_F(assign, for_writing)
{
	EXPECT_EQ(variant->want, MAP(PROT_WRITE));
}

/* For reading the kernel allows it; a sweep lets it alone. */
TEST_F(assign, for_reading)
{
	u64 populated;

	memset(self->pod.mem, 0, SIZE);
	ASSERT_EQ(0, MAP(PROT_READ));
	EXPECT_LT(self->pinned, pages_pinned());
	populated = POD_GET(&self->pod, populated);
	pod_sweep(&self->pod, 0, 0, 0, NULL);
	EXPECT_EQ(populated, POD_GET(&self->pod, populated));
	EXPECT_EQ(0, container_unmap(&self->c, IOVA, SIZE));
	EXPECT_EQ(variant->flags ? -EBUSY : 0,
		  pod_sweep(&self->pod, 0, 0, 0, NULL));
	EXPECT_EQ(variant->flags ? SIZE : 0, POD_GET(&self->pod, populated));
}

/* Nothing of it moves while a device has it, whoever asks. */
TEST_F(assign, frozen)
{
	int busy = variant->want ? 0 : -EBUSY;

	fill(self->pod.mem, SIZE, TAG);
	ASSERT_EQ(variant->want, MAP(RW));
	EXPECT_EQ(busy, pod_sweep(&self->pod, 0, 0, 0, NULL));
	EXPECT_EQ(-1, mismatch(self->pod.mem, SIZE, TAG));
	EXPECT_EQ(busy, pod_punch(&self->pod, 0, SIZE));
	EXPECT_EQ(busy, pod_inflate(&self->pod, 0, SIZE));
	EXPECT_EQ(busy, pod_deflate(&self->pod, 0, SIZE));
	EXPECT_EQ(busy, pod_balloon_reset(&self->pod));
	EXPECT_EQ(busy, pod_set_target(&self->pod, SIZE / 2, NULL));
	EXPECT_EQ(busy, pod_attr_write(&self->pod, "target", "8388608"));
	EXPECT_EQ(busy ? SIZE : 0, POD_GET(&self->pod, populated));
	EXPECT_EQ(-1, busy ? mismatch(self->pod.mem, SIZE, TAG) :
			     nonzero(self->pod.mem, SIZE));
}

/* The VMM dies and leaves all to the kernel to put away. */
TEST_F(assign, pod_ends_first)
{
	ASSERT_EQ(variant->want, MAP(RW));
	munmap(self->pod.mem, SIZE);
	self->pod.mem = NULL;
	close(self->pod.fd);
	container_end(&self->c);
	ASSERT_GOOD(pod_gone(self->pod.id));
	self->pod.fd = -1;
}

TEST_HARNESS_MAIN
