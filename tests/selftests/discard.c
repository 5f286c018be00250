// SPDX-License-Identifier: GPL-2.0-only
/*
 * Discards that nobody announces: FALLOC_FL_PUNCH_HOLE. The range reads as
 * zero at once; when its memory leaves is the pod's business, but a page that
 * somebody refers to, or that was written again, must stay.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/uio.h>

#include "pod_test.h"

#define SIZE	(32 * MiB)
#define TARGET	(8 * MiB)
#define RW	(PROT_READ | PROT_WRITE)
#define PAGES_PER_REGION	(REGION / PAGE)

POD_FIXTURE(SIZE, TARGET)

/* Each page of a range with a tag of its own. */
static void fill_pages(u8 *mem, unsigned int first, unsigned int nr)
{
	unsigned int i;

	for (i = first; i < first + nr; i++)
		fill(mem + i * PAGE, PAGE, i + 1);
}

/* Number of pages that are not as fill_pages() made them. */
static unsigned int bad_pages(const u8 *mem, unsigned int first, unsigned int nr)
{
	unsigned int i, bad = 0;

	for (i = first; i < first + nr; i++)
		bad += mismatch(mem + i * PAGE, PAGE, i + 1) != -1;
	return bad;
}

TEST_F(pod, page_in_place)
{
	u8 *mem = self->pod.mem;

	fill_pages(mem, 0, PAGES_PER_REGION);
	ASSERT_EQ(0, pod_punch(&self->pod, 5 * PAGE, PAGE));
	EXPECT_EQ(REGION, pmd_mapped(self->pod.mem, self->pod.size));
	EXPECT_EQ(-1, nonzero(mem + 5 * PAGE, PAGE));
	EXPECT_EQ(0, bad_pages(mem, 0, 5));
	EXPECT_EQ(0, bad_pages(mem, 6, PAGES_PER_REGION - 6));
	EXPECT_EQ(REGION, POD_GET(&self->pod, populated));
	EXPECT_EQ(PAGE, POD_GET(&self->pod, given_huge));
	EXPECT_EQ(0, POD_GET(&self->pod, given));
	EXPECT_EQ(REGION, pmd_mapped(self->pod.mem, self->pod.size));
	EXPECT_EQ(1, pod_attr(&self->pod, "discarded"));
}

TEST_F(pod, whole_region)
{
	u8 *mem = self->pod.mem;

	fill_pages(mem, 0, 3 * PAGES_PER_REGION);
	ASSERT_EQ(0, pod_punch(&self->pod, REGION, REGION));
	EXPECT_EQ(2 * REGION, POD_GET(&self->pod, populated));
	EXPECT_EQ(TARGET - 2 * REGION, POD_GET(&self->pod, reserve));
	EXPECT_EQ(-1, nonzero(mem + REGION, REGION));
	EXPECT_EQ(0, bad_pages(mem, 0, PAGES_PER_REGION));
	EXPECT_EQ(0, bad_pages(mem, 2 * PAGES_PER_REGION, PAGES_PER_REGION));
	EXPECT_EQ(2 * REGION, POD_GET(&self->pod, populated));
	fill_pages(mem, PAGES_PER_REGION, PAGES_PER_REGION);
	EXPECT_EQ(0, bad_pages(mem, 0, 3 * PAGES_PER_REGION));
	EXPECT_EQ(3 * REGION, pmd_mapped(self->pod.mem, self->pod.size));
}

TEST_F(pod, everything)
{
	fill(self->pod.mem, TARGET, 1);
	ASSERT_EQ(0, pod_punch(&self->pod, 0, SIZE));
	EXPECT_EQ(0, POD_GET(&self->pod, populated));
	EXPECT_EQ(TARGET, POD_GET(&self->pod, reserve));
	EXPECT_EQ(-1, nonzero(self->pod.mem, SIZE));
}

/* Pages at the edges are zeroed in part and stay. */
TEST_F(pod, unaligned)
{
	u8 *mem = self->pod.mem;
	u64 from = REGION - 3 * PAGE + 100, to = REGION + 2 * PAGE + 77;

	memset(mem, 0x55, 2 * REGION);
	ASSERT_EQ(0, pod_punch(&self->pod, from, to - from));
	EXPECT_EQ(0x55, mem[from - 1]);
	EXPECT_EQ(0, mem[from]);
	EXPECT_EQ(0, mem[to - 1]);
	EXPECT_EQ(0x55, mem[to]);
	EXPECT_EQ(-1, nonzero(mem + from + 4, (to - from - 8) & ~7UL));
	EXPECT_EQ(2 * REGION, POD_GET(&self->pod, populated));
	EXPECT_EQ(4 * PAGE, POD_GET(&self->pod, given_huge));
}

TEST_F(pod, inside_one_page)
{
	u8 *mem = self->pod.mem;

	memset(mem, 0x55, PAGE);
	ASSERT_EQ(0, pod_punch(&self->pod, 10, 20));
	EXPECT_EQ(0x55, mem[9]);
	EXPECT_EQ(0, mem[10]);
	EXPECT_EQ(0, mem[29]);
	EXPECT_EQ(0x55, mem[30]);
	EXPECT_EQ(0, POD_GET(&self->pod, given_huge));
}

TEST_F(pod, holes)
{
	ASSERT_EQ(0, pod_punch(&self->pod, 0, SIZE));
	ASSERT_EQ(0, pod_punch(&self->pod, 7 * PAGE + 1, PAGE));
	EXPECT_EQ(SIZE, POD_GET(&self->pod, outstanding));
	self->pod.mem[0] = 1;
	EXPECT_EQ(REGION, pmd_mapped(self->pod.mem, self->pod.size));
}

TEST_F(pod, around_the_end)
{
	fill(self->pod.mem + SIZE - REGION, REGION, 1);
	pod_punch(&self->pod, SIZE, PAGE);
	pod_punch(&self->pod, SIZE + REGION, REGION);
	EXPECT_EQ(-1, mismatch(self->pod.mem + SIZE - REGION, REGION, 1));
	EXPECT_EQ(0, pod_punch(&self->pod, SIZE - REGION, REGION));
	EXPECT_EQ(0, POD_GET(&self->pod, populated));
}

/* The last page that goes takes the block with it. */
TEST_F(pod, page_by_page)
{
	u8 *mem = self->pod.mem;
	unsigned int i;

	fill_pages(mem, 0, PAGES_PER_REGION);
	for (i = 0; i < PAGES_PER_REGION; i++) {
		EXPECT_EQ(0, bad_pages(mem, i, 1));
		ASSERT_EQ(0, pod_punch(&self->pod, i * PAGE, PAGE));
	}
	EXPECT_EQ(0, POD_GET(&self->pod, populated));
	EXPECT_EQ(0, POD_GET(&self->pod, given_huge));
	EXPECT_EQ(SIZE, POD_GET(&self->pod, outstanding));
	EXPECT_EQ(-1, nonzero(mem, REGION));
	EXPECT_EQ(0, POD_GET(&self->pod, populated));
}

/* A mark is a hint; a page written since is data (DESIGN rule 3). */
TEST_F(pod, written_again)
{
	u8 *mem = self->pod.mem;

	fill_pages(mem, 0, PAGES_PER_REGION);
	ASSERT_EQ(0, pod_punch(&self->pod, 9 * PAGE, PAGE));
	fill_pages(mem, 9, 1);
	ASSERT_EQ(0, pod_punch(&self->pod, 0, 9 * PAGE));
	ASSERT_EQ(0, pod_punch(&self->pod, 10 * PAGE, REGION - 10 * PAGE));
	EXPECT_EQ(0, bad_pages(mem, 9, 1));
	EXPECT_EQ(-1, nonzero(mem, 9 * PAGE));
	EXPECT_EQ(-1, nonzero(mem + 10 * PAGE, REGION - 10 * PAGE));
}

TEST_F(pod, small_region)
{
	void *reserved;
	u8 *mem = map_unaligned(self->pod.fd, SIZE, RW, &reserved);

	ASSERT_NE(NULL, mem);
	fill_pages(mem, 0, 8);
	ASSERT_EQ(0, pod_punch(&self->pod, 2 * PAGE, 3 * PAGE));
	EXPECT_EQ(5 * PAGE, POD_GET(&self->pod, populated));
	EXPECT_EQ(-1, nonzero(mem + 2 * PAGE, 3 * PAGE));
	EXPECT_EQ(0, bad_pages(mem, 0, 2));
	EXPECT_EQ(0, bad_pages(mem, 5, 3));
	EXPECT_EQ(5 * PAGE, POD_GET(&self->pod, populated));
	ASSERT_EQ(0, pod_punch(&self->pod, 0, REGION));
	EXPECT_EQ(0, POD_GET(&self->pod, populated));
	munmap(mem, SIZE);
}

/* Emptied, a small region is a hole that takes a block again. */
TEST_F(pod, small_region_becomes_a_hole)
{
	void *reserved;
	u8 *mem = map_unaligned(self->pod.fd, SIZE, RW, &reserved);

	ASSERT_NE(NULL, mem);
	fill_pages(mem, 0, 8);
	ASSERT_EQ(0, pod_punch(&self->pod, 0, 8 * PAGE));
	fill_pages(self->pod.mem, 0, 1);
	EXPECT_EQ(REGION, POD_GET(&self->pod, populated));
	EXPECT_EQ(REGION, pmd_mapped(self->pod.mem, self->pod.size));
	EXPECT_EQ(0, bad_pages(mem, 0, 1));
	EXPECT_EQ(-1, nonzero(mem + PAGE, REGION - PAGE));
	munmap(mem, SIZE);
}

/* All in use fits the target, so no touch may fail, however fast it comes. */
TEST_F_TIMEOUT(pod, touched_again_at_once, 60)
{
	unsigned int i, seed = 1;
	u64 at;

	for (i = 0; i < 20000; i++) {
		at = (u64)rand_r(&seed) % (TARGET / PAGE) * PAGE;
		ASSERT_EQ(0, try_write(self->pod.mem + at, 1)) {
			TH_LOG("round %u: %lu populated, %lu in reserve", i,
			       POD_GET(&self->pod, populated),
			       POD_GET(&self->pod, reserve));
		}
		if (rand_r(&seed) % 8 == 0) {
			at &= ~(REGION - 1);
			ASSERT_EQ(0, pod_punch(&self->pod, at, REGION));
		}
	}
}

/* Refers to a page, as a device under way does; the pipe holds it. */
static int hold(u8 *page)
{
	struct iovec iov = { page, PAGE };
	int fds[2];

	if (pipe(fds) || vmsplice(fds[1], &iov, 1, 0) != PAGE)
		abort();
	close(fds[1]);
	return fds[0];
}

static void release(int pipe, u8 *content)
{
	if (read(pipe, content, PAGE) != PAGE)
		abort();
	close(pipe);
}

/* Memory that others still use is neither lent out nor split in two. */
static void check_parked(struct __test_metadata *_metadata, struct pod *pod,
			 u8 *mem, u64 expected)
{
	u8 *others = pod->mem + 8 * REGION, content[PAGE];
	u64 parked, at;
	int pipe = hold(mem + 3 * PAGE);

	ASSERT_EQ(0, pod_punch(pod, 0, REGION));
	parked = POD_GET(pod, parked);
	EXPECT_EQ(expected, parked);
	EXPECT_EQ(parked, POD_GET(pod, populated));
	EXPECT_EQ(-1, nonzero(mem, REGION));
	EXPECT_EQ(parked, POD_GET(pod, populated));
	mem[3 * PAGE] = 77;
	mem[3 * PAGE] = 0;
	for (at = 0; at < TARGET - parked; at += PAGE)
		EXPECT_EQ(0, try_write(others + at, 1));
	EXPECT_EQ(SIGBUS, try_write(others + at, 1));
	ASSERT_GOOD(pod_healthy(pod));
	release(pipe, content);
	EXPECT_EQ(-1, nonzero(content, PAGE));
	EXPECT_EQ(0, try_write(others + at, 1));
	EXPECT_EQ(0, POD_GET(pod, parked));
}

TEST_F(pod, referenced_block_is_parked)
{
	fill_pages(self->pod.mem, 0, PAGES_PER_REGION);
	check_parked(_metadata, &self->pod, self->pod.mem, REGION);
}

TEST_F(pod, referenced_page_is_parked)
{
	void *reserved;
	u8 *mem = map_unaligned(self->pod.fd, SIZE, RW, &reserved);

	ASSERT_NE(NULL, mem);
	fill_pages(mem, 0, PAGES_PER_REGION);
	check_parked(_metadata, &self->pod, mem, PAGE);
	munmap(mem, SIZE);
}

/* What is stored in a parked page is seen by whoever refers to it, and kept. */
static void check_parked_data(struct __test_metadata *_metadata,
			      struct pod *pod, u8 *mem)
{
	u8 *others = pod->mem + 8 * REGION, content[PAGE];
	int pipe = hold(mem + 3 * PAGE);
	u64 at;

	ASSERT_EQ(0, pod_punch(pod, 0, REGION));
	fill_pages(mem, 3, 1);
	release(pipe, content);
	EXPECT_EQ(-1, mismatch(content, PAGE, 4));
	for (at = 0; at < TARGET + PAGE; at += PAGE)
		if (try_write(others + at, 1))
			break;
	EXPECT_GE(TARGET - PAGE, at);
	EXPECT_EQ(0, bad_pages(mem, 3, 1));
	EXPECT_EQ(-1, nonzero(mem, 3 * PAGE));
	EXPECT_EQ(-1, nonzero(mem + 4 * PAGE, REGION - 4 * PAGE));
}

TEST_F(pod, parked_block_keeps_new_data)
{
	fill_pages(self->pod.mem, 0, PAGES_PER_REGION);
	check_parked_data(_metadata, &self->pod, self->pod.mem);
}

TEST_F(pod, parked_page_keeps_new_data)
{
	void *reserved;
	u8 *mem = map_unaligned(self->pod.fd, SIZE, RW, &reserved);

	ASSERT_NE(NULL, mem);
	fill_pages(mem, 0, PAGES_PER_REGION);
	check_parked_data(_metadata, &self->pod, mem);
	munmap(mem, SIZE);
}

/* The pod ends while the pipe still refers to its page. */
TEST_F(pod, referenced_until_after_the_end)
{
	u8 content[PAGE];
	int pipe;

	fill_pages(self->pod.mem, 0, PAGES_PER_REGION);
	pipe = hold(self->pod.mem + 3 * PAGE);
	ASSERT_GOOD(pod_finish(&self->pod));
	release(pipe, content);
	EXPECT_EQ(-1, mismatch(content, PAGE, 4));
}

TEST_HARNESS_MAIN
