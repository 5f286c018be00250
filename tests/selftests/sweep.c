// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_POD_SWEEP: memory that holds only zeroes goes back to the reserve, all
 * other memory stays as and where it is.
 *
 * The target is the size here: the pod has no reason to sweep by itself.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "pod_test.h"
#include "touch.h"

#define SIZE		(16 * MiB)
#define RW		(PROT_READ | PROT_WRITE)
#define REGION_PAGES	(REGION / PAGE)

POD_FIXTURE(SIZE, SIZE)

/* Fill whole regions, each with its number as tag. */
static void fill_regions(u8 *mem, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		fill(mem + i * REGION, REGION, i + 1);
}

static bool region_is_intact(const u8 *mem, unsigned int nr)
{
	return mismatch(mem + nr * REGION, REGION, nr + 1) == -1;
}

TEST_F(pod, empty)
{
	struct kvm_pod_sweep s;

	ASSERT_EQ(0, pod_sweep(&self->pod, 0, 0, 0, &s));
	EXPECT_EQ(0, s.out_scanned);
	EXPECT_EQ(0, s.out_reclaimed);
	EXPECT_EQ(SIZE, s.out_next);
}

TEST_F(pod, zero_blocks_return)
{
	u8 *mem = self->pod.mem;
	struct kvm_pod_sweep s;

	fill_regions(mem, 4);
	memset(mem + REGION, 0, REGION);
	memset(mem + 3 * REGION, 0, REGION);
	ASSERT_EQ(0, pod_sweep(&self->pod, 0, 0, 0, &s));
	EXPECT_EQ(2 * REGION, s.out_reclaimed);
	EXPECT_LE(2 * REGION, s.out_scanned);
	EXPECT_GE(4 * REGION, s.out_scanned);
	EXPECT_EQ(SIZE, s.out_next);
	EXPECT_EQ(2 * REGION, POD_GET(&self->pod, populated));
	EXPECT_EQ(SIZE - 2 * REGION, POD_GET(&self->pod, reserve));
	EXPECT_EQ(SIZE - 2 * REGION, POD_GET(&self->pod, reserve_huge));
	EXPECT_EQ(SIZE - 2 * REGION, POD_GET(&self->pod, outstanding));
	EXPECT_TRUE(region_is_intact(mem, 0));
	EXPECT_TRUE(region_is_intact(mem, 2));
	EXPECT_EQ(-1, nonzero(mem + REGION, REGION));
	EXPECT_EQ(-1, nonzero(mem + 3 * REGION, REGION));
	EXPECT_EQ(2 * REGION, POD_GET(&self->pod, populated));
}

/* What went is as good as what was never touched. */
TEST_F(pod, swept_blocks_come_again)
{
	u8 *mem = self->pod.mem;
	int round;

	for (round = 0; round < 10; round++) {
		fill_regions(mem, 8);
		EXPECT_EQ(8 * REGION, pmd_mapped(self->pod.mem, self->pod.size));
		EXPECT_TRUE(region_is_intact(mem, round % 8));
		memset(mem, 0, SIZE);
		ASSERT_EQ(0, pod_sweep(&self->pod, 0, 0, 0, NULL));
		EXPECT_EQ(SIZE, POD_GET(&self->pod, reserve_huge));
	}
}

TEST_F(pod, only_the_range)
{
	struct kvm_pod_sweep s;

	memset(self->pod.mem, 0, SIZE);
	ASSERT_EQ(SIZE, POD_GET(&self->pod, populated));
	ASSERT_EQ(0, pod_sweep(&self->pod, 2 * REGION, 2 * REGION, 0, &s));
	EXPECT_EQ(2 * REGION, s.out_scanned);
	EXPECT_EQ(2 * REGION, s.out_reclaimed);
	EXPECT_EQ(4 * REGION, s.out_next);
	EXPECT_EQ(SIZE - 2 * REGION, POD_GET(&self->pod, populated));
	EXPECT_EQ(2 * REGION, lseek(self->pod.fd, 0, SEEK_HOLE));
	EXPECT_EQ(4 * REGION, lseek(self->pod.fd, 2 * REGION, SEEK_DATA));
}

TEST_F(pod, regions_are_swept_as_a_whole)
{
	struct kvm_pod_sweep s;

	memset(self->pod.mem, 0, SIZE);
	ASSERT_EQ(0, pod_sweep(&self->pod, 2 * REGION - PAGE, 2 * PAGE, 0, &s));
	EXPECT_EQ(2 * REGION, s.out_reclaimed);
	EXPECT_LE(2 * REGION + PAGE, s.out_next);
	EXPECT_EQ(REGION, lseek(self->pod.fd, 0, SEEK_HOLE));
	EXPECT_EQ(3 * REGION, lseek(self->pod.fd, REGION, SEEK_DATA));
	ASSERT_EQ(0, pod_sweep(&self->pod, SIZE - PAGE, PAGE, 0, &s));
	EXPECT_EQ(REGION, s.out_reclaimed);
	EXPECT_EQ(SIZE, s.out_next);
}

/* Memory in use is not even unmapped: its first words say enough. */
TEST_F(pod, data_costs_no_fault)
{
	struct kvm_pod_sweep s;

	fill_regions(self->pod.mem, 8);
	EXPECT_EQ(SIZE, pmd_mapped(self->pod.mem, self->pod.size));
	ASSERT_EQ(0, pod_sweep(&self->pod, 0, 0, KVM_POD_SWEEP_DEMOTE, &s));
	EXPECT_EQ(0, s.out_reclaimed);
	EXPECT_EQ(SIZE, pmd_mapped(self->pod.mem, self->pod.size));
	EXPECT_TRUE(region_is_intact(self->pod.mem, 7));
	EXPECT_EQ(SIZE, POD_GET(&self->pod, populated));
}

/* One byte anywhere is data. */
TEST_F(pod, one_byte_is_data)
{
	const u64 at[] = { 0, 1, 63, PAGE - 1, PAGE, REGION / 2 - 1,
			   REGION / 2, REGION - PAGE, REGION - 9, REGION - 1 };
	u8 *mem = self->pod.mem;
	int i;

	for (i = 0; i < ARRAY_SIZE(at); i++) {
		memset(mem, 0, REGION);
		mem[at[i]] = 0x80;
		ASSERT_EQ(0, pod_sweep(&self->pod, 0, REGION, 0, NULL));
		EXPECT_EQ(REGION, POD_GET(&self->pod, populated));
		EXPECT_EQ(0x80, mem[at[i]]);
		mem[at[i]] = 0;
		EXPECT_EQ(-1, nonzero(mem, REGION));
	}
}

TEST_F(pod, one_byte_is_data_in_a_page)
{
	const u64 at[] = { 0, 1, 63, 64, 511, 2048, PAGE - 9, PAGE - 1 };
	void *reserved;
	u8 *mem = map_unaligned(self->pod.fd, SIZE, RW, &reserved);
	int i;

	ASSERT_NE(NULL, mem);
	for (i = 0; i < ARRAY_SIZE(at); i++)
		mem[i * PAGE + at[i]] = 0x80;
	ASSERT_EQ(0, pod_sweep(&self->pod, 0, 0, 0, NULL));
	EXPECT_EQ(ARRAY_SIZE(at) * PAGE, POD_GET(&self->pod, populated));
	for (i = 0; i < ARRAY_SIZE(at); i++)
		EXPECT_EQ(0x80, mem[i * PAGE + at[i]]);
	munmap(mem, SIZE);
}

/* The first @zero pages of region 0 are zero, the others are data. */
static int sweep_region_with(const struct pod *pod, unsigned int zero,
			     unsigned int flags, struct kvm_pod_sweep *s)
{
	fill(pod->mem, REGION, 1);
	memset(pod->mem, 0, zero * PAGE);
	return pod_sweep(pod, 0, REGION, flags, s);
}

TEST_F(pod, mostly_zero_stays_a_block)
{
	struct kvm_pod_sweep s;

	ASSERT_EQ(0, sweep_region_with(&self->pod, REGION_PAGES - 1, 0, &s));
	EXPECT_EQ(0, s.out_reclaimed);
	EXPECT_EQ(REGION, POD_GET(&self->pod, populated));
	EXPECT_EQ(0, pod_attr(&self->pod, "demoted"));
}

static void check_demotion(struct __test_metadata *_metadata,
			   const struct pod *pod, unsigned int zero)
{
	struct kvm_pod_sweep s;
	u8 *mem = pod->mem;
	u64 data;

	ASSERT_EQ(0, sweep_region_with(pod, zero, KVM_POD_SWEEP_DEMOTE, &s));
	fill(mem + REGION, REGION, 1);
	data = memcmp(mem + zero * PAGE, mem + REGION + zero * PAGE,
		      REGION - zero * PAGE);
	EXPECT_EQ(0, data);
	EXPECT_EQ(-1, nonzero(mem, zero * PAGE));
	EXPECT_EQ(zero * PAGE, s.out_reclaimed);
	EXPECT_EQ(2 * REGION - zero * PAGE, POD_GET(pod, populated));
	EXPECT_EQ(1, pod_attr(pod, "demoted"));
}

TEST_F(pod, mostly_zero_is_demoted)
{
	check_demotion(_metadata, &self->pod, REGION_PAGES - 1);
}

TEST_F(pod, half_zero_is_demoted)
{
	check_demotion(_metadata, &self->pod, REGION_PAGES / 2);
}

TEST_F(pod, a_quarter_zero_is_demoted)
{
	check_demotion(_metadata, &self->pod, REGION_PAGES / 4);
}

TEST_F(pod, less_than_a_quarter_stays)
{
	struct kvm_pod_sweep s;

	ASSERT_EQ(0, sweep_region_with(&self->pod, REGION_PAGES / 4 - 1,
				       KVM_POD_SWEEP_DEMOTE, &s));
	EXPECT_EQ(0, s.out_reclaimed);
	EXPECT_EQ(REGION, POD_GET(&self->pod, populated));
	EXPECT_EQ(0, pod_attr(&self->pod, "demoted"));
}

/* Page by page, where a mapping that fits no 2 MiB populated it. */
TEST_F(pod, small_pages)
{
	struct kvm_pod_sweep s;
	void *reserved;
	u8 *mem = map_unaligned(self->pod.fd, SIZE, RW, &reserved);
	int i;

	ASSERT_NE(NULL, mem);
	for (i = 0; i < 64; i++)
		fill(mem + i * PAGE, PAGE, i + 1);
	for (i = 0; i < 64; i += 2)
		memset(mem + i * PAGE, 0, PAGE);
	ASSERT_EQ(64 * PAGE, POD_GET(&self->pod, populated));
	ASSERT_EQ(0, pod_sweep(&self->pod, 0, 0, 0, &s));
	EXPECT_EQ(32 * PAGE, s.out_reclaimed);
	EXPECT_EQ(32 * PAGE, POD_GET(&self->pod, populated));
	for (i = 0; i < 64; i += 2) {
		EXPECT_EQ(-1, nonzero(mem + i * PAGE, PAGE));
		EXPECT_EQ(-1, mismatch(mem + (i + 1) * PAGE, PAGE, i + 2));
	}
	munmap(mem, SIZE);
}

/* Given pages stay given; what was only zero becomes outstanding. */
TEST_F(pod, given_pages_stay_given)
{
	memset(self->pod.mem, 0, REGION);
	ASSERT_EQ(0, pod_inflate(&self->pod, 0, REGION / 2));
	ASSERT_EQ(REGION / 2, POD_GET(&self->pod, given_huge));
	ASSERT_EQ(0, pod_sweep(&self->pod, 0, 0, 0, NULL));
	EXPECT_EQ(0, POD_GET(&self->pod, populated));
	EXPECT_EQ(0, POD_GET(&self->pod, given_huge));
	EXPECT_EQ(REGION / 2, POD_GET(&self->pod, given));
	EXPECT_EQ(SIZE - REGION / 2, POD_GET(&self->pod, outstanding));
}

/* A pipe that refers to the page at @mem. */
static int hold(int *fds, void *mem)
{
	struct iovec iov = { mem, PAGE };

	if (pipe(fds))
		return -1;
	return vmsplice(fds[1], &iov, 1, 0) == PAGE ? 0 : -1;
}

/* What is stored at @mem now must be what the pipe's reader gets. */
static void check_same_page(struct __test_metadata *_metadata, int *fds,
			    u8 *mem)
{
	static u8 copy[PAGE] __attribute__((aligned(8)));

	fill(mem, PAGE, 77);
	ASSERT_EQ(PAGE, read(fds[0], copy, PAGE));
	EXPECT_EQ(-1, mismatch(copy, PAGE, 77));
	close(fds[0]);
	close(fds[1]);
}

TEST_F(pod, referenced_block_is_left_alone)
{
	u8 *mem = self->pod.mem;
	struct kvm_pod_sweep s;
	int fds[2];

	memset(mem, 0, 2 * REGION);
	ASSERT_EQ(0, hold(fds, mem + 7 * PAGE));
	ASSERT_EQ(0, pod_sweep(&self->pod, 0, 0, KVM_POD_SWEEP_DEMOTE, &s));
	EXPECT_EQ(REGION, s.out_reclaimed);
	EXPECT_EQ(REGION, POD_GET(&self->pod, populated));
	check_same_page(_metadata, fds, mem + 7 * PAGE);
	memset(mem, 0, REGION);
	ASSERT_EQ(0, pod_sweep(&self->pod, 0, 0, 0, &s));
	EXPECT_EQ(REGION, s.out_reclaimed);
}

TEST_F(pod, referenced_page_is_left_alone)
{
	void *reserved;
	u8 *mem = map_unaligned(self->pod.fd, SIZE, RW, &reserved);
	struct kvm_pod_sweep s;
	int fds[2];

	ASSERT_NE(NULL, mem);
	memset(mem, 0, 8 * PAGE);
	ASSERT_EQ(0, hold(fds, mem + 3 * PAGE));
	ASSERT_EQ(0, pod_sweep(&self->pod, 0, 0, 0, &s));
	EXPECT_EQ(7 * PAGE, s.out_reclaimed);
	EXPECT_EQ(PAGE, POD_GET(&self->pod, populated));
	check_same_page(_metadata, fds, mem + 3 * PAGE);
	munmap(mem, SIZE);
}

/* Parked by a discard: a sweep must not take it either, but may later. */
TEST_F(pod, parked_page_is_left_alone)
{
	void *reserved;
	u8 *mem = map_unaligned(self->pod.fd, SIZE, RW, &reserved);
	int fds[2];

	ASSERT_NE(NULL, mem);
	fill(mem, 4 * PAGE, 1);
	ASSERT_EQ(0, hold(fds, mem));
	ASSERT_EQ(0, pod_punch(&self->pod, 0, PAGE));
	ASSERT_EQ(PAGE, POD_GET(&self->pod, parked));
	ASSERT_EQ(0, pod_sweep(&self->pod, 0, 0, 0, NULL));
	EXPECT_EQ(4 * PAGE, POD_GET(&self->pod, populated));
	check_same_page(_metadata, fds, mem);
	EXPECT_EQ(-1, mismatch(mem, PAGE, 77));
	memset(mem, 0, PAGE);
	ASSERT_EQ(0, pod_sweep(&self->pod, 0, 0, 0, NULL));
	EXPECT_EQ(3 * PAGE, POD_GET(&self->pod, populated));
	EXPECT_EQ(0, POD_GET(&self->pod, parked));
	munmap(mem, SIZE);
}

TEST_F(pod, counters)
{
	long long scanned = pod_attr(&self->pod, "sweep_scanned");
	long long reclaimed = pod_attr(&self->pod, "sweep_reclaimed");

	ASSERT_LE(0, scanned);
	ASSERT_LE(0, reclaimed);
	memset(self->pod.mem, 0, 2 * REGION);
	ASSERT_EQ(0, pod_sweep(&self->pod, 0, 0, 0, NULL));
	EXPECT_EQ(scanned + 2 * REGION_PAGES,
		  pod_attr(&self->pod, "sweep_scanned"));
	EXPECT_EQ(reclaimed + 2 * REGION_PAGES,
		  pod_attr(&self->pod, "sweep_reclaimed"));
}

struct pesterer {
	pthread_t victim;
	bool stop;
};

static long pester(void *arg)
{
	struct pesterer *p = arg;

	while (!__atomic_load_n(&p->stop, __ATOMIC_RELAXED)) {
		pthread_kill(p->victim, SIGUSR1);
		pod_sleep_ms(1);
	}
	return 0;
}

/*
 * Signals all the time: each call tells how far it came, and the next ones get
 * to the end from there.
 */
TEST_F(pod, interrupted)
{
	struct pesterer p = { pthread_self() };
	struct kvm_pod_sweep s = { };
	u64 reclaimed = 0, next = 0;
	int ret, calls = 0, cut = 0;
	struct job job;

	count_signals();
	memset(self->pod.mem, 0, SIZE);
	job_start(&job, pester, &p);
	while (next < SIZE && calls++ < 10000) {
		ret = pod_sweep(&self->pod, next, 0, 0, &s);
		if (ret && ret != -EINTR)
			break;
		cut += !!ret;
		reclaimed += s.out_reclaimed;
		EXPECT_LE(next, s.out_next);
		next = s.out_next;
	}
	__atomic_store_n(&p.stop, true, __ATOMIC_RELAXED);
	EXPECT_TRUE(job_wait(&job));
	EXPECT_EQ(SIZE, next);
	EXPECT_EQ(SIZE, reclaimed);
	EXPECT_EQ(0, POD_GET(&self->pod, populated));
	TH_LOG("%d calls, %d cut short", calls, cut);
}

TEST_HARNESS_MAIN
