// SPDX-License-Identifier: GPL-2.0-only
/*
 * A mediated device pins page by page, when it likes, by VFIO's call for
 * drivers: what may be mapped for it may still be refused to it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "container.h"
#include "longterm.h"
#include "testdev.h"
#include "pod_test.h"

#define SIZE	(16 * MiB)
#define IOVA	(1UL << 32)
#define LEN	(64 * PAGE)
#define AT	(REGION + 16 * PAGE)
#define RW	(PROT_READ | PROT_WRITE)
#define VALUE	0x5a5aa5a5deadbeefUL

FIXTURE(mediated) {
	struct pod pod;
	struct container c;
	bool no_device;
	long long pinned;
	u8 *at;
};

FIXTURE_VARIANT(mediated) {
	enum container_kind kind;
	unsigned int flags;
	int want;
};

FIXTURE_VARIANT_ADD(mediated, type1) { .kind = TYPE1, .want = -EFAULT };
FIXTURE_VARIANT_ADD(mediated, iommufd) { .kind = IOMMUFD, .want = -EFAULT };
FIXTURE_VARIANT_ADD(mediated, type1_pinnable) {
	.kind = TYPE1, .flags = KVM_POD_F_PINNABLE
};
FIXTURE_VARIANT_ADD(mediated, iommufd_pinnable) {
	.kind = IOMMUFD, .flags = KVM_POD_F_PINNABLE
};

FIXTURE_SETUP(mediated)
{
	struct kvm_pod_create args = pod_create_args(SIZE, SIZE);
	int ret = mdev_begin();

	self->no_device = ret == -ENODEV;
	if (self->no_device)
		SKIP(return, "this kernel has no mediated devices");
	ASSERT_EQ(0, ret);
	self->pinned = pages_pinned();
	ret = container_begin(&self->c, variant->kind, MDEV_SYSFS);
	self->no_device = ret == -ENODEV;
	if (self->no_device) {
		mdev_end();
		SKIP(return, "this kernel has no such container");
	}
	ASSERT_EQ(0, ret);
	args.flags = variant->flags;
	ASSERT_GOOD(pod_begin_with(&self->pod, &args));
	self->at = self->pod.mem + AT;
}

FIXTURE_TEARDOWN(mediated)
{
	if (self->no_device)
		return;
	container_end(&self->c);
	EXPECT_EQ(0, file_number(MDEV_SYSFS "/pinned"));
	mdev_end();
	EXPECT_TRUE(POD_WAIT(pages_pinned() == self->pinned));
	ASSERT_GOOD(pod_finish(&self->pod));
}

#define MAP(prot) \
	container_map(&self->c, IOVA, self->pod.mem, SIZE, prot)
#define DO(command) \
	mdev_do(&self->c, POD_MDEV_ ## command, IOVA + AT, LEN)
#define PINNED	mdev_read(&self->c, POD_MDEV_PINNED)

static void set_all(void *mem, u64 value)
{
	u64 *word = mem;

	for (size_t i = 0; i < LEN / sizeof(u64); i++)
		word[i] = value;
}

static bool all_are(const void *mem, u64 value)
{
	const u64 *word = mem;

	for (size_t i = 0; i < LEN / sizeof(u64); i++)
		if (word[i] != value)
			return false;
	return true;
}

/* That the device does what it is told, with other memory. */
TEST_F(mediated, other_memory)
{
	u8 *mem = mmap(NULL, SIZE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, mem);
	ASSERT_EQ(0, container_map(&self->c, IOVA, mem, SIZE, RW));
	EXPECT_EQ(-ENXIO, DO(DMA_WRITE));
	EXPECT_EQ(-ENXIO, DO(UNPIN));
	ASSERT_EQ(0, DO(PIN));
	EXPECT_EQ(-EBUSY, DO(PIN));
	EXPECT_EQ(LEN / PAGE, PINNED);
	EXPECT_EQ(self->pinned + LEN / PAGE, pages_pinned());
	mdev_write(&self->c, POD_MDEV_VALUE, VALUE);
	EXPECT_EQ(-EILSEQ, DO(DMA_READ));
	EXPECT_EQ(0, DO(DMA_WRITE));
	EXPECT_EQ(0, DO(DMA_READ));
	EXPECT_TRUE(all_are(mem + AT, VALUE));
	EXPECT_EQ(0, DO(UNPIN));
	EXPECT_EQ(0, PINNED);
	EXPECT_EQ(0, container_unmap(&self->c, IOVA, SIZE));
	munmap(mem, SIZE);
}

TEST_F(mediated, before_population)
{
	u64 before = POD_GET(&self->pod, populated);

	ASSERT_EQ(0, MAP(RW));
	EXPECT_EQ(variant->want, DO(PIN));
	EXPECT_EQ(variant->want ? 0 : LEN / PAGE, PINNED);
	EXPECT_EQ(before, POD_GET(&self->pod, populated));
}

TEST_F(mediated, after_population)
{
	set_all(self->at, VALUE);
	ASSERT_EQ(0, MAP(RW));
	EXPECT_EQ(variant->want, DO(PIN));
	EXPECT_EQ(variant->want ? 0 : LEN / PAGE, PINNED);
	EXPECT_EQ(variant->want ? 1 : 0,
		  file_number(MDEV_SYSFS "/refused"));
	EXPECT_TRUE(all_are(self->at, VALUE));
}

/* Pins that come one by one, each refused, keep nothing. */
TEST_F(mediated, one_by_one)
{
	u64 at;

	ASSERT_EQ(0, MAP(RW));
	for (at = 0; at < 32 * PAGE; at += PAGE)
		ASSERT_EQ(variant->want, mdev_do(&self->c, POD_MDEV_PIN,
						 IOVA + 31 * at, PAGE));
	EXPECT_EQ(variant->want ? 0 : 32, PINNED);
}

/* A device that asks for no pin works with every pod, as a system call does. */
TEST_F(mediated, copy)
{
	ASSERT_EQ(0, MAP(RW));
	mdev_write(&self->c, POD_MDEV_VALUE, VALUE);
	ASSERT_EQ(0, DO(COPY_WRITE));
	EXPECT_TRUE(all_are(self->at, VALUE));
	EXPECT_EQ(0, DO(COPY_READ));
	EXPECT_EQ(variant->want ? 0 : -EBUSY,
		  pod_punch(&self->pod, 0, SIZE));
	if (!variant->want)
		set_all(self->at, 0);
	mdev_write(&self->c, POD_MDEV_VALUE, 0);
	EXPECT_EQ(0, DO(COPY_READ));
	EXPECT_EQ(self->pinned, pages_pinned());
}

/* Mapped for reading, a pin for reading is allowed, and holds its pages. */
TEST_F(mediated, for_reading)
{
	int busy = variant->want ? 0 : -EBUSY;

	set_all(self->at, VALUE);
	ASSERT_EQ(0, MAP(PROT_READ));
	EXPECT_EQ(-EPERM, DO(PIN));
	ASSERT_EQ(0, DO(PIN_READ));
	mdev_write(&self->c, POD_MDEV_VALUE, VALUE);
	EXPECT_EQ(0, DO(DMA_READ));
	ASSERT_EQ(busy, pod_punch(&self->pod, 0, SIZE));
	if (!busy)
		mdev_write(&self->c, POD_MDEV_VALUE, 0);
	EXPECT_EQ(0, DO(DMA_READ));
	EXPECT_LE(busy ? 0 : LEN, POD_GET(&self->pod, parked));
	set_all(self->at, VALUE + 1);
	mdev_write(&self->c, POD_MDEV_VALUE, VALUE + 1);
	EXPECT_EQ(0, DO(DMA_READ));
}

/* What the device has is the guest's memory, and does not move. */
TEST_F(mediated, dma)
{
	int busy = variant->want ? 0 : -EBUSY;
	int dma = variant->want ? -ENXIO : 0;

	ASSERT_EQ(0, MAP(RW));
	ASSERT_EQ(variant->want, DO(PIN));
	mdev_write(&self->c, POD_MDEV_VALUE, VALUE);
	EXPECT_EQ(dma, DO(DMA_WRITE));
	EXPECT_EQ(dma == 0, all_are(self->at, VALUE));
	set_all(self->at, VALUE + 1);
	EXPECT_EQ(busy, pod_inflate(&self->pod, 0, SIZE));
	EXPECT_EQ(busy, pod_punch(&self->pod, 0, SIZE));
	EXPECT_EQ(busy, pod_sweep(&self->pod, 0, 0, 0, NULL));
	mdev_write(&self->c, POD_MDEV_VALUE, VALUE + 1);
	EXPECT_EQ(dma, DO(DMA_READ));
	EXPECT_EQ(dma == 0, all_are(self->at, VALUE + 1));
}

/* VFIO takes the memory from the device, which lets it go. */
TEST_F(mediated, unmapped_while_pinned)
{
	u64 pins = variant->want ? 0 : LEN / PAGE;

	ASSERT_EQ(0, MAP(RW));
	ASSERT_EQ(variant->want, DO(PIN));
	EXPECT_EQ(pins, PINNED);
	ASSERT_EQ(0, container_unmap(&self->c, IOVA, SIZE));
	EXPECT_EQ(0, PINNED);
	EXPECT_EQ(pins, mdev_read(&self->c, POD_MDEV_UNMAPPED));
	EXPECT_GT(0, DO(PIN));
}

/* A step of the way up fails; the next try starts from nothing. */
static void fail_once(struct __test_metadata *_metadata,
		      FIXTURE_DATA(mediated) *self, enum container_kind kind,
		      const char *step)
{
	container_end(&self->c);
	ASSERT_EQ(0, mdev_fail(step));
	EXPECT_EQ(-EIO, container_begin(&self->c, kind, MDEV_SYSFS));
	EXPECT_EQ(0, file_number(MDEV_SYSFS "/pinned"));
	ASSERT_EQ(0, container_begin(&self->c, kind, MDEV_SYSFS));
}

TEST_F(mediated, failing_steps)
{
	fail_once(_metadata, self, variant->kind, "open");
	if (variant->kind == IOMMUFD) {
		fail_once(_metadata, self, variant->kind, "bind");
		fail_once(_metadata, self, variant->kind, "attach");
	}
	ASSERT_EQ(0, MAP(RW));
	ASSERT_EQ(0, mdev_fail("pin"));
	EXPECT_EQ(-EIO, DO(PIN));
	EXPECT_EQ(0, PINNED);
	EXPECT_EQ(variant->want, DO(PIN));
}

TEST_HARNESS_MAIN
