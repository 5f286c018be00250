// SPDX-License-Identifier: GPL-2.0-only
/*
 * A pod for devices (KVM_POD_F_PINNABLE): all of it is there from the start,
 * no page ever leaves its place, and what would move one is refused with EBUSY
 * and changes nothing. Pins themselves: longterm.c.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>

#include "pod_test.h"

#define SIZE	(16 * MiB)
#define RW	(PROT_READ | PROT_WRITE)

static struct kvm_pod_create pinnable_args(u64 size)
{
	struct kvm_pod_create args = pod_create_args(size, size);

	args.flags = KVM_POD_F_PINNABLE;
	return args;
}

FIXTURE(pinnable) {
	struct pod pod;
	struct kvm_pod_query fresh;
};

FIXTURE_SETUP(pinnable)
{
	struct kvm_pod_create args = pinnable_args(SIZE);

	ASSERT_GOOD(pod_begin_with(&self->pod, &args));
	ASSERT_EQ(0, pod_query(&self->pod, &self->fresh));
}

static const char *const never[] = {
	"zero_mapped", "discarded", "demoted", "sweep_scanned",
	"sweep_reclaimed", "waits", "exhausted", "events_low",
	"events_exhausted", "events_parked", "parked", "overdraft",
};

/* Name of a counter that should have stayed 0, or NULL. */
static const char *moved(const struct pod *pod)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(never); i++)
		if (pod_attr(pod, never[i]))
			return never[i];
	return NULL;
}

/* Whatever was tried, it is as it was in the beginning. */
FIXTURE_TEARDOWN(pinnable)
{
	struct kvm_pod_query q;

	ASSERT_EQ(0, pod_query(&self->pod, &q));
	q.out_policy = self->fresh.out_policy;
	q.out_overdraft_max = self->fresh.out_overdraft_max;
	q.out_grow_max = self->fresh.out_grow_max;
	EXPECT_EQ(0, memcmp(&q, &self->fresh, sizeof(q)));
	ASSERT_GOOD(moved(&self->pod));
	ASSERT_GOOD(pod_finish(&self->pod));
}

/* Every byte of the answer of KVM_POD_QUERY stays. */
#define EXPECT_BUSY(expr) do {						\
	struct kvm_pod_query __before, __after;				\
									\
	ASSERT_EQ(0, pod_query(&self->pod, &__before));			\
	EXPECT_EQ(-EBUSY, expr) {					\
		TH_LOG("%s", #expr);					\
	}								\
	ASSERT_EQ(0, pod_query(&self->pod, &__after));			\
	EXPECT_EQ(0, memcmp(&__before, &__after, sizeof(__before))) {	\
		TH_LOG("%s changed something", #expr);			\
	}								\
} while (0)

static int call(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) < 0 ? -errno : 0;
}

static int reopen(const struct pod *pod, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", pod->fd);
	return open(path, flags | O_CLOEXEC);
}

TEST_F(pinnable, is_whole_from_the_start)
{
	const struct kvm_pod_query *q = &self->fresh;

	EXPECT_EQ(SIZE, q->out_size);
	EXPECT_EQ(SIZE, q->out_target);
	EXPECT_EQ(SIZE, q->out_owned);
	EXPECT_EQ(SIZE, q->out_populated);
	EXPECT_EQ(0, q->out_reserve);
	EXPECT_EQ(0, q->out_reserve_huge);
	EXPECT_EQ(0, q->out_outstanding);
	EXPECT_EQ(0, q->out_given);
	EXPECT_EQ(0, q->out_float);
	EXPECT_EQ(KVM_POD_F_PINNABLE, q->out_flags);
	EXPECT_EQ(1, pod_attr(&self->pod, "pinnable"));
	EXPECT_EQ(SIZE / REGION, pod_attr(&self->pod, "populate_2m"));
	EXPECT_EQ(0, pod_attr(&self->pod, "populate_4k"));
}

TEST_F(pinnable, others_are_not)
{
	struct kvm_pod_create args = pod_create_args(SIZE, SIZE);
	struct pod other = { .fd = pod_create(&args), .id = args.out_id };

	ASSERT_LE(0, other.fd);
	EXPECT_EQ(0, POD_GET(&other, flags));
	EXPECT_EQ(0, pod_attr(&other, "pinnable"));
	EXPECT_EQ(0, POD_GET(&other, populated));
	close(other.fd);
}

TEST_F(pinnable, needs_its_size_as_target)
{
	const u64 bad[] = { REGION, SIZE / 2, SIZE - PAGE, SIZE + PAGE,
			    SIZE + REGION, 0 };
	struct kvm_pod_create args;
	int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		args = pinnable_args(SIZE);
		args.target = bad[i];
		EXPECT_EQ(-EINVAL, pod_create(&args)) {
			TH_LOG("target %#lx", bad[i]);
		}
	}
}

TEST_F(pinnable, other_flags_are_unknown)
{
	struct kvm_pod_create args = pinnable_args(SIZE);
	unsigned int bit;

	for (bit = 1; bit < 32; bit++) {
		args.flags = KVM_POD_F_PINNABLE | 1U << bit;
		EXPECT_EQ(-EOPNOTSUPP, pod_create(&args)) {
			TH_LOG("flags %#x", args.flags);
		}
	}
}

/* A program of the time before out_flags asks, and gets no byte more. */
TEST_F(pinnable, query_of_an_older_program)
{
	const size_t len = offsetof(struct kvm_pod_query, out_flags);
	struct kvm_pod_query q = { .size = len, .out_flags = ~0ULL };

	EXPECT_EQ(0, call(self->pod.fd, KVM_POD_QUERY, &q));
	EXPECT_EQ(~0ULL, q.out_flags);
	EXPECT_EQ(SIZE, q.out_populated);
}

TEST_F(pinnable, memory)
{
	u8 *mem = self->pod.mem;

	EXPECT_EQ(-1, nonzero(mem, SIZE));
	EXPECT_EQ(SIZE, pmd_mapped(mem, SIZE));
	fill(mem, SIZE, 1);
	EXPECT_EQ(-1, mismatch(mem, SIZE, 1));
	EXPECT_EQ(SIZE, pmd_mapped(mem, SIZE));
}

/* A mapping for reading first, as a program that only looks would have it. */
TEST_F(pinnable, read_only_mapping)
{
	u8 *mem = map_aligned(self->pod.fd, 0, SIZE, PROT_READ);

	ASSERT_NE(NULL, mem);
	EXPECT_EQ(-1, nonzero(mem, SIZE));
	EXPECT_EQ(SIZE, pmd_mapped(mem, SIZE));
	EXPECT_EQ(SIGSEGV, try_write(mem, 1));
	fill(self->pod.mem, SIZE, 1);
	EXPECT_EQ(-1, mismatch(mem, SIZE, 1));
	EXPECT_EQ(0, mprotect(mem, SIZE, RW));
	fill(mem, SIZE, 2);
	EXPECT_EQ(-1, mismatch(self->pod.mem, SIZE, 2));
	munmap(mem, SIZE);
}

TEST_F(pinnable, unaligned_mapping)
{
	void *reserved;
	u8 *mem = map_unaligned(self->pod.fd, SIZE, RW, &reserved);

	ASSERT_NE(NULL, mem);
	fill(mem, SIZE, 1);
	EXPECT_EQ(0, pmd_mapped(mem, SIZE));
	EXPECT_EQ(-1, mismatch(self->pod.mem, SIZE, 1));
	munmap(mem, SIZE);
}

TEST_F(pinnable, read_and_write_calls)
{
	static u8 data[REGION];

	memset(data, 0xff, REGION);
	EXPECT_EQ(REGION, pread(self->pod.fd, data, REGION, PAGE));
	EXPECT_EQ(-1, nonzero(data, REGION));
	fill(data, REGION, 3);
	EXPECT_EQ(REGION, pwrite(self->pod.fd, data, REGION, SIZE - REGION));
	EXPECT_EQ(-1, mismatch(self->pod.mem + SIZE - REGION, REGION, 3));
	EXPECT_EQ(-1, nonzero(self->pod.mem, SIZE - REGION));
	EXPECT_EQ(0, lseek(self->pod.fd, 0, SEEK_DATA));
	EXPECT_EQ(SIZE, lseek(self->pod.fd, 0, SEEK_HOLE));
}

TEST_F(pinnable, target)
{
	u64 out;

	EXPECT_BUSY(pod_set_target(&self->pod, SIZE, &out));
	EXPECT_BUSY(pod_set_target(&self->pod, SIZE - PAGE, &out));
	EXPECT_BUSY(pod_set_target(&self->pod, REGION, NULL));
	EXPECT_BUSY(pod_attr_write(&self->pod, "target", "16777216"));
	EXPECT_BUSY(pod_attr_write(&self->pod, "target", "4194304"));
}

TEST_F(pinnable, balloon)
{
	struct kvm_pod_range ranges[2] = { { 0, PAGE }, { REGION, REGION } };

	fill(self->pod.mem, SIZE, 1);
	EXPECT_BUSY(pod_inflate(&self->pod, 0, PAGE));
	EXPECT_BUSY(pod_inflate(&self->pod, 0, SIZE));
	EXPECT_BUSY(pod_balloon(&self->pod, KVM_POD_BALLOON_INFLATE, ranges,
				2));
	EXPECT_BUSY(pod_deflate(&self->pod, 0, SIZE));
	EXPECT_BUSY(pod_balloon_reset(&self->pod));
	EXPECT_EQ(-1, mismatch(self->pod.mem, SIZE, 1));
}

/* Madvise's errno and fallocate's are the same. */
static int remove_range(void *mem, size_t len)
{
	return madvise(mem, len, MADV_REMOVE) < 0 ? -errno : 0;
}

TEST_F(pinnable, discard)
{
	fill(self->pod.mem, SIZE, 1);
	EXPECT_BUSY(pod_punch(&self->pod, 0, SIZE));
	EXPECT_BUSY(pod_punch(&self->pod, REGION, PAGE));
	EXPECT_BUSY(pod_punch(&self->pod, 100, 1));
	EXPECT_BUSY(pod_punch(&self->pod, PAGE - 1, 2));
	EXPECT_BUSY(pod_punch(&self->pod, SIZE, PAGE));
	EXPECT_BUSY(remove_range(self->pod.mem, REGION));
	EXPECT_BUSY(remove_range(self->pod.mem + PAGE, PAGE));
	EXPECT_EQ(-1, mismatch(self->pod.mem, SIZE, 1));
}

TEST_F(pinnable, sweep)
{
	EXPECT_BUSY(pod_sweep(&self->pod, 0, 0, 0, NULL));
	EXPECT_BUSY(pod_sweep(&self->pod, 0, 0, KVM_POD_SWEEP_DEMOTE, NULL));
	EXPECT_BUSY(pod_sweep(&self->pod, REGION, PAGE, 0, NULL));
}

/* What the call could not mean on any pod has its own error. */
TEST_F(pinnable, bad_arguments)
{
	struct kvm_pod_set_target target = { .size = sizeof(target) };
	struct kvm_pod_balloon balloon = { .size = sizeof(balloon), .op = 3 };
	struct kvm_pod_sweep sweep = { .size = sizeof(sweep), .flags = 2 };
	int fd = self->pod.fd;

	target.flags = 1;
	EXPECT_EQ(-EOPNOTSUPP, call(fd, KVM_POD_SET_TARGET, &target));
	EXPECT_EQ(-EINVAL, pod_set_target(&self->pod, SIZE - 1, NULL));
	EXPECT_EQ(-EINVAL, pod_set_target(&self->pod, SIZE + PAGE, NULL));
	EXPECT_EQ(-EINVAL, pod_set_target(&self->pod, PAGE, NULL));
	EXPECT_EQ(-EINVAL, pod_attr_write(&self->pod, "target", "1"));
	EXPECT_EQ(-EINVAL, pod_attr_write(&self->pod, "target", "some"));
	EXPECT_EQ(-EOPNOTSUPP, call(fd, KVM_POD_BALLOON, &balloon));
	EXPECT_EQ(-EOPNOTSUPP, call(fd, KVM_POD_SWEEP, &sweep));
	EXPECT_EQ(-EINVAL, pod_sweep(&self->pod, 1, PAGE, 0, NULL));
	EXPECT_EQ(-EINVAL, pod_sweep(&self->pod, SIZE, PAGE, 0, NULL));
	EXPECT_EQ(-1, fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, PAGE));
	EXPECT_EQ(EOPNOTSUPP, errno);
}

TEST_F(pinnable, read_only_file)
{
	struct pod other = self->pod;

	other.fd = reopen(&self->pod, O_RDONLY);
	ASSERT_LE(0, other.fd);
	EXPECT_EQ(-EBADF, pod_set_target(&other, REGION, NULL));
	EXPECT_EQ(-EBADF, pod_balloon_reset(&other));
	EXPECT_EQ(-EBADF, pod_sweep(&other, 0, 0, 0, NULL));
	EXPECT_EQ(-EBADF, pod_punch(&other, 0, PAGE));
	EXPECT_EQ(KVM_POD_F_PINNABLE, POD_GET(&other, flags));
	close(other.fd);
}

/* It may be set, and the limits too; nothing ever comes short. */
TEST_F(pinnable, policy)
{
	unsigned int policy;

	for (policy = 0; policy <= KVM_POD_POLICY_FAIL; policy++) {
		EXPECT_EQ(0, pod_set_policy(&self->pod, policy));
		fill(self->pod.mem, SIZE, policy);
		EXPECT_EQ(-1, mismatch(self->pod.mem, SIZE, policy));
	}
	EXPECT_EQ(0, pod_set_grow(&self->pod, KVM_POD_POLICY_GROW, SIZE));
	EXPECT_EQ(0, pod_set_overdraft(&self->pod, KVM_POD_POLICY_WAIT, SIZE));
	EXPECT_EQ(0, pod_attr_write(&self->pod, "low_mark", "4194304"));
	pod_sleep_ms(300);
}

/* The same pages come back, wherever they are mapped. */
TEST_F(pinnable, frames_stay)
{
	u64 frames[SIZE / REGION];
	u8 *mem = self->pod.mem, *other;
	int i;

	fill(mem, SIZE, 1);
	for (i = 0; i < ARRAY_SIZE(frames); i++) {
		frames[i] = page_frame(mem + i * REGION + 7 * PAGE);
		ASSERT_NE(0, frames[i]);
	}
	ASSERT_EQ(0, madvise(mem, SIZE, MADV_DONTNEED));
	EXPECT_EQ(0, page_frame(mem + 7 * PAGE));
	other = map_aligned(self->pod.fd, 0, SIZE, RW);
	ASSERT_NE(NULL, other);
	EXPECT_EQ(-1, mismatch(mem, SIZE, 1));
	EXPECT_EQ(-1, mismatch(other, SIZE, 1));
	for (i = 0; i < ARRAY_SIZE(frames); i++) {
		EXPECT_EQ(frames[i], page_frame(mem + i * REGION + 7 * PAGE));
		EXPECT_EQ(frames[i], page_frame(other + i * REGION + 7 * PAGE));
	}
	munmap(other, SIZE);
}

/* Nothing looks for zeroes here. */
TEST_F(pinnable, zeroes_stay)
{
	u64 frame;

	fill(self->pod.mem, SIZE, 1);
	memset(self->pod.mem, 0, SIZE);
	frame = page_frame(self->pod.mem);
	pod_sleep_ms(1500);
	EXPECT_EQ(frame, page_frame(self->pod.mem));
	EXPECT_EQ(SIZE, pmd_mapped(self->pod.mem, SIZE));
}

/* What the kernel takes, and what it has no use for on such a mapping. */
TEST_F(pinnable, advice)
{
	const struct {
		int advice;
		int error;
	} table[] = {
		{ MADV_DONTNEED }, { MADV_COLD }, { MADV_PAGEOUT },
		{ MADV_HUGEPAGE }, { MADV_FREE, EINVAL }, { MADV_NOHUGEPAGE },
		{ MADV_DONTNEED }, { MADV_HUGEPAGE }, { MADV_SEQUENTIAL },
		{ MADV_RANDOM }, { MADV_WILLNEED }, { MADV_DODUMP, EINVAL },
	};
	int i, error;

	fill(self->pod.mem, SIZE, 1);
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		error = madvise(self->pod.mem, SIZE, table[i].advice) ? errno :
			0;
		EXPECT_EQ(table[i].error, error) {
			TH_LOG("advice %d", table[i].advice);
		}
		EXPECT_EQ(-1, mismatch(self->pod.mem, SIZE, 1)) {
			TH_LOG("advice %d", table[i].advice);
		}
	}
	/* Not every kernel has it. */
	madvise(self->pod.mem, SIZE, MADV_MERGEABLE);
	EXPECT_EQ(-1, mismatch(self->pod.mem, SIZE, 1));
	EXPECT_EQ(0, posix_fadvise(self->pod.fd, 0, 0, POSIX_FADV_WILLNEED));
	EXPECT_EQ(0, posix_fadvise(self->pod.fd, 0, 0, POSIX_FADV_DONTNEED));
	EXPECT_EQ(-1, mismatch(self->pod.mem, SIZE, 1));
}

static int cannot_touch(void *arg)
{
	struct pod *pod = arg;

	return !(try_read(pod->mem) == SIGSEGV &&
		 try_write(pod->mem, 1) == SIGSEGV);
}

TEST_F(pinnable, fork_does_not_inherit)
{
	EXPECT_EQ(0, run_child(cannot_touch, &self->pod));
}

/* In a child that was made to inherit the mapping: 0 if all is as it was. */
static int touch_inherited(void *arg)
{
	struct pod *pod = arg;

	if (mismatch(pod->mem, REGION, 1) != -1)
		return 1;
	fill(pod->mem + REGION, REGION, 3);
	return 0;
}

TEST_F(pinnable, inherited_on_demand)
{
	fill(self->pod.mem, REGION, 1);
	ASSERT_EQ(0, madvise(self->pod.mem, SIZE, MADV_DOFORK));
	EXPECT_EQ(0, run_child(touch_inherited, &self->pod));
	EXPECT_EQ(-1, mismatch(self->pod.mem + REGION, REGION, 3));
}

/* All rules for mappings but the one on write-notify. */
TEST_F(pinnable, mappings)
{
	u8 *mem = self->pod.mem;

	fill(mem, SIZE, 1);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, SIZE, RW, MAP_PRIVATE, self->pod.fd,
				   0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mremap(mem, SIZE, SIZE, MREMAP_MAYMOVE |
				     MREMAP_DONTUNMAP));
	EXPECT_EQ(MAP_FAILED, mremap(mem, SIZE, SIZE + REGION, 0));
	EXPECT_EQ(-1, munmap(mem + PAGE, PAGE));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, munmap(mem + REGION, REGION));
	EXPECT_EQ(mem + REGION, mmap(mem + REGION, REGION, RW,
				     MAP_SHARED | MAP_FIXED, self->pod.fd,
				     REGION));
	EXPECT_EQ(-1, mismatch(mem, SIZE, 1));
	EXPECT_EQ(SIZE, pmd_mapped(mem, SIZE));
}

TEST_HARNESS_MAIN
