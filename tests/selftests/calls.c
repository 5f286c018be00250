// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_POD_SWEEP, KVM_POD_SET_POLICY and KVM_POD_READ_EVENTS: what they refuse,
 * and that a refusal changes nothing.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>

#include "pod_test.h"

#define SIZE	(16 * MiB)
#define TARGET	(8 * MiB)

POD_FIXTURE_POLICY(SIZE, TARGET, KVM_POD_POLICY_WAIT)

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

TEST_F(pod, features)
{
	const u64 want = KVM_POD_FEATURE_POLICY_WAIT |
			 KVM_POD_FEATURE_POLICY_GROW |
			 KVM_POD_FEATURE_POLICY_FAIL |
			 KVM_POD_FEATURE_SWEEP | KVM_POD_FEATURE_EVENTS |
			 KVM_POD_FEATURE_PINNABLE;
	struct kvm_pod_info info = { .size = sizeof(info) };
	int dev = open("/dev/kvm-pod", O_RDWR | O_CLOEXEC);

	ASSERT_LE(0, dev);
	ASSERT_EQ(0, call(dev, KVM_POD_GET_INFO, &info));
	EXPECT_EQ(want, info.out_features & want);
	close(dev);
}

/* They are calls on a pod, not on the device. */
TEST_F(pod, device_has_no_such_call)
{
	struct kvm_pod_sweep sweep = { .size = sizeof(sweep) };
	struct kvm_pod_set_policy policy = { .size = sizeof(policy) };
	struct kvm_pod_read_events events = { .size = sizeof(events) };
	int dev = open("/dev/kvm-pod", O_RDWR | O_CLOEXEC);

	ASSERT_LE(0, dev);
	EXPECT_EQ(ENOTTY, call(dev, KVM_POD_SWEEP, &sweep));
	EXPECT_EQ(ENOTTY, call(dev, KVM_POD_SET_POLICY, &policy));
	EXPECT_EQ(ENOTTY, call(dev, KVM_POD_READ_EVENTS, &events));
	close(dev);
}

TEST_F(pod, sweep_refuses_bad_ranges)
{
	const struct kvm_pod_range bad[] = {
		{ 1, PAGE }, { 0, 1 }, { PAGE / 2, PAGE }, { PAGE, PAGE + 1 },
		{ SIZE, PAGE }, { SIZE - PAGE, 2 * PAGE }, { 0, SIZE + PAGE },
		{ SIZE + PAGE, 0 }, { ~0ULL - PAGE + 1, PAGE },
		{ ~0ULL - PAGE + 1, 2 * PAGE }, { PAGE, ~0ULL - PAGE + 1 },
	};
	int i;

	memset(self->pod.mem, 0, REGION);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, pod_sweep(&self->pod, bad[i].offset,
					     bad[i].length, 0, NULL)) {
			TH_LOG("offset %#llx length %#llx", bad[i].offset,
			       bad[i].length);
		}
	}
	EXPECT_EQ(0, pod_attr(&self->pod, "sweep_scanned"));
	EXPECT_EQ(REGION, POD_GET(&self->pod, populated));
}

TEST_F(pod, sweep_refuses)
{
	struct {
		struct kvm_pod_sweep s;
		u64 more;
	} big = { .s.size = sizeof(big), .more = 1 };
	struct kvm_pod_sweep s = { .size = sizeof(s), .length = SIZE };
	int fd = self->pod.fd, ro = reopen(&self->pod, O_RDONLY);

	memset(self->pod.mem, 0, REGION);
	EXPECT_EQ(E2BIG, call(fd, KVM_POD_SWEEP, &big));
	s.flags = ~KVM_POD_SWEEP_DEMOTE;
	EXPECT_EQ(EOPNOTSUPP, call(fd, KVM_POD_SWEEP, &s));
	s.flags = KVM_POD_SWEEP_DEMOTE << 1;
	EXPECT_EQ(EOPNOTSUPP, call(fd, KVM_POD_SWEEP, &s));
	s.flags = 0;
	s.size = 8;
	EXPECT_EQ(EINVAL, call(fd, KVM_POD_SWEEP, &s));
	s.size = sizeof(s);
	EXPECT_EQ(EFAULT, call(fd, KVM_POD_SWEEP, (void *)8));
	ASSERT_LE(0, ro);
	EXPECT_EQ(EBADF, call(ro, KVM_POD_SWEEP, &s));
	EXPECT_EQ(0, pod_attr(&self->pod, "sweep_scanned"));
	EXPECT_EQ(REGION, POD_GET(&self->pod, populated));
	big.more = 0;
	EXPECT_EQ(0, call(fd, KVM_POD_SWEEP, &big));
	EXPECT_EQ(REGION, big.s.out_reclaimed);
	close(ro);
}

/* What the fixture's policy and limits are, if nobody changed them. */
static void check_policy(struct __test_metadata *_metadata,
			 const struct pod *pod)
{
	EXPECT_EQ(KVM_POD_POLICY_WAIT, POD_GET(pod, policy));
	EXPECT_EQ(2 * MiB, POD_GET(pod, overdraft_max));
	EXPECT_EQ(SIZE - TARGET, POD_GET(pod, grow_max));
}

TEST_F(pod, set_policy_refuses)
{
	struct kvm_pod_set_policy p = { .size = sizeof(p) };
	int fd = self->pod.fd, ro = reopen(&self->pod, O_RDONLY);

	p.policy = KVM_POD_POLICY_FAIL;
	ASSERT_LE(0, ro);
	EXPECT_EQ(EBADF, call(ro, KVM_POD_SET_POLICY, &p));
	p.flags = 4;
	EXPECT_EQ(EOPNOTSUPP, call(fd, KVM_POD_SET_POLICY, &p));
	p.flags = 0;
	p.__reserved = 1;
	EXPECT_EQ(EOPNOTSUPP, call(fd, KVM_POD_SET_POLICY, &p));
	p.__reserved = 0;
	p.policy = 3;
	EXPECT_EQ(EOPNOTSUPP, call(fd, KVM_POD_SET_POLICY, &p));
	p.policy = KVM_POD_POLICY_FAIL;
	p.size = 8;
	EXPECT_EQ(EINVAL, call(fd, KVM_POD_SET_POLICY, &p));
	check_policy(_metadata, &self->pod);
	close(ro);
}

TEST_F(pod, set_policy_refuses_limits)
{
	const u64 bad[] = { 1, PAGE + 1, SIZE + PAGE, ~0ULL, ~0ULL - PAGE + 1 };
	struct kvm_pod_set_policy p = { .size = sizeof(p) };
	int fd = self->pod.fd, i;

	p.policy = KVM_POD_POLICY_FAIL;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		p.flags = KVM_POD_SET_OVERDRAFT_MAX;
		p.overdraft_max = bad[i];
		p.grow_max = 0;
		EXPECT_EQ(EINVAL, call(fd, KVM_POD_SET_POLICY, &p));
		p.flags = KVM_POD_SET_OVERDRAFT_MAX | KVM_POD_SET_GROW_MAX;
		p.overdraft_max = PAGE;
		p.grow_max = bad[i];
		EXPECT_EQ(EINVAL, call(fd, KVM_POD_SET_POLICY, &p));
	}
	/* Not named, so it must not be there. */
	p.flags = KVM_POD_SET_OVERDRAFT_MAX;
	p.grow_max = PAGE;
	EXPECT_NE(0, call(fd, KVM_POD_SET_POLICY, &p));
	p.flags = KVM_POD_SET_GROW_MAX;
	EXPECT_NE(0, call(fd, KVM_POD_SET_POLICY, &p));
	check_policy(_metadata, &self->pod);
}

TEST_F(pod, set_policy_sets_what_is_named)
{
	struct pod *pod = &self->pod;

	check_policy(_metadata, pod);
	EXPECT_EQ(0, pod_set_overdraft(pod, KVM_POD_POLICY_GROW, PAGE));
	EXPECT_EQ(KVM_POD_POLICY_GROW, POD_GET(pod, policy));
	EXPECT_EQ(PAGE, POD_GET(pod, overdraft_max));
	EXPECT_EQ(SIZE - TARGET, POD_GET(pod, grow_max));
	EXPECT_EQ(0, pod_set_grow(pod, KVM_POD_POLICY_WAIT, SIZE));
	EXPECT_EQ(KVM_POD_POLICY_WAIT, POD_GET(pod, policy));
	EXPECT_EQ(PAGE, POD_GET(pod, overdraft_max));
	EXPECT_EQ(SIZE, POD_GET(pod, grow_max));
	EXPECT_EQ(0, pod_set_grow(pod, KVM_POD_POLICY_FAIL, 0));
	EXPECT_EQ(0, POD_GET(pod, grow_max));
	EXPECT_EQ(0, pod_set_policy(pod, KVM_POD_POLICY_WAIT));
	EXPECT_EQ(0, POD_GET(pod, grow_max));
	EXPECT_EQ(PAGE, POD_GET(pod, overdraft_max));
}

/* The same by sysfs, by names. */
TEST_F(pod, policy_by_sysfs)
{
	const char *names[] = { "wait", "grow", "fail" };
	struct pod *pod = &self->pod;
	char path[128], text[32];
	int i;

	snprintf(path, sizeof(path), "/sys/class/kvm-pod/pod%u/policy", pod->id);
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		EXPECT_EQ(0, pod_attr_write(pod, "policy", names[i]));
		ASSERT_EQ(0, file_read(path, text, sizeof(text)));
		EXPECT_STREQ(names[i], text);
		EXPECT_EQ(i, POD_GET(pod, policy));
	}
	EXPECT_EQ(-EINVAL, pod_attr_write(pod, "policy", "hope\n"));
	EXPECT_EQ(KVM_POD_POLICY_FAIL, POD_GET(pod, policy));
}

TEST_F(pod, limits_by_sysfs)
{
	const char *names[] = { "overdraft_max", "grow_max" };
	const char *bad[] = { "1", "4097", "-4096", "16781312", "x" };
	struct pod *pod = &self->pod;
	int i, j;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		EXPECT_EQ(0, pod_attr_write(pod, names[i], "1048576\n"));
		for (j = 0; j < ARRAY_SIZE(bad); j++)
			EXPECT_GT(0, pod_attr_write(pod, names[i], bad[j]));
		EXPECT_EQ(MiB, pod_attr(pod, names[i]));
	}
	EXPECT_EQ(MiB, POD_GET(pod, overdraft_max));
	EXPECT_EQ(MiB, POD_GET(pod, grow_max));
	EXPECT_EQ(KVM_POD_POLICY_WAIT, POD_GET(pod, policy));
}

TEST_F(pod, read_events_refuses)
{
	struct kvm_pod_event event;
	struct kvm_pod_read_events r = {
		.size = sizeof(r), .nr_events = 1,
		.events_ptr = (uintptr_t)&event,
	};
	int fd = self->pod.fd;

	r.flags = 1;
	EXPECT_EQ(EOPNOTSUPP, call(fd, KVM_POD_READ_EVENTS, &r));
	r.flags = 0;
	r.__reserved = 1;
	EXPECT_EQ(EOPNOTSUPP, call(fd, KVM_POD_READ_EVENTS, &r));
	r.__reserved = 0;
	r.nr_events = 0;
	EXPECT_EQ(EINVAL, call(fd, KVM_POD_READ_EVENTS, &r));
	r.nr_events = 1;
	r.size = 8;
	EXPECT_EQ(EINVAL, call(fd, KVM_POD_READ_EVENTS, &r));
	EXPECT_EQ(EFAULT, call(fd, KVM_POD_READ_EVENTS, (void *)8));
}

TEST_HARNESS_MAIN
