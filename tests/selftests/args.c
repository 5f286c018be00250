// SPDX-License-Identifier: GPL-2.0-only
/*
 * The calls on a pod file: what they refuse, and that a refusal changes
 * nothing.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>

#include "pod_test.h"

#define SIZE	(16 * MiB)
#define TARGET	(8 * MiB)

POD_FIXTURE(SIZE, TARGET)

static int call(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) < 0 ? errno : 0;
}

static int reopen(const struct pod *pod, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", pod->fd);
	return open(path, flags | O_CLOEXEC);
}

TEST_F(pod, query_refuses)
{
	struct kvm_pod_query q = { .size = sizeof(q), .flags = 1 };

	EXPECT_EQ(EOPNOTSUPP, call(self->pod.fd, KVM_POD_QUERY, &q));
	q.flags = 0;
	q.size = 4;
	EXPECT_EQ(EINVAL, call(self->pod.fd, KVM_POD_QUERY, &q));
	EXPECT_EQ(EFAULT, call(self->pod.fd, KVM_POD_QUERY, NULL));
}

/* A newer program asks an older kernel. */
TEST_F(pod, query_of_other_sizes)
{
	struct {
		struct kvm_pod_query q;
		u64 more;
	} big = { .q.size = sizeof(big) };
	struct kvm_pod_query q = { .size = offsetof(typeof(q), out_retired) };

	EXPECT_EQ(EINVAL, call(self->pod.fd, KVM_POD_QUERY, &q));
	EXPECT_EQ(0, call(self->pod.fd, KVM_POD_QUERY, &big));
	EXPECT_EQ(0, big.more);
	EXPECT_EQ(SIZE, big.q.out_size);
	big.more = 1;
	EXPECT_EQ(E2BIG, call(self->pod.fd, KVM_POD_QUERY, &big));
}

/* No newer program is that new: reading gigabytes of zeroes takes long. */
TEST_F(pod, query_larger_than_a_page)
{
	struct kvm_pod_query *q = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, q);
	q->size = PAGE;
	EXPECT_EQ(0, call(self->pod.fd, KVM_POD_QUERY, q));
	q->size = PAGE + 4;
	EXPECT_EQ(E2BIG, call(self->pod.fd, KVM_POD_QUERY, q));
	munmap(q, 2 * PAGE);
}

TEST_F(pod, query_works_read_only)
{
	struct kvm_pod_query q = { .size = sizeof(q) };
	int fd = reopen(&self->pod, O_RDONLY);

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, call(fd, KVM_POD_QUERY, &q));
	close(fd);
}

TEST_F(pod, set_target_refuses)
{
	const u64 bad[] = { 0, PAGE, REGION - PAGE, TARGET + 1, SIZE + PAGE,
			    ~0ULL };
	struct kvm_pod_set_target args = { .size = sizeof(args) };
	int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		args.target = bad[i];
		EXPECT_EQ(EINVAL, call(self->pod.fd, KVM_POD_SET_TARGET, &args)) {
			TH_LOG("target %#lx", bad[i]);
		}
	}
	args.target = TARGET;
	args.flags = 1;
	EXPECT_EQ(EOPNOTSUPP, call(self->pod.fd, KVM_POD_SET_TARGET, &args));
	args.flags = 0;
	args.size = 8;
	EXPECT_EQ(EINVAL, call(self->pod.fd, KVM_POD_SET_TARGET, &args));
	EXPECT_EQ(TARGET, POD_GET(&self->pod, target));
}

TEST_F(pod, changes_need_a_writable_file)
{
	struct kvm_pod_set_target target = {
		.size = sizeof(target), .target = TARGET,
	};
	struct kvm_pod_balloon balloon = {
		.size = sizeof(balloon), .op = KVM_POD_BALLOON_RESET,
	};
	int fd = reopen(&self->pod, O_RDONLY);

	ASSERT_LE(0, fd);
	EXPECT_EQ(EBADF, call(fd, KVM_POD_SET_TARGET, &target));
	EXPECT_EQ(EBADF, call(fd, KVM_POD_BALLOON, &balloon));
	EXPECT_EQ(-1, fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				0, PAGE));
	EXPECT_EQ(EBADF, errno);
	close(fd);
}

TEST_F(pod, balloon_refuses_bad_ranges)
{
	const struct kvm_pod_range bad[] = {
		{ 1, PAGE }, { 0, 1 }, { 0, 0 }, { PAGE / 2, PAGE },
		{ SIZE, PAGE }, { SIZE - PAGE, 2 * PAGE }, { 0, SIZE + PAGE },
		{ ~0ULL - PAGE + 1, PAGE }, { ~0ULL - PAGE + 1, 2 * PAGE },
		{ PAGE, ~0ULL - PAGE + 1 },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, pod_balloon(&self->pod,
					       KVM_POD_BALLOON_INFLATE,
					       &bad[i], 1)) {
			TH_LOG("offset %#llx length %#llx", bad[i].offset,
			       bad[i].length);
		}
	}
	EXPECT_EQ(0, POD_GET(&self->pod, given));
}

/* All ranges are checked before the first is handled. */
TEST_F(pod, balloon_checks_before_it_acts)
{
	struct kvm_pod_range ranges[3] = {
		{ 0, PAGE }, { REGION, PAGE }, { SIZE, PAGE },
	};

	EXPECT_EQ(-EINVAL, pod_balloon(&self->pod, KVM_POD_BALLOON_INFLATE,
				       ranges, 3));
	EXPECT_EQ(0, POD_GET(&self->pod, given));
}

TEST_F(pod, balloon_refuses)
{
	struct kvm_pod_range range = { 0, PAGE };
	struct kvm_pod_balloon args = {
		.size = sizeof(args), .nr_ranges = 1,
		.ranges_ptr = (uintptr_t)&range, .op = 3,
	};
	int fd = self->pod.fd;

	EXPECT_EQ(EOPNOTSUPP, call(fd, KVM_POD_BALLOON, &args));
	args.op = KVM_POD_BALLOON_RESET;
	EXPECT_EQ(EINVAL, call(fd, KVM_POD_BALLOON, &args));
	args.op = KVM_POD_BALLOON_INFLATE;
	args.flags = 1;
	EXPECT_EQ(EOPNOTSUPP, call(fd, KVM_POD_BALLOON, &args));
	args.flags = 0;
	args.__reserved = 1;
	EXPECT_EQ(EOPNOTSUPP, call(fd, KVM_POD_BALLOON, &args));
	args.__reserved = 0;
	args.nr_ranges = 0;
	EXPECT_EQ(EINVAL, call(fd, KVM_POD_BALLOON, &args));
	args.nr_ranges = KVM_POD_BALLOON_MAX_RANGES + 1;
	EXPECT_EQ(EINVAL, call(fd, KVM_POD_BALLOON, &args));
	args.nr_ranges = 1;
	args.ranges_ptr = 8;
	EXPECT_EQ(EFAULT, call(fd, KVM_POD_BALLOON, &args));
	args.ranges_ptr = (uintptr_t)&range;
	args.size = 8;
	EXPECT_EQ(EINVAL, call(fd, KVM_POD_BALLOON, &args));
	EXPECT_EQ(0, POD_GET(&self->pod, given));
}

TEST_F(pod, balloon_takes_most_ranges)
{
	struct kvm_pod_range ranges[KVM_POD_BALLOON_MAX_RANGES];
	unsigned int i;

	for (i = 0; i < KVM_POD_BALLOON_MAX_RANGES; i++)
		ranges[i] = (struct kvm_pod_range){ i * 2 * PAGE, PAGE };
	EXPECT_EQ(0, pod_balloon(&self->pod, KVM_POD_BALLOON_INFLATE, ranges,
				 KVM_POD_BALLOON_MAX_RANGES));
	EXPECT_EQ(KVM_POD_BALLOON_MAX_RANGES * PAGE,
		  POD_GET(&self->pod, given));
}

TEST_HARNESS_MAIN
