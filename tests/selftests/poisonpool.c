// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hardware errors in memory that no guest has at the time: the reserve, the
 * float, what is being cleared, the zero folios (DESIGN rule 5). None of it is
 * ever handed out, and what was broken once does not come back, whatever the
 * kernel is told later.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "cgroup.h"
#include "hwerror.h"
#include "pod_test.h"

#define SIZE		(16 * MiB)
#define TARGET		(8 * MiB)
#define BLOCKS		(TARGET / REGION)
#define RW		(PROT_READ | PROT_WRITE)
#define NO_ERRORS	"this kernel injects no memory errors"

/* Of the float: so many are broken by chance, one by one. */
#define FLOAT_BROKEN	8

FIXTURE(pool) {
	struct pod pod;
	u8 *mem;
};

FIXTURE_SETUP(pool)
{
	ASSERT_GOOD(pod_begin(&self->pod, SIZE, TARGET));
	self->mem = self->pod.mem;
}

FIXTURE_TEARDOWN(pool)
{
	ASSERT_GOOD(pod_finish(&self->pod));
	hwerror_forget();
}

/* All of the target, used once more: none of it is broken. */
static void check_service(struct __test_metadata *_metadata, struct pod *pod,
			  u64 retired)
{
	fill(pod->mem, TARGET, 2);
	EXPECT_EQ(-1, mismatch(pod->mem, TARGET, 2));
	EXPECT_EQ(-1, hwerror_find(pod->mem, TARGET));
	EXPECT_TRUE(POD_WAIT(POD_GET(pod, owned) == TARGET));
	EXPECT_EQ(retired, POD_GET(pod, retired));
	EXPECT_EQ(TARGET, POD_GET(pod, populated));
	EXPECT_EQ(SIGBUS, try_write(pod->mem + TARGET, 1));
	ASSERT_GOOD(pod_healthy(pod));
}

/* Back in the reserve, as zeroes; the frames at @nr pages are known. */
static void give_back(struct __test_metadata *_metadata, struct pod *pod,
		      u64 *frames, int nr, u64 stride)
{
	int i;

	fill(pod->mem, TARGET, 1);
	for (i = 0; i < nr; i++)
		frames[i] = page_frame(pod->mem + i * stride);
	ASSERT_EQ(0, pod_punch(pod, 0, TARGET));
	ASSERT_EQ(TARGET, POD_GET(pod, reserve));
}

TEST_F(pool, block)
{
	u64 frames[BLOCKS];

	give_back(_metadata, &self->pod, frames, BLOCKS, REGION);
	/* It is cleared by now. */
	pod_sleep_ms(100);
	if (hwerror_frame(frames[1]))
		SKIP(return, NO_ERRORS);
	EXPECT_EQ(-1, nonzero(self->mem, SIZE));
	EXPECT_EQ(0, POD_GET(&self->pod, retired));
	/* Replaced by single pages, by the touches that need them. */
	check_service(_metadata, &self->pod, REGION);
}

/* Told of by hwpoison-inject, and by unpoison-pfn that it was an error. */
TEST_F(pool, forgotten)
{
	u64 frames[BLOCKS];

	give_back(_metadata, &self->pod, frames, BLOCKS, REGION);
	if (hwerror_inject(frames[2]))
		SKIP(return, "this kernel has no hwpoison-inject");
	check_service(_metadata, &self->pod, REGION);
	EXPECT_EQ(1, hwerror_forget());
	EXPECT_FALSE(hwerror_is_marked(frames[2]));
	EXPECT_EQ(REGION, POD_GET(&self->pod, retired));
	ASSERT_EQ(0, pod_punch(&self->pod, 0, TARGET));
	check_service(_metadata, &self->pod, REGION);
}

TEST_F(pool, single_pages)
{
	const unsigned int broken[] = { 0, 1, 100, 511 };
	u64 frames[512];
	void *reserved;
	u8 *mem = map_unaligned(self->pod.fd, SIZE, RW, &reserved);
	unsigned int i;

	ASSERT_NE(NULL, mem);
	fill(mem, TARGET, 1);
	for (i = 0; i < 512; i++)
		frames[i] = page_frame(mem + i * PAGE);
	ASSERT_EQ(0, pod_punch(&self->pod, 0, TARGET));
	for (i = 0; i < ARRAY_SIZE(broken); i++)
		if (hwerror_frame(frames[broken[i]]))
			SKIP(return, NO_ERRORS);
	fill(mem, TARGET, 3);
	EXPECT_EQ(-1, mismatch(mem, TARGET, 3));
	munmap(mem, SIZE);
	check_service(_metadata, &self->pod, 4 * PAGE);
	/* Kept from the host, too. */
	EXPECT_EQ(4, hwerror_forget());
	for (i = 0; i < ARRAY_SIZE(broken); i++)
		EXPECT_FALSE(hwerror_is_free(frames[broken[i]]));
}

/* Punched a moment ago: the worker clears it, or has it before it. */
TEST_F(pool, being_cleared)
{
	u64 frames[BLOCKS], retired = 0;
	unsigned int i;

	for (i = 0; i < BLOCKS - 1; i++) {
		give_back(_metadata, &self->pod, frames, 1, REGION);
		if (hwerror_frame(frames[0]))
			SKIP(return, NO_ERRORS);
		retired = POD_GET(&self->pod, retired);
		check_service(_metadata, &self->pod, (i + 1) * REGION);
		ASSERT_EQ(0, pod_punch(&self->pod, 0, TARGET));
	}
	EXPECT_LT(0, retired);
}

/* Frames that no process has, alone, charged to the cgroup with this inode. */
static unsigned int find_lent(u64 inode, u64 *frames, unsigned int max)
{
	int owners = open("/proc/kpagecgroup", O_RDONLY | O_CLOEXEC);
	static u64 chunk[512];
	unsigned int i, nr = 0;
	u64 frame = 0;

	while (nr < max && pread(owners, chunk, sizeof(chunk),
				 frame * sizeof(u64)) == sizeof(chunk)) {
		for (i = 0; i < 512 && nr < max; i++)
			if (chunk[i] == inode && hwerror_is_plain(frame + i))
				frames[nr++] = frame + i;
		frame += 512;
	}
	close(owners);
	return nr;
}

/*
 * The float: order-0 pages of the pod that are nowhere to be seen. Some of them
 * are broken, then the reserve's blocks are exchanged for them.
 */
TEST_F(pool, lent_pages)
{
	struct pod *pod = &self->pod;
	unsigned int i, nr, broken = 0;
	static u64 frames[512];
	struct cgroup cg;
	struct stat st;

	if (cgroup_make(&cg))
		SKIP(return, "no memory controller in cgroup v2");
	ASSERT_EQ(0, stat(cg.path, &st));
	ASSERT_GOOD(pod_finish(pod));
	ASSERT_EQ(0, cgroup_enter(&cg));
	EXPECT_EQ(NULL, pod_begin(pod, SIZE, TARGET));
	cgroup_leave();
	nr = find_lent(st.st_ino, frames, 512);
	EXPECT_LE(FLOAT_BROKEN, nr);
	for (i = 0; i < FLOAT_BROKEN && i < nr; i++)
		broken += !hwerror_frame(frames[nr - 1 - i]);
	if (!broken)
		SKIP(return, NO_ERRORS);
	/* A region of which a page is given up takes single pages. */
	for (i = 0; i < BLOCKS; i++) {
		ASSERT_EQ(0, pod_inflate(pod, i * REGION, PAGE));
		fill(pod->mem + i * REGION + PAGE, REGION - PAGE, 1);
	}
	for (i = 0; i < BLOCKS; i++)
		EXPECT_EQ(-1, mismatch(pod->mem + i * REGION + PAGE,
				       REGION - PAGE, 1));
	EXPECT_EQ(-1, hwerror_find(pod->mem, TARGET));
	EXPECT_LT(0, POD_GET(pod, retired));
	EXPECT_GE(broken * PAGE, POD_GET(pod, retired));
	ASSERT_GOOD(pod_finish(pod));
	cgroup_remove(&cg);
	ASSERT_GOOD(pod_begin(pod, SIZE, TARGET));
}

/* The pod ends before it has met them: they go nowhere. */
TEST_F(pool, end_of_the_pod)
{
	struct pod *pod = &self->pod;
	u64 frames[BLOCKS];
	unsigned int i;

	give_back(_metadata, pod, frames, BLOCKS, REGION);
	if (hwerror_frame(frames[1]) || hwerror_frame(frames[2] + 511))
		SKIP(return, NO_ERRORS);
	EXPECT_EQ(0, pod_set_target(pod, REGION, NULL));
	ASSERT_GOOD(pod_finish(pod));
	EXPECT_TRUE(hwerror_is_marked(frames[1]));
	for (i = 0; i < 512; i++) {
		EXPECT_TRUE(hwerror_is_in_block(frames[1] + i));
		EXPECT_TRUE(hwerror_is_in_block(frames[2] + i));
	}
	ASSERT_GOOD(pod_begin(pod, SIZE, TARGET));
}

/*
 * What readers of holes are shown. Those who read it before keep it; others
 * are shown another one, or get memory.
 */
TEST_F(pool, zero_folio)
{
	u64 frame, at;

	EXPECT_EQ(0, try_read(self->mem + REGION));
	frame = page_frame(self->mem + REGION);
	ASSERT_NE(0, frame);
	if (hwerror_frame(frame + 7))
		SKIP(return, NO_ERRORS);
	ASSERT_EQ(0, madvise(self->mem, SIZE, MADV_DONTNEED));
	for (at = 0; at < SIZE; at += REGION)
		EXPECT_FALSE(hwerror_touch(self->mem + at + 7 * PAGE,
					   false).sig);
	EXPECT_EQ(-1, hwerror_find(self->mem, SIZE));
	EXPECT_EQ(-1, nonzero(self->mem, SIZE));
	check_service(_metadata, &self->pod, 0);
	/* It is the module's: others would see it until the end. */
	ASSERT_GOOD(pod_finish(&self->pod));
	ASSERT_EQ(0, system("rmmod kvm-pod"));
	EXPECT_TRUE(hwerror_is_in_block(frame + 7));
	ASSERT_EQ(0, system("modprobe kvm-pod"));
	ASSERT_GOOD(pod_begin(&self->pod, SIZE, TARGET));
	self->mem = self->pod.mem;
	EXPECT_EQ(-1, nonzero(self->mem, SIZE));
	EXPECT_EQ(-1, hwerror_find(self->mem, SIZE));
}

TEST_F(pool, zero_page)
{
	u64 frame, at, errors = 0;

	fill(self->mem, TARGET, 1);
	/* One page of each region is a hole beside others with memory. */
	for (at = 0; at < TARGET; at += REGION)
		ASSERT_EQ(0, pod_punch(&self->pod, at + PAGE, REGION - PAGE));
	ASSERT_EQ(0, pod_sweep(&self->pod, 0, 0, KVM_POD_SWEEP_DEMOTE, NULL));
	EXPECT_EQ(0, try_read(self->mem + PAGE));
	frame = page_frame(self->mem + PAGE);
	ASSERT_NE(0, frame);
	if (hwerror_frame(frame))
		SKIP(return, NO_ERRORS);
	ASSERT_EQ(0, madvise(self->mem, SIZE, MADV_DONTNEED));
	for (at = 0; at < SIZE; at += PAGE)
		errors += hwerror_touch(self->mem + at, false).sig;
	ASSERT_EQ(0, errors);
	EXPECT_EQ(-1, hwerror_find(self->mem, SIZE));
	EXPECT_EQ(-1, nonzero(self->mem + PAGE, REGION - PAGE));
}

TEST_HARNESS_MAIN
