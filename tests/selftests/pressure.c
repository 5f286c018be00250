// SPDX-License-Identifier: GPL-2.0-only
/*
 * A host that wants its memory back, or moved: swap, compaction, dropped
 * caches, KSM, huge page daemons, memory taken offline, a memory cgroup that is
 * full. What a pod holds stays where it is, and nobody waits for it in vain.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "attempt.h"
#include "cgroup.h"
#include "pod_test.h"
#include "touch.h"

#define SIZE	(32 * MiB)
#define TARGET	(16 * MiB)

#define MM	"/sys/kernel/mm/"
#define VM	"/proc/sys/vm/"
#define BLOCKS	"/sys/devices/system/memory/"

/* Written a word per page while the host is at work. */
#define ROUNDS	4

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

FIXTURE(pressure) {
	struct pod pod;
	u64 frames[SIZE / REGION];
	bool stop;
};

FIXTURE_SETUP(pressure)
{
	u64 i;

	ASSERT_GOOD(pod_begin(&self->pod, SIZE, TARGET));
	fill(self->pod.mem, TARGET, 1);
	for (i = 0; i < TARGET / REGION; i++)
		self->frames[i] = page_frame(self->pod.mem + i * REGION);
}

FIXTURE_TEARDOWN(pressure)
{
	ASSERT_GOOD(pod_finish(&self->pod));
}

/* Nothing moved, nothing is lost, and blocks are mapped as blocks. */
static void check_untouched(struct __test_metadata *_metadata,
			    FIXTURE_DATA(pressure) *self)
{
	u8 *mem = self->pod.mem;
	u64 i;

	EXPECT_EQ(-1, mismatch(mem, TARGET, 1));
	for (i = 0; i < TARGET / REGION; i++)
		EXPECT_EQ(self->frames[i], page_frame(mem + i * REGION));
	EXPECT_EQ(TARGET, pmd_mapped(mem, SIZE));
	EXPECT_EQ(0, smaps_bytes(mem, SIZE, "Swap"));
	EXPECT_EQ(TARGET, POD_GET(&self->pod, populated));
}

/* Reads all the time: how many faults that took, or -1 if it read nonsense. */
static long read_on(void *arg)
{
	FIXTURE_DATA(pressure) *self = arg;
	long before, faults = 0;

	while (!__atomic_load_n(&self->stop, __ATOMIC_RELAXED)) {
		before = faults_so_far();
		if (mismatch(self->pod.mem, TARGET, 1) >= 0)
			return -1;
		faults += faults_so_far() - before;
	}
	return faults;
}

static void check_while(struct __test_metadata *_metadata,
			FIXTURE_DATA(pressure) *self, const char *path,
			const char *value)
{
	struct job job;
	int i;

	job_start(&job, read_on, self);
	for (i = 0; i < ROUNDS; i++)
		EXPECT_EQ(0, file_write(path, value));
	__atomic_store_n(&self->stop, true, __ATOMIC_RELAXED);
	ASSERT_TRUE(job_wait(&job));
	/* Its own stack may move; the pod's mappings would be many. */
	EXPECT_LE(0, job.result);
	EXPECT_GT(TARGET / REGION, job.result);
	check_untouched(_metadata, self);
}

TEST_F(pressure, compaction)
{
	check_while(_metadata, self, VM "compact_memory", "1");
}

TEST_F(pressure, dropped_caches)
{
	check_while(_metadata, self, VM "drop_caches", "3");
}

/* What the huge page daemon, and who asks it, may do to other memory. */
TEST_F(pressure, huge_page_daemon)
{
	u8 *mem = self->pod.mem;

	madvise(mem, SIZE, MADV_HUGEPAGE);
	EXPECT_NE(0, madvise(mem, REGION, MADV_COLLAPSE));
	EXPECT_EQ(0, madvise(mem, SIZE, MADV_NOHUGEPAGE));
	check_untouched(_metadata, self);
}

TEST_F(pressure, same_pages)
{
	u8 *mem = self->pod.mem;
	long long merged;

	if (file_write(MM "ksm/run", "1"))
		SKIP(return, "this kernel has no KSM");
	memset(mem, 7, TARGET);
	merged = file_number(MM "ksm/pages_sharing");
	madvise(mem, SIZE, MADV_MERGEABLE);
	pod_sleep_ms(300);
	EXPECT_EQ(merged, file_number(MM "ksm/pages_sharing"));
	EXPECT_EQ(0, file_write(MM "ksm/run", "2"));
	fill(mem, TARGET, 1);
	check_untouched(_metadata, self);
}

static bool swap_on(void)
{
	return !system("modprobe brd rd_nr=1 rd_size=16384 2>/dev/null;"
		       "mkswap /dev/ram0 >/dev/null && swapon /dev/ram0");
}

TEST_F(pressure, swap)
{
	int advice[] = { MADV_COLD, MADV_PAGEOUT };
	u8 *mem = self->pod.mem;
	int i;

	if (!swap_on())
		SKIP(return, "no RAM disk to swap to");
	for (i = 0; i < ARRAY_SIZE(advice); i++)
		madvise(mem, SIZE, advice[i]);
	check_untouched(_metadata, self);
	EXPECT_EQ(0, system("swapoff /dev/ram0"));
}

/* The part of memory that a frame is in, which root may take offline. */
static int offline(u64 frame)
{
	char text[32], path[64];
	u64 size;

	if (file_read(BLOCKS "block_size_bytes", text, sizeof(text)))
		return -ENODEV;
	size = strtoull(text, NULL, 16);
	snprintf(path, sizeof(path), BLOCKS "memory%llu/state",
		 (unsigned long long)(frame * PAGE / size));
	return file_write(path, "offline");
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* Populated, and in the reserve: at once, as none of it can be moved. */
TEST_F(pressure, offline)
{
	double from = seconds();
	int ret = offline(self->frames[0]);

	if (ret == -ENODEV || ret == -ENOENT)
		SKIP(return, "this kernel takes no memory offline");
	/* EINVAL: there is a hole in that part, which is refused before. */
	EXPECT_TRUE(ret == -EBUSY || ret == -EINVAL) {
		TH_LOG("it is %d", ret);
	}
	check_untouched(_metadata, self);
	ASSERT_EQ(0, pod_punch(&self->pod, 0, TARGET));
	EXPECT_EQ(ret, offline(self->frames[0]));
	EXPECT_TRUE(POD_WAIT(POD_GET(&self->pod, reserve) == TARGET));
	EXPECT_GT(10 * time_scale(), seconds() - from);
}

/* Its reserve is charged already: a full cgroup does not fail a guest. */
TEST_F(pressure, full_cgroup)
{
	struct pod *pod = &self->pod;
	struct cgroup cg;
	u64 at;

	if (cgroup_make(&cg))
		SKIP(return, "no memory controller in cgroup v2");
	ASSERT_GOOD(pod_finish(pod));
	ASSERT_EQ(0, cgroup_enter(&cg));
	EXPECT_EQ(NULL, pod_begin(pod, SIZE, TARGET));
	fill(pod->mem, PAGE, 2);
	/*
	 * By single pages, which need tables. Those of the process are made
	 * now: for these the kernel itself would call the OOM killer.
	 */
	for (at = 0; at < SIZE; at += REGION)
		pod_inflate(pod, at + REGION - PAGE, PAGE);
	EXPECT_EQ(-1, nonzero(pod->mem + PAGE, SIZE - PAGE));
	EXPECT_EQ(0, cgroup_limit(&cg, cgroup_current(&cg) + 64 * PAGE));
	for (at = PAGE; at < TARGET; at += PAGE)
		ASSERT_EQ(0, try_write(pod->mem + at, 1));
	EXPECT_EQ(SIGBUS, try_write(pod->mem + SIZE - REGION, 1));
	EXPECT_EQ(-ENOMEM, pod_set_target(pod, SIZE, NULL));
	EXPECT_EQ(0, pod_punch(pod, 0, SIZE));
	EXPECT_EQ(0, cgroup_oom_kills(&cg));
	/* The raise took all there was: tables for looking need room again. */
	EXPECT_EQ(0, cgroup_limit(&cg, cgroup_current(&cg) + 64 * PAGE));
	EXPECT_EQ(-1, nonzero(pod->mem, SIZE));
	cgroup_leave();
	ASSERT_GOOD(pod_finish(pod));
	cgroup_remove(&cg);
	ASSERT_GOOD(pod_begin(pod, SIZE, TARGET));
}

/* Where it shows: not free, not available, in no other line. */
TEST_F(pressure, accounting)
{
	long long cached = meminfo("Cached"), mapped = meminfo("Mapped");
	long long shmem = meminfo("Shmem"), avail = available();
	struct attempt a = { .size = 4 * SIZE };

	a.dev = open("/dev/kvm-pod", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, a.dev);
	ASSERT_EQ(0, try_create(&a));
	EXPECT_GT(avail - 3 * SIZE, available());
	EXPECT_GT(cached + SIZE, meminfo("Cached"));
	EXPECT_GT(mapped + SIZE, meminfo("Mapped"));
	EXPECT_GT(shmem + SIZE, meminfo("Shmem"));
	EXPECT_LE(4 * SIZE, pod_class_attr("total_owned"));
	close(a.fd);
	close(a.dev);
	EXPECT_TRUE(POD_WAIT(available() > avail - SIZE));
}

TEST_HARNESS_MAIN
