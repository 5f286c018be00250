// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events: announced by poll() and uevents, read with a place of one's own in
 * the sequence, counted in sysfs.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/uio.h>
#include <time.h>

#include "pod_test.h"
#include "touch.h"

#define SIZE		(32 * MiB)
#define TARGET		(8 * MiB)
#define LOW_MARK	(4 * MiB)
#define MANY		1024
#define SECOND_NS	1000000000ULL

FIXTURE(pod) {
	struct pod pod;
	int fd;
};

/* Nothing has happened; @fd is an open file of its own. */
FIXTURE_SETUP(pod)
{
	char path[64];

	ASSERT_GOOD(pod_begin(&self->pod, SIZE, TARGET));
	ASSERT_EQ(0, pod_attr_write(&self->pod, "low_mark", "4194304"));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->pod.fd);
	self->fd = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(pod)
{
	close(self->fd);
	ASSERT_GOOD(pod_finish(&self->pod));
}

static u64 now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * SECOND_NS + ts.tv_nsec;
}

static bool is_urgent(int fd, int timeout)
{
	struct pollfd p = { fd, POLLPRI };

	return poll(&p, 1, timeout) == 1 && p.revents & POLLPRI;
}

/* The next event of @type through @fd, others are skipped; waits for it. */
static bool next_event(int fd, unsigned int type, struct kvm_pod_event *event)
{
	while (is_urgent(fd, 5000)) {
		if (pod_read_events(fd, event, 1, NULL) == 1 &&
		    event->type == type)
			return true;
	}
	return false;
}

static void make_low(struct __test_metadata *_metadata, struct pod *pod)
{
	struct kvm_pod_event event;

	fill(pod->mem, TARGET - REGION, 1);
	ASSERT_TRUE(next_event(pod->fd, KVM_POD_EVENT_LOW, &event));
}

TEST_F(pod, none_at_first)
{
	struct kvm_pod_event event;
	unsigned int lost = 1;

	EXPECT_FALSE(is_urgent(self->pod.fd, 0));
	EXPECT_EQ(0, pod_read_events(self->pod.fd, &event, 1, &lost));
	EXPECT_EQ(0, lost);
	fill(self->pod.mem, TARGET - LOW_MARK, 1);
	pod_sleep_ms(300);
	EXPECT_FALSE(is_urgent(self->pod.fd, 0));
}

TEST_F(pod, low_and_normal)
{
	struct kvm_pod_event event = { };
	u64 from = now(), seq;

	fill(self->pod.mem, TARGET - REGION, 1);
	ASSERT_TRUE(next_event(self->pod.fd, KVM_POD_EVENT_LOW, &event));
	EXPECT_EQ(1, event.seq);
	EXPECT_LE(from, event.time_ns);
	EXPECT_GE(now(), event.time_ns);
	EXPECT_EQ(REGION, event.reserve);
	EXPECT_EQ(0, event.offset);
	EXPECT_EQ(0, event.__reserved);
	EXPECT_FALSE(is_urgent(self->pod.fd, 300));
	seq = event.seq;
	ASSERT_EQ(0, pod_set_target(&self->pod, SIZE, NULL));
	ASSERT_TRUE(next_event(self->pod.fd, KVM_POD_EVENT_NORMAL, &event));
	EXPECT_EQ(seq + 1, event.seq);
	EXPECT_LE(2 * LOW_MARK, event.reserve);
	EXPECT_FALSE(is_urgent(self->pod.fd, 300));
}

/* Between the mark and twice the mark nothing is said. */
TEST_F(pod, no_flutter)
{
	struct kvm_pod_event event;
	int i;

	make_low(_metadata, &self->pod);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, pod_punch(&self->pod, 0, 2 * REGION));
		pod_sleep_ms(250);
		fill(self->pod.mem, 2 * REGION, 1);
		pod_sleep_ms(250);
	}
	EXPECT_EQ(0, pod_read_events(self->pod.fd, &event, 1, NULL));
	ASSERT_EQ(0, pod_punch(&self->pod, 0, TARGET));
	EXPECT_TRUE(next_event(self->pod.fd, KVM_POD_EVENT_NORMAL, &event));
}

/* A reserve below the mark that covers all there is to cover is normal. */
TEST_F(pod, normal_when_all_is_covered)
{
	struct kvm_pod_event event;

	make_low(_metadata, &self->pod);
	ASSERT_EQ(0, pod_inflate(&self->pod, TARGET, SIZE - TARGET));
	EXPECT_TRUE(next_event(self->pod.fd, KVM_POD_EVENT_NORMAL, &event));
	EXPECT_EQ(REGION, event.reserve);
}

TEST_F(pod, exhausted_and_resumed)
{
	struct kvm_pod_event event = { };
	u8 *mem = self->pod.mem;

	fill(mem, TARGET, 1);
	ASSERT_TRUE(next_event(self->pod.fd, KVM_POD_EVENT_LOW, &event));
	EXPECT_FALSE(is_urgent(self->pod.fd, 300));
	EXPECT_EQ(SIGBUS, try_write(mem + TARGET + 5 * PAGE, 1));
	ASSERT_TRUE(next_event(self->pod.fd, KVM_POD_EVENT_EXHAUSTED, &event));
	EXPECT_EQ(0, event.reserve);
	EXPECT_EQ(TARGET + 5 * PAGE, event.offset);
	ASSERT_EQ(0, pod_punch(&self->pod, 0, REGION));
	ASSERT_TRUE(next_event(self->pod.fd, KVM_POD_EVENT_RESUMED, &event));
	EXPECT_LE(REGION, event.reserve);
}

TEST_F(pod, exhausted_by_who_waits)
{
	struct kvm_pod_event event = { };
	struct job job;

	ASSERT_EQ(0, pod_set_overdraft(&self->pod, KVM_POD_POLICY_WAIT, 0));
	fill(self->pod.mem, TARGET, 1);
	job_start(&job, touch, self->pod.mem + TARGET + 7 * PAGE);
	ASSERT_TRUE(next_event(self->pod.fd, KVM_POD_EVENT_EXHAUSTED, &event));
	EXPECT_EQ(TARGET + 7 * PAGE, event.offset);
	EXPECT_FALSE(job_done(&job));
	ASSERT_EQ(0, pod_set_target(&self->pod, SIZE, NULL));
	EXPECT_TRUE(job_wait(&job));
	ASSERT_TRUE(next_event(self->pod.fd, KVM_POD_EVENT_RESUMED, &event));
}

/* Once a second at most, but again, while touches find nothing. */
TEST_F(pod, exhausted_comes_again)
{
	struct kvm_pod_event event = { };
	u64 first, from = now();
	unsigned int nr = 0;

	fill(self->pod.mem, TARGET, 1);
	while (now() - from < 3 * SECOND_NS) {
		try_write(self->pod.mem + TARGET, 1);
		pod_sleep_ms(10);
	}
	ASSERT_TRUE(next_event(self->pod.fd, KVM_POD_EVENT_EXHAUSTED, &event));
	first = event.time_ns;
	while (pod_read_events(self->pod.fd, &event, 1, NULL) == 1) {
		EXPECT_EQ(KVM_POD_EVENT_EXHAUSTED, event.type);
		EXPECT_LE(SECOND_NS * 9 / 10, event.time_ns - first);
		first = event.time_ns;
		nr++;
	}
	EXPECT_LE(1, nr);
	EXPECT_GE(3, nr);
}

TEST_F(pod, parked)
{
	struct kvm_pod_event event = { };
	struct iovec iov = { self->pod.mem, PAGE };
	int fds[2];

	ASSERT_EQ(0, pipe(fds));
	fill(self->pod.mem, REGION, 1);
	ASSERT_EQ(PAGE, vmsplice(fds[1], &iov, 1, 0));
	ASSERT_EQ(0, pod_punch(&self->pod, 0, REGION));
	ASSERT_LT(0, POD_GET(&self->pod, parked));
	EXPECT_TRUE(next_event(self->pod.fd, KVM_POD_EVENT_PARKED, &event));
	EXPECT_EQ(0, event.offset);
	close(fds[0]);
	close(fds[1]);
}

/* Each open file reads all events since it was opened; a dup is no open. */
TEST_F(pod, each_open_file_has_its_place)
{
	struct kvm_pod_event a[8], b[8];
	int copy = dup(self->pod.fd), nr;

	make_low(_metadata, &self->pod);
	EXPECT_FALSE(is_urgent(self->pod.fd, 0));
	EXPECT_FALSE(is_urgent(copy, 0));
	EXPECT_EQ(0, pod_read_events(copy, a, 8, NULL));
	EXPECT_TRUE(is_urgent(self->fd, 0));
	EXPECT_EQ(1, pod_read_events(self->fd, a, 8, NULL));
	EXPECT_EQ(KVM_POD_EVENT_LOW, a[0].type);
	ASSERT_EQ(0, pod_set_target(&self->pod, SIZE, NULL));
	ASSERT_TRUE(is_urgent(self->pod.fd, 5000));
	pod_sleep_ms(300);
	nr = pod_read_events(self->pod.fd, a, 8, NULL);
	EXPECT_LE(1, nr);
	EXPECT_EQ(nr, pod_read_events(self->fd, b, 8, NULL));
	EXPECT_EQ(0, memcmp(a, b, nr * sizeof(a[0])));
	close(copy);
}

TEST_F(pod, open_begins_at_the_end)
{
	struct kvm_pod_event event;
	char path[64];
	int late;

	make_low(_metadata, &self->pod);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->pod.fd);
	late = open(path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, late);
	EXPECT_FALSE(is_urgent(late, 0));
	EXPECT_EQ(0, pod_read_events(late, &event, 1, NULL));
	ASSERT_EQ(0, pod_set_target(&self->pod, SIZE, NULL));
	EXPECT_TRUE(next_event(late, KVM_POD_EVENT_NORMAL, &event));
	EXPECT_LT(1, event.seq);
	close(late);
}

/* A few at a time, in order, none twice. */
TEST_F(pod, in_order)
{
	struct kvm_pod_event events[2];
	u64 seq = 0;
	int i, nr;

	for (i = 0; i < 3; i++) {
		fill(self->pod.mem, TARGET, 1);
		try_write(self->pod.mem + TARGET, 1);
		pod_sleep_ms(250);
		ASSERT_EQ(0, pod_punch(&self->pod, 0, SIZE));
		pod_sleep_ms(250);
	}
	while ((nr = pod_read_events(self->fd, events, 2, NULL)) > 0) {
		for (i = 0; i < nr; i++) {
			EXPECT_EQ(seq + 1, events[i].seq);
			seq = events[i].seq;
		}
	}
	EXPECT_EQ(0, nr);
	EXPECT_LE(6, seq);
	EXPECT_FALSE(is_urgent(self->fd, 0));
}

/* A bad pointer loses nothing. */
TEST_F(pod, fault_keeps_the_place)
{
	struct kvm_pod_event event;

	fill(self->pod.mem, TARGET - REGION, 1);
	ASSERT_TRUE(is_urgent(self->pod.fd, 5000));
	EXPECT_EQ(-EFAULT, pod_read_events(self->pod.fd, (void *)8, 1, NULL));
	EXPECT_TRUE(is_urgent(self->pod.fd, 0));
	EXPECT_EQ(1, pod_read_events(self->pod.fd, &event, 1, NULL));
	EXPECT_EQ(1, event.seq);
}

/* Into a hole of the pod itself: the call may need what it reports. */
TEST_F(pod, into_the_pod_itself)
{
	struct kvm_pod_event *event = (void *)(self->pod.mem + SIZE - PAGE);

	fill(self->pod.mem, TARGET - REGION, 1);
	ASSERT_TRUE(is_urgent(self->pod.fd, 5000));
	EXPECT_EQ(1, pod_read_events(self->pod.fd, event, 1, NULL));
	EXPECT_EQ(KVM_POD_EVENT_LOW, event->type);
}

/* More than are kept, for a reader who does not come: it is told how many. */
TEST_F_TIMEOUT(pod, lost, 120)
{
	struct kvm_pod_event *events = calloc(MANY, sizeof(*events));
	unsigned int lost = 0, seen = 0;
	u64 last = 0;
	int nr;

	ASSERT_NE(NULL, events);
	while (last < 140) {
		fill(self->pod.mem, TARGET, 1);
		try_write(self->pod.mem + TARGET, 1);
		is_urgent(self->pod.fd, 1000);
		ASSERT_EQ(0, pod_punch(&self->pod, 0, SIZE));
		pod_sleep_ms(110);
		nr = pod_read_events(self->pod.fd, events, MANY, &lost);
		ASSERT_LE(0, nr);
		EXPECT_EQ(0, lost);
		seen += nr;
		if (nr)
			last = events[nr - 1].seq;
	}
	EXPECT_EQ(last, seen);
	nr = pod_read_events(self->fd, events, MANY, &lost);
	EXPECT_LT(0, nr);
	EXPECT_LT(0, lost);
	EXPECT_EQ(lost + 1, events[0].seq);
	EXPECT_LE(last, lost + nr);
	EXPECT_EQ(0, pod_read_events(self->fd, events, MANY, &lost));
	EXPECT_EQ(0, lost);
	free(events);
}

TEST_HARNESS_MAIN
