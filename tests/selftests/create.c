// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_POD_CREATE and KVM_POD_GET_INFO: what they take, what they refuse, and
 * that a refusal leaves nothing behind.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>

#include "pod_test.h"
#include "trace.h"

#define SIZE	(16 * MiB)
#define TARGET	(4 * MiB)

FIXTURE(create) {
	struct kvm_pod_create args;
	int dev;
	long long pods;
	long long owned;
};

FIXTURE_SETUP(create)
{
	self->args = pod_create_args(SIZE, TARGET);
	self->dev = open("/dev/kvm-pod", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->dev);
	self->pods = pod_class_attr("pods");
	self->owned = pod_class_attr("total_owned");
	ASSERT_LE(0, self->pods);
	ASSERT_LE(0, self->owned);
}

FIXTURE_TEARDOWN(create)
{
	close(self->dev);
	EXPECT_TRUE(POD_WAIT(pod_class_attr("pods") == self->pods));
	EXPECT_TRUE(POD_WAIT(pod_class_attr("total_owned") == self->owned));
}

/* 0 or errno; closes what it made. */
static int create(int dev, void *args)
{
	struct kvm_pod_create *c = args;

	if (ioctl(dev, KVM_POD_CREATE, c) < 0)
		return errno;
	close(c->out_fd);
	return 0;
}

#define EXPECT_CREATE(expected) EXPECT_EQ(expected, create(self->dev, &self->args))

TEST_F(create, good)
{
	EXPECT_CREATE(0);
}

TEST_F(create, whole_size_as_target)
{
	self->args.target = SIZE;
	EXPECT_CREATE(0);
}

TEST_F(create, smallest)
{
	self->args.memory_size = REGION;
	self->args.target = REGION;
	EXPECT_CREATE(0);
}

TEST_F(create, target_of_odd_pages)
{
	self->args.target = 3 * MiB + PAGE;
	EXPECT_CREATE(0);
}

TEST_F(create, unknown_flags)
{
	self->args.flags = KVM_POD_F_PINNABLE << 1;
	EXPECT_CREATE(EOPNOTSUPP);
	self->args.flags = 1U << 31;
	EXPECT_CREATE(EOPNOTSUPP);
}

TEST_F(create, reserved_field)
{
	self->args.__reserved = 1;
	EXPECT_CREATE(EOPNOTSUPP);
}

TEST_F(create, bad_memory_size)
{
	const u64 bad[] = { 0, PAGE, MiB, SIZE + MiB, SIZE + 1, ~0ULL,
			    1ULL << 63 };
	int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		self->args.memory_size = bad[i];
		EXPECT_CREATE(EINVAL) {
			TH_LOG("memory_size %#lx", bad[i]);
		}
	}
}

TEST_F(create, oversize)
{
	struct kvm_pod_info info = { .size = sizeof(info) };

	ASSERT_EQ(0, ioctl(self->dev, KVM_POD_GET_INFO, &info));
	ASSERT_EQ(0, info.out_max_size % REGION);
	self->args.memory_size = info.out_max_size + REGION;
	EXPECT_CREATE(EINVAL);
}

TEST_F(create, bad_target)
{
	const u64 bad[] = { 0, PAGE, REGION - PAGE, TARGET + 1, SIZE + PAGE,
			    ~0ULL, ~0ULL - PAGE + 1 };
	int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		self->args.target = bad[i];
		EXPECT_CREATE(EINVAL) {
			TH_LOG("target %#lx", bad[i]);
		}
	}
}

TEST_F(create, policies)
{
	struct kvm_pod_info info = { .size = sizeof(info) };
	unsigned int policy;

	ASSERT_EQ(0, ioctl(self->dev, KVM_POD_GET_INFO, &info));
	for (policy = 0; policy < 3; policy++) {
		self->args.policy = policy;
		EXPECT_CREATE(info.out_features & 1ULL << policy ? 0 :
								   EOPNOTSUPP) {
			TH_LOG("policy %u, features %#llx", policy,
			       info.out_features);
		}
	}
	self->args.policy = 3;
	EXPECT_CREATE(EOPNOTSUPP);
	self->args.policy = ~0U;
	EXPECT_CREATE(EOPNOTSUPP);
}

TEST_F(create, open_flags)
{
	int with, without;

	ASSERT_EQ(0, ioctl(self->dev, KVM_POD_CREATE, &self->args));
	with = fcntl(self->args.out_fd, F_GETFD);
	close(self->args.out_fd);
	self->args.open_flags = 0;
	ASSERT_EQ(0, ioctl(self->dev, KVM_POD_CREATE, &self->args));
	without = fcntl(self->args.out_fd, F_GETFD);
	EXPECT_EQ(O_RDWR, fcntl(self->args.out_fd, F_GETFL) & O_ACCMODE);
	close(self->args.out_fd);
	EXPECT_EQ(FD_CLOEXEC, with);
	EXPECT_EQ(0, without);
	self->args.open_flags = O_NONBLOCK;
	EXPECT_NE(0, create(self->dev, &self->args));
}

TEST_F(create, node_mask)
{
	__u64 mask[16] = { 1 };

	self->args.node_mask_ptr = (uintptr_t)mask;
	self->args.node_mask_words = 1;
	EXPECT_CREATE(0);
	self->args.node_mask_words = ARRAY_SIZE(mask);
	EXPECT_CREATE(0);
	mask[0] = 0;
	EXPECT_CREATE(EINVAL);
	mask[0] = 1 | 1ULL << 63;
	EXPECT_CREATE(EINVAL);
	mask[0] = 1;
	mask[15] = 1ULL << 63;
	EXPECT_CREATE(EINVAL);
	self->args.node_mask_ptr = 8;
	EXPECT_CREATE(EFAULT);
	self->args.node_mask_ptr = 0;
	EXPECT_NE(0, create(self->dev, &self->args));
	self->args.node_mask_ptr = (uintptr_t)mask;
	self->args.node_mask_words = ~0U;
	EXPECT_NE(0, create(self->dev, &self->args));
}

TEST_F(create, label)
{
	char path[64], text[80];

	memset(self->args.label, 'x', KVM_POD_LABEL_LEN);
	EXPECT_CREATE(EINVAL);
	self->args.label[KVM_POD_LABEL_LEN - 1] = '\0';
	EXPECT_CREATE(0);
	strcpy(self->args.label, "new\nline");
	EXPECT_CREATE(EINVAL);
	strcpy(self->args.label, "\xc3\xa9");
	EXPECT_CREATE(EINVAL);
	strcpy(self->args.label, "web server 3");
	ASSERT_EQ(0, ioctl(self->dev, KVM_POD_CREATE, &self->args));
	snprintf(path, sizeof(path), "/sys/class/kvm-pod/pod%u/label",
		 self->args.out_id);
	EXPECT_EQ(0, file_read(path, text, sizeof(text)));
	EXPECT_STREQ("web server 3", text);
	close(self->args.out_fd);
}

TEST_F(create, struct_too_small)
{
	const unsigned int bad[] = { 0, 4, 8, 16, 24, 31 };
	int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		self->args.size = bad[i];
		EXPECT_CREATE(EINVAL) {
			TH_LOG("struct size %u", bad[i]);
		}
	}
}

TEST_F(create, struct_larger_than_known)
{
	struct {
		struct kvm_pod_create args;
		char more[64];
	} big = { .args = self->args };

	big.args.size = sizeof(big);
	EXPECT_EQ(0, create(self->dev, &big));
	big.more[63] = 1;
	EXPECT_EQ(E2BIG, create(self->dev, &big));
}

TEST_F(create, bad_pointer)
{
	EXPECT_EQ(-1, ioctl(self->dev, KVM_POD_CREATE, NULL));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, ioctl(self->dev, KVM_POD_CREATE, 4096));
	EXPECT_EQ(EFAULT, errno);
}

/* The answer cannot be written: no pod and no descriptor may stay. */
TEST_F(create, answer_not_writable)
{
	struct kvm_pod_create *args = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
					   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int next = dup(self->dev);

	close(next);
	*args = self->args;
	mprotect(args, PAGE, PROT_READ);
	EXPECT_EQ(-1, ioctl(self->dev, KVM_POD_CREATE, args));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(next, dup(self->dev));
}

TEST_F(create, unknown_ioctl)
{
	int fd = pod_create(&self->args);

	ASSERT_LE(0, fd);
	EXPECT_EQ(-1, ioctl(self->dev, _IO(KVM_POD_TYPE, 0xff), 0));
	EXPECT_EQ(ENOTTY, errno);
	EXPECT_EQ(-1, ioctl(self->dev, KVM_POD_QUERY, &self->args));
	EXPECT_EQ(ENOTTY, errno);
	EXPECT_EQ(-1, ioctl(fd, KVM_POD_CREATE, &self->args));
	EXPECT_EQ(ENOTTY, errno);
	EXPECT_EQ(-1, ioctl(fd, _IO(KVM_POD_TYPE, 0xff), 0));
	EXPECT_EQ(ENOTTY, errno);
	close(fd);
}

TEST_F(create, info)
{
	struct kvm_pod_info info = { .size = sizeof(info) };

	ASSERT_EQ(0, ioctl(self->dev, KVM_POD_GET_INFO, &info));
	EXPECT_EQ(KVM_POD_ABI_VERSION, info.out_abi);
	EXPECT_EQ(REGION, info.out_granularity);
	EXPECT_EQ(PAGE, info.out_page_size);
	EXPECT_TRUE(info.out_features & KVM_POD_FEATURE_POLICY_FAIL);
	EXPECT_TRUE(info.out_features & KVM_POD_FEATURE_BALLOON);
	info.flags = 1;
	EXPECT_EQ(-1, ioctl(self->dev, KVM_POD_GET_INFO, &info));
	EXPECT_EQ(EOPNOTSUPP, errno);
	info.flags = 0;
	info.__reserved = 1;
	EXPECT_EQ(-1, ioctl(self->dev, KVM_POD_GET_INFO, &info));
	EXPECT_EQ(EOPNOTSUPP, errno);
	info.__reserved = 0;
	info.size = 4;
	EXPECT_EQ(-1, ioctl(self->dev, KVM_POD_GET_INFO, &info));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(create, new_pod_is_all_reserve)
{
	struct pod pod;
	struct kvm_pod_query q;

	ASSERT_GOOD(pod_begin(&pod, SIZE, TARGET));
	ASSERT_EQ(0, pod_query(&pod, &q));
	EXPECT_EQ(SIZE, q.out_size);
	EXPECT_EQ(TARGET, q.out_target);
	EXPECT_EQ(TARGET, q.out_owned);
	EXPECT_EQ(TARGET, q.out_reserve);
	EXPECT_EQ(SIZE, q.out_outstanding);
	EXPECT_EQ(0, q.out_populated);
	EXPECT_EQ(0, q.out_given);
	EXPECT_EQ(0, q.out_to_shrink);
	EXPECT_EQ(KVM_POD_POLICY_FAIL, q.out_policy);
	EXPECT_EQ(pod.id, q.out_id);
	EXPECT_EQ(getpid(), pod_attr(&pod, "owner_pid"));
	EXPECT_EQ(self->pods + 1, pod_class_attr("pods"));
	EXPECT_LE(self->owned + TARGET, pod_class_attr("total_owned"));
	ASSERT_GOOD(pod_finish(&pod));
}

/* What is populated before anybody can see the pod is the pod's all the same. */
TEST_F(create, traced_as_itself)
{
	struct kvm_pod_create other = self->args;
	int fd, its, others;

	ASSERT_LE(0, pod_create(&other));
	self->args.flags = KVM_POD_F_PINNABLE;
	self->args.target = SIZE;
	ASSERT_EQ(0, trace_populate_begin());
	fd = pod_create(&self->args);
	trace_populate_end(self->args.out_id, &its, &others);
	ASSERT_LE(0, fd);
	EXPECT_LE(SIZE / REGION, its);
	EXPECT_EQ(0, others);
	close(fd);
	close(other.out_fd);
}

TEST_F(create, many_pods)
{
	int fd[16], i;

	for (i = 0; i < 16; i++) {
		self->args.target = REGION;
		fd[i] = pod_create(&self->args);
		ASSERT_LE(0, fd[i]);
	}
	EXPECT_EQ(self->pods + 16, pod_class_attr("pods"));
	for (i = 0; i < 16; i++)
		close(fd[i]);
}

TEST_HARNESS_MAIN
