// SPDX-License-Identifier: GPL-2.0-only
/*
 * Long-term pins for reading, which the kernel allows on every pod: nothing is
 * written, so nothing can be lost. They hold their page where it is. What the
 * guest discards meanwhile is cleared in place, shown as parked, and leaves
 * when the pin has gone.
 *
 * Taken on a hole such a pin holds the zero page, and goes on to read zeroes
 * when the guest has written. Nobody can tell; see
 * Documentation/device-assignment.rst.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/resource.h>

#include "pinner.h"
#include "pod_test.h"
#include "rdma.h"

#define SIZE	(16 * MiB)
#define TARGET	(8 * MiB)
#define RW	(PROT_READ | PROT_WRITE)

/* Pins enough to bring a page's references near to their end, by 1024 each. */
#define MOST_REGIONS	2200

FIXTURE(reader) {
	struct pod pod;
	long long pins;
	int pinner;
	int pin;
	u8 *mem;
	void *reserved;
};

FIXTURE_VARIANT(reader) {
	enum pinner who;
	bool single_pages;
};

#define READER_VARIANT(name, value)					\
	FIXTURE_VARIANT_ADD(reader, name) { .who = value };		\
	FIXTURE_VARIANT_ADD(reader, name##_single) {			\
		.who = value, .single_pages = true,			\
	}

READER_VARIANT(video, PIN_VIDEO_OUTPUT);
READER_VARIANT(rdma, PIN_RDMA_READ);

FIXTURE_SETUP(reader)
{
	ASSERT_GOOD(pod_begin(&self->pod, SIZE, TARGET));
	ASSERT_EQ(0, pod_attr_write(&self->pod, "low_mark", "0"));
	self->mem = self->pod.mem;
	if (variant->single_pages)
		self->mem = map_unaligned(self->pod.fd, SIZE, RW,
					  &self->reserved);
	ASSERT_NE(NULL, self->mem);
	self->pin = -1;
	self->pins = pinner_pages();
	self->pinner = pinner_try(variant->who);
	if (self->pinner == -ENODEV)
		SKIP(return, "this kernel has none of these");
	ASSERT_EQ(0, self->pinner);
	ASSERT_TRUE(pinner_settled(self->pins));
}

FIXTURE_TEARDOWN(reader)
{
	close(self->pin);
	EXPECT_TRUE(pinner_settled(self->pins));
	if (self->reserved)
		munmap(self->mem, SIZE);
	ASSERT_GOOD(pod_finish(&self->pod));
}

#define ASSERT_PINNED(addr) do {					\
	self->pin = pinner_pin(variant->who, addr);			\
	ASSERT_LE(0, self->pin) {					\
		TH_LOG("%s", strerror(-self->pin));			\
	}								\
	ASSERT_LT(self->pins, pinner_pages());				\
} while (0)

#define UNPIN() do {							\
	close(self->pin);						\
	self->pin = -1;							\
	ASSERT_TRUE(pinner_settled(self->pins));			\
} while (0)

TEST_F(reader, hole)
{
	u8 *mem = self->mem;

	ASSERT_PINNED(mem + REGION);
	EXPECT_EQ(0, POD_GET(&self->pod, populated));
	fill(mem + REGION, PINNER_LEN, 1);
	EXPECT_EQ(-1, mismatch(mem + REGION, PINNER_LEN, 1));
	EXPECT_EQ(-1, nonzero(mem + 2 * REGION, REGION));
	ASSERT_EQ(0, pod_punch(&self->pod, 0, SIZE));
	EXPECT_EQ(0, POD_GET(&self->pod, populated));
	EXPECT_EQ(0, POD_GET(&self->pod, parked));
	EXPECT_EQ(-1, nonzero(mem, SIZE));
}

TEST_F(reader, read_only_mapping)
{
	u8 *mem = map_aligned(self->pod.fd, 0, SIZE, PROT_READ);

	ASSERT_NE(NULL, mem);
	fill(self->mem, REGION, 1);
	ASSERT_PINNED(mem);
	EXPECT_EQ(-1, mismatch(mem, REGION, 1));
	munmap(mem, SIZE);
}

/* Zeroes, but not for the taking while somebody holds them. */
TEST_F(reader, sweep)
{
	struct kvm_pod_sweep s;
	u64 frame;

	fill(self->mem, REGION, 1);
	memset(self->mem, 0, REGION);
	ASSERT_PINNED(self->mem);
	frame = page_frame(self->mem);
	ASSERT_EQ(0, pod_sweep(&self->pod, 0, 0, KVM_POD_SWEEP_DEMOTE, &s));
	EXPECT_GE(REGION - PINNER_LEN, s.out_reclaimed);
	EXPECT_EQ(-1, nonzero(self->mem, REGION));
	EXPECT_EQ(frame, page_frame(self->mem));
	UNPIN();
	ASSERT_EQ(0, pod_sweep(&self->pod, 0, 0, 0, NULL));
	EXPECT_EQ(0, POD_GET(&self->pod, populated));
}

TEST_F(reader, discard)
{
	u8 *mem = self->mem;
	u64 frame;

	fill(mem, REGION, 1);
	ASSERT_PINNED(mem);
	frame = page_frame(mem);
	ASSERT_EQ(0, pod_punch(&self->pod, 0, REGION));
	EXPECT_LE(PINNER_LEN, POD_GET(&self->pod, parked));
	EXPECT_LE(PINNER_LEN, POD_GET(&self->pod, populated));
	EXPECT_EQ(-1, nonzero(mem, REGION));
	EXPECT_EQ(frame, page_frame(mem));
	UNPIN();
	ASSERT_EQ(0, pod_sweep(&self->pod, 0, 0, 0, NULL));
	EXPECT_EQ(0, POD_GET(&self->pod, populated));
	EXPECT_EQ(0, POD_GET(&self->pod, parked));
}

/* Written again: it is data, and the pin reads it where it always did. */
TEST_F(reader, discard_and_write)
{
	u8 *mem = self->mem;
	u64 frame;

	fill(mem, REGION, 1);
	ASSERT_PINNED(mem);
	frame = page_frame(mem);
	ASSERT_EQ(0, pod_punch(&self->pod, 0, REGION));
	fill(mem, PINNER_LEN, 2);
	EXPECT_EQ(frame, page_frame(mem));
	UNPIN();
	ASSERT_EQ(0, pod_sweep(&self->pod, 0, 0, KVM_POD_SWEEP_DEMOTE, NULL));
	EXPECT_EQ(-1, mismatch(mem, PINNER_LEN, 2));
	EXPECT_EQ(-1, nonzero(mem + PINNER_LEN, REGION - PINNER_LEN));
}

/* The guest gave all and the target fell: what is held leaves last. */
TEST_F(reader, lowered_target)
{
	fill(self->mem, TARGET, 1);
	ASSERT_PINNED(self->mem + REGION);
	ASSERT_EQ(0, pod_inflate(&self->pod, 0, SIZE));
	ASSERT_EQ(0, pod_set_target(&self->pod, REGION, NULL));
	EXPECT_TRUE(POD_WAIT(POD_GET(&self->pod, owned) == REGION));
	EXPECT_LE(PINNER_LEN, POD_GET(&self->pod, populated));
	EXPECT_LE(PINNER_LEN, POD_GET(&self->pod, parked));
	UNPIN();
	ASSERT_EQ(0, pod_sweep(&self->pod, 0, 0, 0, NULL));
	EXPECT_EQ(0, POD_GET(&self->pod, populated));
}

/* More is held than the target allows: the rest leaves with the pins. */
TEST_F(reader, held_beyond_the_target)
{
	int second;

	fill(self->mem, TARGET, 1);
	ASSERT_PINNED(self->mem + REGION);
	second = pinner_pin(PIN_RDMA_READ, self->mem + 2 * REGION);
	if (second == -ENODEV)
		SKIP(return, "this kernel has no software RDMA (rdma_rxe)");
	ASSERT_LE(0, second);
	ASSERT_EQ(0, pod_inflate(&self->pod, 0, SIZE));
	ASSERT_EQ(0, pod_set_target(&self->pod, REGION, NULL));
	pod_sleep_ms(1000);
	EXPECT_LE(2 * PINNER_LEN, POD_GET(&self->pod, owned));
	EXPECT_EQ(POD_GET(&self->pod, owned) - REGION,
		  POD_GET(&self->pod, to_shrink));
	close(second);
	UNPIN();
	EXPECT_TRUE(POD_WAIT(POD_GET(&self->pod, owned) == REGION));
	EXPECT_EQ(0, POD_GET(&self->pod, to_shrink));
}

/* A block of which most is zero is not taken apart under a pin. */
TEST_F(reader, demotion)
{
	u64 frame;

	fill(self->mem, REGION, 1);
	memset(self->mem + PAGE, 0, REGION - PAGE);
	ASSERT_PINNED(self->mem);
	frame = page_frame(self->mem);
	ASSERT_EQ(0, pod_sweep(&self->pod, 0, 0, KVM_POD_SWEEP_DEMOTE, NULL));
	EXPECT_EQ(-1, mismatch(self->mem, PAGE, 1));
	EXPECT_EQ(frame, page_frame(self->mem));
	EXPECT_EQ(-1, nonzero(self->mem + PAGE, REGION - PAGE));
}

TEST_F(reader, outlives_the_pod)
{
	fill(self->mem, REGION, 1);
	ASSERT_PINNED(self->mem);
	ASSERT_EQ(0, pod_punch(&self->pod, 0, REGION));
	if (self->reserved)
		munmap(self->mem, SIZE);
	self->reserved = NULL;
	ASSERT_GOOD(pod_finish(&self->pod));
	EXPECT_LT(self->pins, pinner_pages());
}

/* All holes that one pod's owner may pin are no reason to fail another pod. */
TEST_F_TIMEOUT(reader, zeroes_of_others, 120)
{
	struct kvm_pod_create args = pod_create_args(SIZE, REGION);
	struct rlimit files = { 65536, 65536 };
	int context, i, other;
	void *reserved;
	u8 *mem;

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &files));
	context = rdma_open();
	if (context < 0)
		SKIP(return, "this kernel has no software RDMA (rdma_rxe)");
	self->pin = context;
	for (i = 0; i < MOST_REGIONS; i++)
		ASSERT_EQ(0, rdma_register(context, self->mem + REGION,
					   REGION - PAGE, false));
	other = pod_create(&args);
	ASSERT_LE(0, other);
	mem = map_unaligned(other, SIZE, RW, &reserved);
	ASSERT_NE(NULL, mem);
	for (i = 0; i < SIZE / REGION; i++)
		EXPECT_EQ(0, try_read(mem + i * REGION));
	munmap(mem, SIZE);
	close(other);
}

TEST_HARNESS_MAIN
