// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pins that last (FOLL_LONGTERM), by everybody in a stock kernel who takes them
 * and needs no hardware, see pinner.h. For writing: refused with EFAULT by the
 * kernel itself, as the mapping has a write-notify operation (rule 6). For
 * reading: they hold their page. On a pod for devices: allowed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>

#include "pinner.h"
#include "pod_test.h"
#include "touch.h"
#include "uring.h"
#include "video.h"

#define SIZE	(16 * MiB)
#define TARGET	(8 * MiB)
#define RW	(PROT_READ | PROT_WRITE)
#define HUGE	"/sys/module/kvm_pod/parameters/huge"

FIXTURE(refused) {
	struct pod pod;
	long long pins;
	int pinner;
};

FIXTURE_VARIANT(refused) {
	enum pinner who;
};

FIXTURE_VARIANT_ADD(refused, uring_buffers) { .who = PIN_URING_BUFFERS };
FIXTURE_VARIANT_ADD(refused, uring_list) { .who = PIN_URING_LIST };
FIXTURE_VARIANT_ADD(refused, uring_ring) { .who = PIN_URING_RING };
FIXTURE_VARIANT_ADD(refused, xdp) { .who = PIN_XDP };
FIXTURE_VARIANT_ADD(refused, video) { .who = PIN_VIDEO_CAPTURE };
FIXTURE_VARIANT_ADD(refused, rdma) { .who = PIN_RDMA };

FIXTURE_SETUP(refused)
{
	ASSERT_GOOD(pod_begin(&self->pod, SIZE, TARGET));
	self->pins = pinner_pages();
	self->pinner = pinner_try(variant->who);
	if (self->pinner == -ENODEV)
		SKIP(return, "this kernel has none of these");
	ASSERT_EQ(0, self->pinner);
}

/* Of what was refused no reference is left: all of the pod can leave. */
FIXTURE_TEARDOWN(refused)
{
	if (!self->pinner) {
		EXPECT_TRUE(pinner_settled(self->pins));
		EXPECT_EQ(0, pod_punch(&self->pod, 0, SIZE));
		EXPECT_EQ(0, POD_GET(&self->pod, populated));
		EXPECT_EQ(0, POD_GET(&self->pod, parked));
	}
	ASSERT_GOOD(pod_finish(&self->pod));
}

#define EXPECT_REFUSED(addr) do {					\
	struct kvm_pod_query __before, __after;				\
	int __pin;							\
									\
	ASSERT_EQ(0, pod_query(&self->pod, &__before));			\
	__pin = pinner_pin(variant->who, addr);				\
	EXPECT_EQ(-EFAULT, __pin) {					\
		close(__pin);						\
	}								\
	ASSERT_EQ(0, pod_query(&self->pod, &__after));			\
	/* Which the worker refills. */					\
	__before.out_float = __after.out_float;				\
	EXPECT_EQ(0, memcmp(&__before, &__after, sizeof(__before)));	\
} while (0)

TEST_F(refused, hole)
{
	EXPECT_REFUSED(self->pod.mem);
	EXPECT_EQ(-1, nonzero(self->pod.mem, SIZE));
	EXPECT_REFUSED(self->pod.mem);
	EXPECT_REFUSED(self->pod.mem + REGION - PAGE);
	EXPECT_EQ(0, POD_GET(&self->pod, populated));
}

TEST_F(refused, block)
{
	fill(self->pod.mem, TARGET, 1);
	EXPECT_REFUSED(self->pod.mem);
	EXPECT_REFUSED(self->pod.mem + 2 * REGION - PAGE);
	EXPECT_REFUSED(self->pod.mem + TARGET - PAGE);
	EXPECT_EQ(-1, mismatch(self->pod.mem, TARGET, 1));
}

TEST_F(refused, single_pages)
{
	void *reserved;
	u8 *mem = map_unaligned(self->pod.fd, SIZE, RW, &reserved);

	ASSERT_NE(NULL, mem);
	EXPECT_REFUSED(mem);
	fill(mem, 3 * PAGE, 1);
	EXPECT_EQ(3 * PAGE, POD_GET(&self->pod, populated));
	EXPECT_REFUSED(mem);
	EXPECT_REFUSED(mem + 2 * PAGE);
	EXPECT_REFUSED(self->pod.mem);
	fill(self->pod.mem + REGION, REGION, 2);
	EXPECT_REFUSED(mem + REGION);
	EXPECT_EQ(-1, mismatch(mem, 3 * PAGE, 1));
	munmap(mem, SIZE);
}

TEST_F(refused, read_only_mapping)
{
	u8 *mem = map_aligned(self->pod.fd, 0, SIZE, PROT_READ);

	ASSERT_NE(NULL, mem);
	EXPECT_REFUSED(mem);
	fill(self->pod.mem, REGION, 1);
	EXPECT_EQ(-1, mismatch(mem, REGION, 1));
	EXPECT_REFUSED(mem);
	ASSERT_EQ(0, mprotect(mem, SIZE, RW));
	EXPECT_REFUSED(mem);
	EXPECT_REFUSED(mem + REGION);
	munmap(mem, SIZE);
}

TEST_F(refused, read_only_file)
{
	char path[64];
	u8 *mem;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->pod.fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	mem = map_aligned(fd, 0, SIZE, PROT_READ);
	ASSERT_NE(NULL, mem);
	fill(self->pod.mem, REGION, 1);
	EXPECT_REFUSED(mem);
	EXPECT_REFUSED(mem + REGION);
	munmap(mem, SIZE);
	close(fd);
}

/* It begins in ordinary memory: what was pinned there is given back. */
TEST_F(refused, second_page)
{
	u8 *space = mmap(NULL, SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
	u8 *mem = space + REGION;

	ASSERT_NE(MAP_FAILED, space);
	ASSERT_EQ(mem, mmap(mem, 2 * REGION, RW, MAP_SHARED | MAP_FIXED,
			    self->pod.fd, 0));
	ASSERT_EQ(0, mprotect(mem - PAGE, PAGE, RW));
	EXPECT_GT(0, pinner_pin(variant->who, mem - PAGE));
	fill(mem, REGION, 1);
	EXPECT_GT(0, pinner_pin(variant->who, mem - PAGE));
	EXPECT_EQ(-1, mismatch(mem, REGION, 1));
	munmap(space, SIZE);
}

struct churn {
	struct pod *pod;
	bool stop;
};

/* A region in all its states, over and over. */
static long churn(void *arg)
{
	struct churn *c = arg;
	u8 *mem = c->pod->mem;

	while (!__atomic_load_n(&c->stop, __ATOMIC_RELAXED)) {
		memset(mem, 1, PAGE);
		madvise(mem, REGION, MADV_DONTNEED);
		nonzero(mem, REGION);
		pod_punch(c->pod, PAGE, PAGE);
		pod_punch(c->pod, 0, REGION);
		nonzero(mem, PAGE);
	}
	return 0;
}

TEST_F_TIMEOUT(refused, while_it_changes, 60)
{
	struct churn c = { .pod = &self->pod };
	struct job job;
	int i;

	job_start(&job, churn, &c);
	for (i = 0; i < 100; i++)
		ASSERT_EQ(-EFAULT, pinner_pin(variant->who, self->pod.mem));
	__atomic_store_n(&c.stop, true, __ATOMIC_RELAXED);
	ASSERT_TRUE(job_wait(&job));
}

FIXTURE(allowed) {
	struct pod pod;
	long long pins;
	int pinner;
	int pin;
};

FIXTURE_VARIANT(allowed) {
	enum pinner who;
	bool single_pages;
};

#define ALLOWED_VARIANT(name, value)					\
	FIXTURE_VARIANT_ADD(allowed, name) { .who = value };		\
	FIXTURE_VARIANT_ADD(allowed, name##_single) {			\
		.who = value, .single_pages = true,			\
	}

ALLOWED_VARIANT(uring_buffers, PIN_URING_BUFFERS);
ALLOWED_VARIANT(uring_list, PIN_URING_LIST);
ALLOWED_VARIANT(uring_ring, PIN_URING_RING);
ALLOWED_VARIANT(xdp, PIN_XDP);
ALLOWED_VARIANT(video, PIN_VIDEO_CAPTURE);
ALLOWED_VARIANT(rdma, PIN_RDMA);
ALLOWED_VARIANT(video_read, PIN_VIDEO_OUTPUT);
ALLOWED_VARIANT(rdma_read, PIN_RDMA_READ);

static const char *begin_pinnable(struct pod *pod, bool single_pages)
{
	struct kvm_pod_create args = pod_create_args(SIZE, SIZE);
	char before[8];
	const char *bad;

	args.flags = KVM_POD_F_PINNABLE;
	if (file_read(HUGE, before, sizeof(before)) ||
	    (single_pages && file_write(HUGE, "0")))
		return "no parameter huge";
	bad = pod_begin_with(pod, &args);
	file_write(HUGE, before);
	return bad;
}

FIXTURE_SETUP(allowed)
{
	ASSERT_GOOD(begin_pinnable(&self->pod, variant->single_pages));
	EXPECT_EQ(variant->single_pages ? SIZE / PAGE : 0,
		  pod_attr(&self->pod, "populate_4k"));
	self->pin = -1;
	self->pins = pinner_pages();
	self->pinner = pinner_try(variant->who);
	if (self->pinner == -ENODEV)
		SKIP(return, "this kernel has none of these");
	ASSERT_EQ(0, self->pinner);
	ASSERT_TRUE(pinner_settled(self->pins));
}

FIXTURE_TEARDOWN(allowed)
{
	close(self->pin);
	EXPECT_TRUE(pinner_settled(self->pins));
	ASSERT_GOOD(pod_finish(&self->pod));
}

#define ASSERT_PINNED(addr) do {					\
	self->pin = pinner_pin(variant->who, addr);			\
	ASSERT_LE(0, self->pin) {					\
		TH_LOG("%s", strerror(-self->pin));			\
	}								\
	ASSERT_LT(self->pins, pinner_pages());				\
} while (0)

/* Anywhere, before and after the first touch. */
TEST_F(allowed, everywhere)
{
	void *reserved;
	u8 *mem = map_unaligned(self->pod.fd, SIZE, RW, &reserved);
	u8 *places[] = { self->pod.mem, self->pod.mem + SIZE - PINNER_LEN,
			 self->pod.mem + REGION - PAGE, mem, mem + REGION };
	int i;

	ASSERT_NE(NULL, mem);
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		ASSERT_PINNED(places[i]);
		close(self->pin);
	}
	self->pin = -1;
	EXPECT_EQ(SIZE, POD_GET(&self->pod, populated));
	munmap(mem, SIZE);
}

/* What a program may not write itself it may not have written. */
TEST_F(allowed, read_only_mapping)
{
	u8 *mem = map_aligned(self->pod.fd, 0, SIZE, PROT_READ);

	ASSERT_NE(NULL, mem);
	self->pin = pinner_pin(variant->who, mem);
	if (pinner_writes(variant->who)) {
		EXPECT_EQ(-EFAULT, self->pin);
	} else {
		EXPECT_LE(0, self->pin);
	}
	munmap(mem, SIZE);
}

/* What would move the page is refused, and the page does not move. */
TEST_F(allowed, page_stays)
{
	u8 *at = self->pod.mem + 2 * REGION;
	struct kvm_pod_query before, after;
	u64 frame;

	ASSERT_PINNED(at);
	fill(at, PINNER_LEN, 1);
	frame = page_frame(at);
	ASSERT_EQ(0, pod_query(&self->pod, &before));
	EXPECT_EQ(-EBUSY, pod_punch(&self->pod, 0, SIZE));
	EXPECT_EQ(-EBUSY, pod_inflate(&self->pod, 2 * REGION, PAGE));
	EXPECT_EQ(-EBUSY, pod_sweep(&self->pod, 0, 0, KVM_POD_SWEEP_DEMOTE,
				    NULL));
	EXPECT_EQ(-EBUSY, pod_set_target(&self->pod, REGION, NULL));
	ASSERT_EQ(0, madvise(self->pod.mem, SIZE, MADV_DONTNEED));
	EXPECT_EQ(-1, mismatch(at, PINNER_LEN, 1));
	EXPECT_EQ(frame, page_frame(at));
	ASSERT_EQ(0, pod_query(&self->pod, &after));
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(before)));
}

/* The pod goes first; its pages go to the host with the pin. */
TEST_F(allowed, outlives_the_pod)
{
	ASSERT_PINNED(self->pod.mem + REGION);
	memset(self->pod.mem, 1, SIZE);
	ASSERT_GOOD(pod_finish(&self->pod));
	EXPECT_LT(self->pins, pinner_pages());
}

TEST_F(allowed, in_the_end_of_the_process)
{
	pid_t child = fork();

	ASSERT_LE(0, child);
	if (!child) {
		u8 *mem = map_aligned(self->pod.fd, 0, SIZE, RW);

		_exit(!mem || pinner_pin(variant->who, mem) < 0);
	}
	EXPECT_EQ(child, waitpid(child, &self->pinner, 0));
	EXPECT_EQ(0, self->pinner);
}

FIXTURE(landing) {
	struct pod pod;
};

FIXTURE_SETUP(landing)
{
	ASSERT_GOOD(begin_pinnable(&self->pod, false));
}

FIXTURE_TEARDOWN(landing)
{
	ASSERT_GOOD(pod_finish(&self->pod));
}

/* Data that comes by a pin is what the mapping shows, also a later one. */
TEST_F(landing, registered_buffer)
{
	int file = memfd_create("file", MFD_CLOEXEC), got;
	u8 *at = self->pod.mem + REGION;
	struct uring ring;

	if (uring_begin(&ring))
		SKIP(return, "no io_uring on this machine");
	fill(at, REGION, 7);
	ASSERT_EQ(REGION, write(file, at, REGION));
	memset(at, 0, REGION);
	ASSERT_EQ(0, uring_register(ring.fd, at, REGION));
	ASSERT_EQ(0, madvise(self->pod.mem, SIZE, MADV_DONTNEED));
	ASSERT_EQ(0, uring_read_fixed(&ring, file, at, REGION, 0));
	ASSERT_TRUE(POD_WAIT(uring_poll(&ring, &got)));
	EXPECT_EQ(REGION, got);
	EXPECT_EQ(-1, mismatch(at, REGION, 7));
	uring_end(&ring);
	close(file);
}

TEST_F(landing, video_frame)
{
	u8 *at = self->pod.mem + REGION;
	int video = video_open(false);

	if (video < 0)
		SKIP(return, "this kernel has no virtual camera (vivid)");
	ASSERT_EQ(0, video_lend(video, false, at, PINNER_LEN));
	ASSERT_EQ(0, madvise(self->pod.mem, SIZE, MADV_DONTNEED));
	EXPECT_EQ(-1, nonzero(at, PINNER_LEN));
	EXPECT_LT(0, video_capture(video));
	EXPECT_NE(-1, nonzero(at, PINNER_LEN));
	EXPECT_EQ(-1, nonzero(self->pod.mem, REGION));
	close(video);
}

TEST_HARNESS_MAIN
