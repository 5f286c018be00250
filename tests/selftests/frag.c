// SPDX-License-Identifier: GPL-2.0-only
/*
 * A host without 2 MiB blocks: pods of single pages only, as the module's
 * parameter huge=0 makes them. All that holds with blocks holds without.
 */
#define _GNU_SOURCE
#include <errno.h>

#include "pod_test.h"

#define SIZE	(16 * MiB)
#define TARGET	(8 * MiB)
#define PARAM	"/sys/module/kvm_pod/parameters/huge"

FIXTURE(frag) {
	struct pod pod;
	char before[8];
};

FIXTURE_SETUP(frag)
{
	ASSERT_EQ(0, file_read(PARAM, self->before, sizeof(self->before)));
	ASSERT_EQ(0, file_write(PARAM, "0"));
	ASSERT_GOOD(pod_begin(&self->pod, SIZE, TARGET));
}

FIXTURE_TEARDOWN(frag)
{
	EXPECT_EQ(0, file_write(PARAM, self->before));
	ASSERT_GOOD(pod_finish(&self->pod));
}

TEST_F(frag, content)
{
	u8 *mem = self->pod.mem;
	u64 at;

	EXPECT_EQ(0, POD_GET(&self->pod, reserve_huge));
	for (at = 0; at < TARGET; at += PAGE) {
		ASSERT_EQ(0, try_write(mem + at, 0));
		ASSERT_EQ(-1, nonzero(mem + at, PAGE));
		fill(mem + at, PAGE, at / PAGE + 1);
	}
	EXPECT_EQ(TARGET, POD_GET(&self->pod, populated));
	EXPECT_EQ(0, pmd_mapped(mem, SIZE));
	EXPECT_EQ(SIGBUS, try_write(mem + TARGET, 1));
	EXPECT_EQ(0, madvise(mem, SIZE, MADV_DONTNEED));
	for (at = 0; at < TARGET; at += PAGE)
		EXPECT_EQ(-1, mismatch(mem + at, PAGE, at / PAGE + 1));
	EXPECT_EQ(-1, nonzero(mem + TARGET, SIZE - TARGET));
}

TEST_F(frag, read_costs_nothing)
{
	EXPECT_EQ(-1, nonzero(self->pod.mem, SIZE));
	EXPECT_EQ(0, POD_GET(&self->pod, populated));
	fill(self->pod.mem + REGION, PAGE, 1);
	EXPECT_EQ(-1, nonzero(self->pod.mem, REGION));
	EXPECT_EQ(-1, nonzero(self->pod.mem + REGION + PAGE, REGION));
	EXPECT_EQ(PAGE, POD_GET(&self->pod, populated));
}

TEST_F(frag, discard)
{
	u8 *mem = self->pod.mem;
	u64 at;

	fill(mem, TARGET, 1);
	for (at = PAGE; at < TARGET; at += 2 * PAGE)
		ASSERT_EQ(0, pod_punch(&self->pod, at, PAGE));
	EXPECT_EQ(TARGET / 2, POD_GET(&self->pod, populated));
	for (at = PAGE; at < TARGET; at += 2 * PAGE)
		EXPECT_EQ(-1, nonzero(mem + at, PAGE));
	ASSERT_EQ(0, pod_punch(&self->pod, 0, TARGET));
	EXPECT_EQ(0, POD_GET(&self->pod, populated));
	EXPECT_EQ(-1, nonzero(mem, TARGET));
}

TEST_F(frag, balloon_and_target)
{
	u8 *mem = self->pod.mem;
	u64 at;

	fill(mem, TARGET, 1);
	ASSERT_EQ(0, pod_inflate(&self->pod, TARGET, SIZE - TARGET));
	ASSERT_EQ(0, pod_set_target(&self->pod, TARGET / 2, NULL));
	for (at = TARGET / 2; at < TARGET; at += PAGE)
		ASSERT_EQ(0, pod_inflate(&self->pod, at, PAGE));
	EXPECT_TRUE(POD_WAIT(POD_GET(&self->pod, owned) == TARGET / 2));
	EXPECT_EQ(-1, mismatch(mem, TARGET / 2, 1));
	ASSERT_EQ(0, pod_set_target(&self->pod, SIZE, NULL));
	ASSERT_EQ(0, pod_deflate(&self->pod, 0, SIZE));
	EXPECT_EQ(-1, nonzero(mem + TARGET / 2, SIZE - TARGET / 2));
	fill(mem, SIZE, 2);
	EXPECT_EQ(-1, mismatch(mem, SIZE, 2));
}

TEST_F(frag, write_call)
{
	static u8 data[REGION];

	fill(data, REGION, 3);
	ASSERT_EQ(REGION, pwrite(self->pod.fd, data, REGION, PAGE));
	EXPECT_EQ(-1, mismatch(self->pod.mem + PAGE, REGION, 3));
	EXPECT_EQ(-1, nonzero(self->pod.mem, PAGE));
	EXPECT_EQ(REGION, POD_GET(&self->pod, populated));
}

/* Blocks and single pages in one pod: raised while the host has blocks. */
TEST_F(frag, mixed_reserve)
{
	u8 *mem = self->pod.mem;

	ASSERT_EQ(0, file_write(PARAM, "1"));
	ASSERT_EQ(0, pod_set_target(&self->pod, SIZE, NULL));
	EXPECT_EQ(SIZE - TARGET, POD_GET(&self->pod, reserve_huge));
	fill(mem, SIZE, 4);
	EXPECT_EQ(-1, mismatch(mem, SIZE, 4));
	EXPECT_EQ(SIZE, POD_GET(&self->pod, populated));
	EXPECT_EQ(SIZE - TARGET, pmd_mapped(mem, SIZE));
}

TEST_HARNESS_MAIN
