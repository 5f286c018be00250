// SPDX-License-Identifier: GPL-2.0-only
/*
 * Long-term pins without a device: for writing they are refused, for reading
 * they hold their pages, and what the pod does meanwhile is never seen to
 * differ between the pin and the guest - but for a pin that was there before
 * the page was.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/udmabuf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "longterm.h"
#include "pod_test.h"

#define SIZE	(32 * MiB)
#define TARGET	(16 * MiB)
#define LEN	(64 * PAGE)
#define RW	(PROT_READ | PROT_WRITE)
#define TAG	7

static u8 seen[LEN];

FIXTURE(gup) {
	struct pod pod;
	u8 *mem;
	void *reserved;
	u8 *at;
	int gup;
	long long pinned;
};

FIXTURE_VARIANT(gup) {
	bool small;
	unsigned int how;
};

FIXTURE_VARIANT_ADD(gup, block) { .small = false };
FIXTURE_VARIANT_ADD(gup, block_fast) { .how = LONGTERM_FAST };
FIXTURE_VARIANT_ADD(gup, single_pages) { .small = true };
FIXTURE_VARIANT_ADD(gup, single_pages_fast) {
	.small = true, .how = LONGTERM_FAST
};

FIXTURE_SETUP(gup)
{
	self->gup = longterm_open();
	if (self->gup < 0) {
		self->pod.fd = -1;
		SKIP(return, "this kernel has no gup_test");
	}
	ASSERT_GOOD(pod_begin(&self->pod, SIZE, TARGET));
	ASSERT_EQ(0, pod_attr_write(&self->pod, "low_mark", "0"));
	self->pinned = pages_pinned();
	self->mem = variant->small ?
		    map_unaligned(self->pod.fd, SIZE, RW, &self->reserved) :
		    self->pod.mem;
	self->at = self->mem + REGION + 16 * PAGE;
}

FIXTURE_TEARDOWN(gup)
{
	if (self->gup < 0)
		return;
	close(self->gup);
	EXPECT_EQ(self->pinned, pages_pinned());
	if (self->reserved)
		munmap(self->mem, SIZE);
	ASSERT_GOOD(pod_finish(&self->pod));
}

#define PIN(flags) \
	longterm_pin(self->gup, self->at, LEN, variant->how | (flags))

/* What the pin sees is what the guest sees. */
static void expect_same(struct __test_metadata *_metadata,
			FIXTURE_DATA(gup) *self)
{
	ASSERT_EQ(0, longterm_read(self->gup, seen));
	EXPECT_EQ(0, memcmp(seen, self->at, LEN));
}

TEST_F(gup, writable_refused_on_a_hole)
{
	EXPECT_EQ(-EFAULT, PIN(LONGTERM_WRITE));
	EXPECT_EQ(self->pinned, pages_pinned());
	EXPECT_EQ(0, POD_GET(&self->pod, populated));
}

TEST_F(gup, writable_refused_on_memory)
{
	fill(self->at, LEN, TAG);
	EXPECT_EQ(-EFAULT, PIN(LONGTERM_WRITE));
	EXPECT_EQ(self->pinned, pages_pinned());
	EXPECT_EQ(-1, mismatch(self->at, LEN, TAG));
}

/* A page that was just zeroed, read, or given up is no way around it. */
TEST_F(gup, writable_refused_after_all_kinds_of_use)
{
	EXPECT_EQ(0, try_read(self->at));
	EXPECT_EQ(-EFAULT, PIN(LONGTERM_WRITE));
	fill(self->at, LEN, TAG);
	ASSERT_EQ(0, pod_inflate(&self->pod, REGION, REGION));
	EXPECT_EQ(-EFAULT, PIN(LONGTERM_WRITE));
	ASSERT_EQ(0, pod_punch(&self->pod, REGION, REGION));
	EXPECT_EQ(-EFAULT, PIN(LONGTERM_WRITE));
	fill(self->at, LEN, TAG);
	ASSERT_EQ(0, PIN(0));
	ASSERT_EQ(0, longterm_unpin(self->gup));
	EXPECT_EQ(-EFAULT, PIN(LONGTERM_WRITE));
	EXPECT_EQ(-1, mismatch(self->at, LEN, TAG));
}

TEST_F(gup, read_only_mapping)
{
	u8 *mem = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, self->pod.fd, 0);

	ASSERT_NE(MAP_FAILED, mem);
	fill(self->at, LEN, TAG);
	EXPECT_EQ(-EFAULT, longterm_pin(self->gup, mem + REGION, LEN,
					variant->how | LONGTERM_WRITE));
	EXPECT_EQ(0, longterm_pin(self->gup, mem + REGION, LEN, variant->how));
	munmap(mem, SIZE);
}

TEST_F(gup, read_pin_sees_what_the_guest_writes)
{
	fill(self->at, LEN, TAG);
	ASSERT_EQ(0, PIN(0));
	expect_same(_metadata, self);
	fill(self->at, LEN, TAG + 1);
	expect_same(_metadata, self);
}

TEST_F(gup, sweep_leaves_it)
{
	struct kvm_pod_sweep s;

	memset(self->at, 0, LEN);
	ASSERT_EQ(0, PIN(0));
	ASSERT_EQ(0, pod_sweep(&self->pod, 0, 0, KVM_POD_SWEEP_DEMOTE, &s));
	EXPECT_EQ(0, s.out_reclaimed);
	fill(self->at, LEN, TAG);
	expect_same(_metadata, self);
}

/* Cleared in place, and still the same page for both. */
TEST_F(gup, discard_parks_it)
{
	fill(self->at, LEN, TAG);
	ASSERT_EQ(0, PIN(0));
	ASSERT_EQ(0, pod_punch(&self->pod, REGION, REGION));
	EXPECT_LE(LEN, POD_GET(&self->pod, parked));
	EXPECT_EQ(-1, nonzero(self->at, LEN));
	expect_same(_metadata, self);
	fill(self->at, LEN, TAG + 1);
	expect_same(_metadata, self);
}

TEST_F(gup, inflation_parks_it)
{
	fill(self->at, LEN, TAG);
	ASSERT_EQ(0, PIN(0));
	ASSERT_EQ(0, pod_inflate(&self->pod, REGION, REGION));
	EXPECT_LE(LEN, POD_GET(&self->pod, populated));
	EXPECT_EQ(-1, nonzero(self->at, LEN));
	expect_same(_metadata, self);
	fill(self->at, LEN, TAG + 1);
	expect_same(_metadata, self);
}

/* It can leave when the pin goes. */
TEST_F(gup, parked_until_the_pin_goes)
{
	fill(self->at, LEN, TAG);
	ASSERT_EQ(0, PIN(0));
	ASSERT_EQ(0, pod_punch(&self->pod, REGION, REGION));
	ASSERT_EQ(0, pod_sweep(&self->pod, 0, 0, 0, NULL));
	EXPECT_LE(LEN, POD_GET(&self->pod, populated));
	ASSERT_EQ(0, longterm_unpin(self->gup));
	ASSERT_EQ(0, pod_sweep(&self->pod, 0, 0, 0, NULL));
	EXPECT_EQ(0, POD_GET(&self->pod, populated));
	EXPECT_EQ(0, POD_GET(&self->pod, parked));
}

/* The target falls and the guest gives all: all goes but what is pinned. */
TEST_F(gup, lowered_target)
{
	fill(self->at, LEN, TAG);
	ASSERT_EQ(0, PIN(0));
	ASSERT_EQ(0, pod_inflate(&self->pod, 0, SIZE));
	ASSERT_EQ(0, pod_set_target(&self->pod, REGION, NULL));
	EXPECT_TRUE(POD_WAIT(POD_GET(&self->pod, owned) <= REGION));
	EXPECT_LE(LEN, POD_GET(&self->pod, populated));
	fill(self->at, LEN, TAG + 1);
	expect_same(_metadata, self);
}

/*
 * Documented: a pin of a hole holds the page of zeroes that stands for it.
 * The guest's write brings a page of its own, which the pin never sees. No
 * other hole may suffer.
 */
TEST_F(gup, goes_stale_on_a_hole)
{
	ASSERT_EQ(0, PIN(0));
	EXPECT_EQ(0, POD_GET(&self->pod, populated));
	expect_same(_metadata, self);
	fill(self->at, LEN, TAG);
	ASSERT_EQ(0, longterm_read(self->gup, seen));
	EXPECT_EQ(-1, nonzero(seen, LEN));
	EXPECT_EQ(-1, mismatch(self->at, LEN, TAG));
	ASSERT_EQ(0, longterm_unpin(self->gup));
	ASSERT_EQ(0, PIN(0));
	expect_same(_metadata, self);
	EXPECT_EQ(-1, nonzero(self->mem + 2 * REGION, SIZE - 2 * REGION));
}

/* The pod ends, the page goes to the host when its last user does. */
TEST_F(gup, outlives_the_pod)
{
	u8 want[LEN];

	fill(self->at, LEN, TAG);
	memcpy(want, self->at, LEN);
	ASSERT_EQ(0, PIN(0));
	if (self->reserved)
		munmap(self->mem, SIZE);
	self->reserved = NULL;
	ASSERT_GOOD(pod_finish(&self->pod));
	ASSERT_EQ(0, longterm_read(self->gup, seen));
	EXPECT_EQ(0, memcmp(seen, want, LEN));
}

/* A pinner that takes a file takes memfds only, pinnable or not. */
static int give_file(unsigned int flags)
{
	struct kvm_pod_create args = pod_create_args(SIZE, SIZE);
	struct udmabuf_create create = { .size = SIZE };
	int dev = open("/dev/udmabuf", O_RDWR | O_CLOEXEC), ret;

	if (dev < 0)
		return -ENODEV;
	args.flags = flags;
	create.memfd = pod_create(&args);
	ret = ioctl(dev, UDMABUF_CREATE, &create) < 0 ? -errno : 0;
	close(create.memfd);
	close(dev);
	return ret;
}

TEST(udmabuf)
{
	int ret = give_file(0);

	if (ret == -ENODEV)
		SKIP(return, "this kernel has no udmabuf");
	EXPECT_EQ(-EBADFD, ret);
	EXPECT_EQ(-EBADFD, give_file(KVM_POD_F_PINNABLE));
}

FIXTURE(pinnable) {
	struct pod pod;
	int gup;
};

FIXTURE_VARIANT(pinnable) {
	unsigned int how;
};

FIXTURE_VARIANT_ADD(pinnable, slow) { .how = 0 };
FIXTURE_VARIANT_ADD(pinnable, fast) { .how = LONGTERM_FAST };

FIXTURE_SETUP(pinnable)
{
	struct kvm_pod_create args = pod_create_args(SIZE, SIZE);

	self->gup = longterm_open();
	if (self->gup < 0) {
		self->pod.fd = -1;
		SKIP(return, "this kernel has no gup_test");
	}
	args.flags = KVM_POD_F_PINNABLE;
	ASSERT_GOOD(pod_begin_with(&self->pod, &args));
}

FIXTURE_TEARDOWN(pinnable)
{
	if (self->gup < 0)
		return;
	close(self->gup);
	ASSERT_GOOD(pod_finish(&self->pod));
}

/* The way for devices: all of it, for writing, and nothing moves meanwhile. */
TEST_F(pinnable, all_of_it)
{
	long long before = pages_pinned();

	ASSERT_EQ(0, longterm_pin(self->gup, self->pod.mem, SIZE,
				  variant->how | LONGTERM_WRITE));
	EXPECT_EQ(before + SIZE / PAGE, pages_pinned());
	EXPECT_EQ(-EBUSY, pod_punch(&self->pod, 0, REGION));
	EXPECT_EQ(-EBUSY, pod_sweep(&self->pod, 0, 0, 0, NULL));
	EXPECT_EQ(-EBUSY, pod_inflate(&self->pod, 0, REGION));
	EXPECT_EQ(SIZE, POD_GET(&self->pod, populated));
	ASSERT_EQ(0, longterm_unpin(self->gup));
	EXPECT_EQ(before, pages_pinned());
}

/* A page that was never written is no page of zeroes that others see. */
TEST_F(pinnable, never_stale)
{
	u8 *at = self->pod.mem + REGION;

	ASSERT_EQ(0, longterm_pin(self->gup, at, LEN, variant->how));
	fill(at, LEN, TAG);
	ASSERT_EQ(0, longterm_read(self->gup, seen));
	EXPECT_EQ(0, memcmp(seen, at, LEN));
}

TEST_F(pinnable, outlives_the_pod)
{
	u8 want[LEN];

	fill(self->pod.mem, LEN, TAG);
	memcpy(want, self->pod.mem, LEN);
	ASSERT_EQ(0, longterm_pin(self->gup, self->pod.mem, LEN,
				  variant->how | LONGTERM_WRITE));
	ASSERT_GOOD(pod_finish(&self->pod));
	ASSERT_EQ(0, longterm_read(self->gup, seen));
	EXPECT_EQ(0, memcmp(seen, want, LEN));
}

TEST_HARNESS_MAIN
