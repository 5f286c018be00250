// SPDX-License-Identifier: GPL-2.0-only
/*
 * The security bugs that Xen's populate-on-demand had, and what they would be
 * here. One test for each, named after its advisory.
 *
 * Advisories without a test: XSA-387 names no populate-on-demand code, XSA-453
 * touched its lock wrappers only. Those bugs of Xen that had no advisory are
 * in the tests of what they broke: sweep.c, scrub.c, target.c, the scenes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <time.h>

#include "cgroup.h"
#include "nbd.h"
#include "pod_test.h"
#include "touch.h"
#include "trace.h"

#define SIZE		(64 * MiB)
#define TARGET		(32 * MiB)
#define RW		(PROT_READ | PROT_WRITE)
#define PARAMETERS	"/sys/module/kvm_pod/parameters/"

FIXTURE(pod) {
	struct pod pod;
	char budget[32];
};

FIXTURE_SETUP(pod)
{
	ASSERT_EQ(0, file_read(PARAMETERS "sweep_budget", self->budget,
			       sizeof(self->budget)));
	ASSERT_GOOD(pod_begin(&self->pod, SIZE, TARGET));
}

/* Whatever failed, the module's parameters are as before. */
FIXTURE_TEARDOWN(pod)
{
	file_write(PARAMETERS "sweep_budget", self->budget);
	file_write(PARAMETERS "limit_mb", "0");
	ASSERT_GOOD(pod_finish(&self->pod));
}

/*
 * XSA-14: a call on the wrong kind of object ran into a BUG_ON(). Every number
 * on every kind of file: an errno, and all goes on.
 */
TEST_F(pod, xsa_14_wrong_object)
{
	u64 buffer[64] = { };
	int dev = open("/dev/kvm-pod", O_RDWR | O_CLOEXEC);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int fds[] = { self->pod.fd, dev, null }, i, nr;

	ASSERT_LE(0, dev);
	for (i = 0; i < ARRAY_SIZE(fds); i++) {
		for (nr = 0; nr < 256; nr++) {
			buffer[0] = sizeof(buffer) | ~0ULL << 32;
			EXPECT_EQ(-1, ioctl(fds[i], _IO(KVM_POD_TYPE, nr),
					    buffer));
		}
	}
	buffer[0] = sizeof(buffer);
	EXPECT_EQ(-1, ioctl(dev, KVM_POD_QUERY, buffer));
	EXPECT_EQ(ENOTTY, errno);
	EXPECT_EQ(-1, ioctl(self->pod.fd, KVM_POD_CREATE, buffer));
	EXPECT_EQ(ENOTTY, errno);
	EXPECT_EQ(TARGET, POD_GET(&self->pod, owned));
	close(dev);
	close(null);
}

static long read_events_into_hole(void *arg)
{
	struct pod *pod = arg;
	struct kvm_pod_event *event = (void *)(pod->mem + SIZE - REGION);

	return pod_read_events(pod->fd, event, 1, NULL);
}

/*
 * XSA-30: an error path left a lock behind, and a guest could call on itself.
 * A call whose result goes to a hole of the exhausted pod itself sleeps, and
 * must not do so with a lock that the raise of the target needs.
 */
TEST_F(pod, xsa_30_call_on_itself)
{
	struct pod *pod = &self->pod;
	struct pollfd p = { pod->fd, POLLPRI };
	struct job job;

	ASSERT_EQ(0, pod_set_overdraft(pod, KVM_POD_POLICY_WAIT, 0));
	fill(pod->mem, TARGET, 1);
	ASSERT_EQ(1, poll(&p, 1, 5000));
	job_start(&job, read_events_into_hole, pod);
	ASSERT_TRUE(POD_WAIT(POD_GET(pod, waiting) == 1));
	EXPECT_EQ(0, pod_set_policy(pod, KVM_POD_POLICY_WAIT));
	EXPECT_EQ(0, pod_sweep(pod, 0, 0, 0, NULL));
	EXPECT_EQ(1, poll(&p, 1, 0));
	EXPECT_FALSE(job_done(&job));
	ASSERT_EQ(0, pod_set_target(pod, SIZE, NULL));
	EXPECT_TRUE(job_wait(&job));
	EXPECT_EQ(1, job.result);
}

/* The error paths of each call, each followed by the call itself. */
TEST_F(pod, xsa_30_error_paths)
{
	struct pod *pod = &self->pod;
	struct kvm_pod_range range = { 0, PAGE };
	struct kvm_pod_event event;
	int i;

	fill(pod->mem, REGION, 1);
	for (i = 0; i < 3; i++) {
		EXPECT_GT(0, pod_sweep(pod, 1, PAGE, 0, NULL));
		EXPECT_EQ(0, pod_sweep(pod, 0, 0, 0, NULL));
		EXPECT_GT(0, pod_set_target(pod, SIZE + PAGE, NULL));
		EXPECT_EQ(0, pod_set_target(pod, TARGET, NULL));
		EXPECT_GT(0, pod_balloon(pod, KVM_POD_BALLOON_INFLATE,
					 (void *)8, 1));
		EXPECT_EQ(0, pod_balloon(pod, KVM_POD_BALLOON_INFLATE,
					 &range, 1));
		EXPECT_GT(0, pod_set_grow(pod, KVM_POD_POLICY_FAIL, 1));
		EXPECT_EQ(0, pod_set_policy(pod, KVM_POD_POLICY_FAIL));
		EXPECT_GT(0, pod_read_events(pod->fd, &event, 0, NULL));
		EXPECT_LE(0, pod_read_events(pod->fd, &event, 1, NULL));
	}
}

/*
 * XSA-150: a sweep over all of a big guest without a pause, when there is no
 * zero page to be found. One touch looks at sweep_budget pages and leaves the
 * rest to the worker. All pages look like zero until their last word.
 */
TEST_F(pod, xsa_150_bounded_sweep)
{
	struct pod *pod = &self->pod;
	struct sweep_trace trace;
	u64 at;

	ASSERT_EQ(0, pod_attr_write(pod, "low_mark", "0"));
	for (at = PAGE; at <= TARGET; at += PAGE)
		*(u64 *)(pod->mem + at - 8) = at;
	ASSERT_EQ(TARGET, POD_GET(pod, populated));
	ASSERT_EQ(0, file_write(PARAMETERS "sweep_budget", "1024"));
	if (trace_begin())
		SKIP(return, "no tracepoint kvm_pod_sweep");
	EXPECT_EQ(SIGBUS, try_write(pod->mem + TARGET, 1));
	trace_end(&trace);
	EXPECT_LT(0, trace.sweeps);
	/* The region that uses the budget up is looked at to its end. */
	EXPECT_GE(1024 + REGION / PAGE, trace.most);
	TH_LOG("%lld pages in %u looks with %u pauses, %lld at once",
	       trace.pages, trace.sweeps, trace.waits, trace.most);
	for (at = PAGE; at <= TARGET; at += PAGE)
		EXPECT_EQ(at, *(u64 *)(pod->mem + at - 8));
}

/* What a process that cannot allocate a byte does, and what came of it. */
struct poor {
	struct pod *pod;
	struct cgroup cg;
	bool entered;
	bool may_begin;
	u64 touched;
	unsigned int refused;
};

static int poor_touches(struct poor *poor)
{
	void *reserved;
	u8 *mem = map_unaligned(poor->pod->fd, SIZE, RW, &reserved);

	/* Page tables come now: only leaves are left to be allocated. */
	if (!mem || nonzero(mem, SIZE) != -1 || cgroup_enter(&poor->cg))
		return 1;
	__atomic_store_n(&poor->entered, true, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&poor->may_begin, __ATOMIC_ACQUIRE))
		pod_sleep_ms(1);
	for (; poor->touched < SIZE; poor->touched += 8 * PAGE)
		poor->refused += !!try_write(mem + poor->touched, 1);
	return 0;
}

/*
 * XSA-246: an allocation failed while a superpage was split, and the fault was
 * tried again for ever. A touch needs a leaf for its region, which its memory
 * cgroup does not pay for: it gets one all the same, or is refused, soon.
 */
TEST_F_TIMEOUT(pod, xsa_246_alloc_failure_no_livelock, 40)
{
	struct poor *poor = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS,
				 -1, 0);
	int status = -1;
	pid_t child;

	ASSERT_NE(MAP_FAILED, poor);
	poor->pod = &self->pod;
	if (cgroup_make(&poor->cg))
		SKIP(return, "no memory cgroups");
	child = fork();
	if (!child)
		_exit(poor_touches(poor));
	ASSERT_TRUE(POD_WAIT(__atomic_load_n(&poor->entered, __ATOMIC_ACQUIRE)));
	ASSERT_EQ(0, cgroup_limit(&poor->cg, 0));
	__atomic_store_n(&poor->may_begin, true, __ATOMIC_RELEASE);
	EXPECT_TRUE(POD_WAIT(waitpid(child, &status, WNOHANG) == child));
	EXPECT_EQ(0, status);
	EXPECT_EQ(SIZE, poor->touched);
	EXPECT_EQ((SIZE / (8 * PAGE) - poor->refused) * PAGE,
		  POD_GET(&self->pod, populated));
	EXPECT_EQ(0, cgroup_oom_kills(&poor->cg));
	cgroup_remove(&poor->cg);
}

/**
 * struct writer - stores to one page, as fast as it can
 * @page: zero most of the time, as a sweep likes it
 * @lost: a value was not there when it was read back
 */
struct writer {
	struct job job;
	u64 *page;
	bool stop;
	unsigned long rounds;
	unsigned long lost;
};

/*
 * Loops on purpose: an emulated CPU takes interrupts between blocks of code
 * only, and must be able to take one while the value is there.
 */
static void write_and_check(struct writer *w, u64 value, int checks)
{
	volatile u64 *word = w->page;
	int i;

	*word = value;
	for (i = 0; i < checks; i++)
		w->lost += *word != value;
}

static long write_on(void *arg)
{
	struct writer *w = arg;
	u64 value = 0;

	while (!__atomic_load_n(&w->stop, __ATOMIC_RELAXED)) {
		write_and_check(w, ++value, 8);
		write_and_check(w, 0, 32);
		w->rounds++;
	}
	write_and_check(w, value, 1);
	return value;
}

/*
 * The block that came back last is the first to be used again, here. Nobody
 * may write to it any more.
 */
static u64 check_reused(struct pod *pod)
{
	u8 *mem = pod->mem + 16 * MiB;
	u64 bad = 0;
	int i;

	mem[PAGE] = 0;
	for (i = 0; i < 3; i++) {
		bad += nonzero(mem, PAGE) != -1;
		sched_yield();
	}
	pod_punch(pod, 16 * MiB, REGION);
	return bad;
}

/*
 * XSA-247: the unmap was not checked, and a page in the cache could still be
 * written by the guest it came from. Two writers against a sweep that wants
 * their pages.
 */
TEST_F_TIMEOUT(pod, xsa_247_racing_writer, 60)
{
	struct pod *pod = &self->pod;
	u8 *other = map_aligned(pod->fd, 0, SIZE, RW);
	struct writer w[2] = {
		{ .page = (u64 *)(pod->mem + REGION) },
		{ .page = (u64 *)(other + 2 * REGION) },
	};
	u64 reclaimed = 0, bad = 0;
	struct kvm_pod_sweep s;
	int i;

	ASSERT_NE(NULL, other);
	for (i = 0; i < 2; i++)
		job_start(&w[i].job, write_on, &w[i]);
	for (i = 0; i < 3000 && reclaimed < 200 * REGION; i++) {
		ASSERT_EQ(0, pod_sweep(pod, REGION, 2 * REGION, 0, &s));
		reclaimed += s.out_reclaimed;
		if (s.out_reclaimed)
			bad += check_reused(pod);
		/* For writers that were caught in a fault. */
		pod_sleep_ms(1);
	}
	for (i = 0; i < 2; i++) {
		__atomic_store_n(&w[i].stop, true, __ATOMIC_RELAXED);
		ASSERT_TRUE(job_wait(&w[i].job));
		EXPECT_EQ(0, w[i].lost);
		EXPECT_EQ(w[i].job.result, *w[i].page);
	}
	EXPECT_EQ(0, bad);
	TH_LOG("%lu and %lu rounds, %lu swept", w[0].rounds, w[1].rounds,
	       reclaimed / REGION);
	munmap(other, SIZE);
}

struct store {
	struct job job;
	u8 *at;
	int *ready;
};

static long store_together(void *arg)
{
	struct store *s = arg;

	/* A barrier of the C library wakes one long after the other. */
	__atomic_add_fetch(s->ready, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(s->ready, __ATOMIC_SEQ_CST) < 2)
		;
	*(volatile u64 *)s->at = 1;
	return 0;
}

/*
 * XSA-378: entries were marked over others that were in use. Two populate the
 * same page at the same time, by mappings of different kinds: one page is put
 * there, and neither store is lost.
 */
TEST_F_TIMEOUT(pod, xsa_378_occupied_entry, 60)
{
	struct pod *pod = &self->pod;
	struct store s[2];
	void *reserved;
	u8 *small = map_unaligned(pod->fd, SIZE, RW, &reserved);
	u64 at;
	int i, round, ready;

	ASSERT_NE(NULL, small);
	for (round = 0; round < 160; round++) {
		ready = 0;
		at = round % 8 * REGION + 7 * PAGE;
		for (i = 0; i < 2; i++) {
			s[i].ready = &ready;
			s[i].at = (i ? small : pod->mem) + at + i * 8;
			job_start(&s[i].job, store_together, &s[i]);
		}
		for (i = 0; i < 2; i++)
			ASSERT_TRUE(job_wait(&s[i].job));
		EXPECT_EQ(1, ((u64 *)(pod->mem + at))[0]);
		EXPECT_EQ(1, ((u64 *)(pod->mem + at))[1]);
		EXPECT_EQ(1, ((u64 *)(small + at))[0]);
		EXPECT_EQ(1, ((u64 *)(small + at))[1]);
		if (round % 8 == 7)
			ASSERT_EQ(0, pod_punch(pod, 0, SIZE));
	}
	munmap(small, SIZE);
}

/* A range that no call may take: it begins or ends in a page. */
static u64 misalign(unsigned int *seed, u64 bytes)
{
	u64 value = (u64)rand_r(seed) % bytes;

	return value % PAGE ? value : value + 1;
}

/*
 * XSA-388: frame numbers that were not aligned to their order hit a BUG() or
 * worse. Calls that take whole pages refuse anything else; a discard by bytes
 * clears just those bytes.
 */
TEST_F_TIMEOUT(pod, xsa_388_misaligned, 60)
{
	struct pod *pod = &self->pod;
	u8 *copy = malloc(4 * REGION);
	unsigned int seed = time(NULL), i;
	u64 from, len;

	TH_LOG("seed %u", seed);
	ASSERT_NE(NULL, copy);
	fill(pod->mem, 4 * REGION, 1);
	memcpy(copy, pod->mem, 4 * REGION);
	for (i = 0; i < 300; i++) {
		from = misalign(&seed, 3 * REGION);
		len = misalign(&seed, rand_r(&seed) % 2 ? PAGE * 3 : REGION);
		EXPECT_EQ(-EINVAL, pod_sweep(pod, from, PAGE, 0, NULL));
		EXPECT_EQ(-EINVAL, pod_sweep(pod, 0, len, 0, NULL));
		EXPECT_EQ(-EINVAL, pod_inflate(pod, from, PAGE));
		EXPECT_EQ(-EINVAL, pod_deflate(pod, 0, len));
		EXPECT_EQ(-EINVAL, pod_set_target(pod, TARGET - len, NULL));
		if (i % 10)
			continue;
		ASSERT_EQ(0, pod_punch(pod, from, len));
		memset(copy + from, 0, len);
		EXPECT_EQ(0, memcmp(copy, pod->mem, 4 * REGION));
		ASSERT_EQ(0, pod_sweep(pod, 0, 0, KVM_POD_SWEEP_DEMOTE, NULL));
		EXPECT_EQ(0, memcmp(copy, pod->mem, 4 * REGION));
	}
	ASSERT_GOOD(pod_healthy(pod));
	free(copy);
}

/* Targets that the module's limit cuts short, at each page of some. */
static void check_cut_raise(struct __test_metadata *_metadata, struct pod *pod,
			    long long limit)
{
	char text[32];
	u64 out;

	snprintf(text, sizeof(text), "%lld", limit);
	ASSERT_EQ(0, file_write(PARAMETERS "limit_mb", text));
	EXPECT_EQ(-ENOMEM, pod_set_target(pod, SIZE, &out));
	EXPECT_EQ(out, POD_GET(pod, target));
	EXPECT_EQ(out, POD_GET(pod, owned));
	EXPECT_GT(SIZE, out);
	ASSERT_GOOD(pod_healthy(pod));
	ASSERT_EQ(0, pod_set_target(pod, TARGET, NULL));
	EXPECT_TRUE(POD_WAIT(POD_GET(pod, owned) == TARGET));
}

/*
 * XSA-389: what was done before a call failed in the middle was not counted.
 * Fail after each k, and recount.
 */
TEST_F_TIMEOUT(pod, xsa_389_partial_failure, 60)
{
	struct pod *pod = &self->pod;
	long long base = (pod_class_attr("total_owned") +
			  pod_class_attr("total_float")) / MiB;
	unsigned int k;

	for (k = 1; k <= 8; k++)
		check_cut_raise(_metadata, pod, base + k);
	ASSERT_EQ(0, file_write(PARAMETERS "limit_mb", "0"));
	ASSERT_EQ(0, pod_set_target(pod, SIZE, NULL));
	EXPECT_EQ(SIZE, POD_GET(pod, owned));
}

/* An array of ranges that leaves mapped memory after k of them. */
TEST_F(pod, xsa_389_partial_ranges)
{
	struct pod *pod = &self->pod;
	struct kvm_pod_range *end, *range;
	unsigned int k;
	u8 *area;

	area = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, area);
	ASSERT_EQ(0, mprotect(area + PAGE, PAGE, PROT_NONE));
	end = (struct kvm_pod_range *)(area + PAGE);
	fill(pod->mem, REGION, 1);
	for (k = 1; k <= 8; k++) {
		range = end - k;
		*range = (struct kvm_pod_range){ k * PAGE, PAGE };
		EXPECT_GT(0, pod_balloon(pod, KVM_POD_BALLOON_INFLATE, range,
					 k + 1));
		EXPECT_EQ(0, POD_GET(pod, given_huge));
		EXPECT_EQ(-1, mismatch(pod->mem, REGION, 1));
		ASSERT_GOOD(pod_healthy(pod));
	}
}

/* All that a pod does to get pages back, and a guest that uses them. */
static void want_all_pages(struct pod *pod)
{
	u64 at;

	pod_sweep(pod, 0, 0, KVM_POD_SWEEP_DEMOTE, NULL);
	pod_punch(pod, 0, REGION);
	pod_sweep(pod, 0, 0, KVM_POD_SWEEP_DEMOTE, NULL);
	for (at = REGION; at < SIZE; at += PAGE)
		if (try_write(pod->mem + at, 0x55))
			break;
}

/*
 * XSA-507: a special page was taken for a guest's and put into the cache. A
 * page that a pipe and a device hold on to is never somebody else's: what the
 * device writes and what the reader gets is what is, or was, in that page.
 */
TEST_F_TIMEOUT(pod, xsa_507_special_page, 60)
{
	struct pod *pod = &self->pod;
	struct iovec iov = { pod->mem, PAGE };
	u8 copy[PAGE] __attribute__((aligned(8)));
	int fds[2];

	ASSERT_EQ(0, pipe(fds));
	pod->mem[0] = 0;
	ASSERT_EQ(PAGE, vmsplice(fds[1], &iov, 1, 0));
	want_all_pages(pod);
	EXPECT_LE(PAGE, POD_GET(pod, populated));
	ASSERT_EQ(PAGE, read(fds[0], copy, PAGE));
	EXPECT_EQ(-1, nonzero(copy, PAGE));
	close(fds[0]);
	close(fds[1]);
}

/* The zeroes that many pages share are nobody's: they never become memory. */
TEST_F_TIMEOUT(pod, xsa_507_zero_page, 60)
{
	struct pod *pod = &self->pod;
	void *reserved;
	u8 *other = map_unaligned(pod->fd, SIZE, RW, &reserved);
	u64 at;

	ASSERT_NE(NULL, other);
	EXPECT_EQ(-1, nonzero(other, SIZE));
	for (at = 8 * REGION; at < 12 * REGION; at += REGION)
		other[at] = 1;
	EXPECT_EQ(-1, nonzero(other, 8 * REGION));
	EXPECT_EQ(-1, nonzero(other + 12 * REGION, SIZE - 12 * REGION));
	want_all_pages(pod);
	EXPECT_EQ(TARGET, POD_GET(pod, owned));
	ASSERT_EQ(0, pod_punch(pod, 0, SIZE));
	EXPECT_EQ(-1, nonzero(other, SIZE));
	munmap(other, SIZE);
}

static long read_disk(void *arg)
{
	int disk = nbd_open();
	ssize_t n = pread(disk, arg, PAGE, 0);

	close(disk);
	return n;
}

TEST_F_TIMEOUT(pod, xsa_507_page_of_a_device, 60)
{
	struct pod *pod = &self->pod;
	struct nbd nbd;
	struct job job;

	if (nbd_begin(&nbd))
		SKIP(return, "this kernel has no network block device (nbd)");
	pod->mem[0] = 0;
	nbd_hold(&nbd, true);
	job_start(&job, read_disk, pod->mem);
	ASSERT_TRUE(POD_WAIT(nbd_holds(&nbd)));
	want_all_pages(pod);
	nbd_hold(&nbd, false);
	ASSERT_TRUE(job_wait(&job));
	EXPECT_EQ(PAGE, job.result);
	EXPECT_EQ(-1, mismatch(pod->mem, PAGE, NBD_TAG));
	nbd_end(&nbd);
}

TEST_HARNESS_MAIN
