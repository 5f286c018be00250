// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who may do what: a user without the device, one in a user namespace, one who
 * was given a descriptor, and what each of them gets to know.
 * Documentation/security.rst has the table.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "attempt.h"
#include "pod_test.h"

#define SIZE	(16 * MiB)
#define TARGET	(8 * MiB)
#define RW	(PROT_READ | PROT_WRITE)
#define NOBODY	65534
#define OTHER	65533
#define CLASS	"/sys/class/kvm-pod"
#define DEBUG	"/sys/kernel/debug/kvm-pod"
#define PARAMS	"/sys/module/kvm_pod/parameters"

POD_FIXTURE(SIZE, TARGET)

static int open_fails_with(void *arg)
{
	int fd = open(arg, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? errno : 0;
}

static int write_fails_with(void *arg)
{
	int fd = open(arg, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? errno : 0;
}

#define AS_NOBODY(fn, path) run_as(NOBODY, fn, (void *)(path))

TEST_F(pod, device_is_not_for_all)
{
	struct stat st;

	ASSERT_EQ(0, stat("/dev/kvm-pod", &st));
	EXPECT_EQ(S_IFCHR | 0660, st.st_mode);
	EXPECT_EQ(EACCES, AS_NOBODY(open_fails_with, "/dev/kvm-pod"));
	EXPECT_EQ(EACCES, AS_NOBODY(write_fails_with, "/dev/kvm-pod"));
}

/* Files of @dir that are neither @plain nor, being @special, @mode. */
static int odd_modes(struct __test_metadata *_metadata, const char *dir,
		     unsigned int plain, const char *const *special,
		     unsigned int mode)
{
	struct dirent *entry;
	DIR *d = opendir(dir);
	char path[512];
	unsigned int want;
	struct stat st;
	int i, odd = 0;

	while (d && (entry = readdir(d))) {
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		if (lstat(path, &st) || !S_ISREG(st.st_mode))
			continue;
		for (want = plain, i = 0; special[i]; i++)
			if (!strcmp(special[i], entry->d_name))
				want = mode;
		if ((st.st_mode & 07777) == want && !st.st_uid)
			continue;
		TH_LOG("%s has mode %o", path, st.st_mode);
		odd++;
	}
	if (d)
		closedir(d);
	return d ? odd : -1;
}

TEST_F(pod, modes_of_files)
{
	static const char *const writable[] = {
		"target", "policy", "low_mark", "overdraft_max", "grow_max",
		"uevent", NULL,
	};
	static const char *const none[] = { NULL };
	char path[64];

	snprintf(path, sizeof(path), CLASS "/pod%u", self->pod.id);
	EXPECT_EQ(0, odd_modes(_metadata, path, 0444, writable, 0644));
	EXPECT_EQ(0, odd_modes(_metadata, CLASS, 0444, none, 0));
	EXPECT_EQ(0, odd_modes(_metadata, PARAMS, 0644, none, 0));
	snprintf(path, sizeof(path), DEBUG "/pod%u", self->pod.id);
	EXPECT_EQ(0, odd_modes(_metadata, path, 0400, none, 0));
}

/* Figures are for all to read, changing them is not. */
TEST_F(pod, sysfs_of_others)
{
	char path[64];

	snprintf(path, sizeof(path), CLASS "/pod%u/owned", self->pod.id);
	EXPECT_EQ(0, AS_NOBODY(open_fails_with, path));
	snprintf(path, sizeof(path), CLASS "/pod%u/target", self->pod.id);
	EXPECT_EQ(0, AS_NOBODY(open_fails_with, path));
	EXPECT_EQ(EACCES, AS_NOBODY(write_fails_with, path));
	snprintf(path, sizeof(path), CLASS "/pod%u/policy", self->pod.id);
	EXPECT_EQ(EACCES, AS_NOBODY(write_fails_with, path));
	EXPECT_EQ(EACCES, AS_NOBODY(write_fails_with, PARAMS "/limit_mb"));
	snprintf(path, sizeof(path), DEBUG "/pod%u/audit", self->pod.id);
	EXPECT_EQ(EACCES, AS_NOBODY(open_fails_with, path));
	snprintf(path, sizeof(path), DEBUG "/pod%u/map", self->pod.id);
	EXPECT_EQ(EACCES, AS_NOBODY(open_fails_with, path));
	EXPECT_NE(0, AS_NOBODY(open_fails_with, "/proc/kpageflags"));
	EXPECT_NE(0, AS_NOBODY(open_fails_with,
			       "/sys/kernel/tracing/events/kvm_pod/enable"));
}

/* Ways to another user's pod; each must end with what is named. */
static int reach_fails_with(const struct pod *pod)
{
	char path[64], byte;
	struct iovec here = { &byte, 1 }, there = { pod->mem, 1 };
	pid_t owner = getppid();
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", owner, pod->fd);
	if (open(path, O_RDONLY) >= 0 || errno != EACCES)
		return 1;
	snprintf(path, sizeof(path), "/proc/%d/mem", owner);
	if (open(path, O_RDONLY) >= 0 || errno != EACCES)
		return 2;
	if (process_vm_readv(owner, &here, 1, &there, 1, 0) >= 0 ||
	    errno != EPERM)
		return 3;
	fd = syscall(SYS_pidfd_open, owner, 0);
	if (syscall(SYS_pidfd_getfd, fd, pod->fd, 0) >= 0 || errno != EPERM)
		return 4;
	return 0;
}

/* As a child has it: the descriptor is inherited, and closed first. */
static int reach(void *arg)
{
	const struct pod *pod = arg;

	close(pod->fd);
	return reach_fails_with(pod);
}

TEST_F(pod, out_of_reach_of_other_users)
{
	EXPECT_EQ(0, run_as(NOBODY, reach, &self->pod));
}

static int write_map(const char *name, unsigned int id)
{
	char path[64], text[64];

	snprintf(path, sizeof(path), "/proc/self/%s", name);
	snprintf(text, sizeof(text), "0 %u 1", id);
	return file_write(path, text);
}

/* Root of a user namespace: all capabilities, but none that counts here. */
static int create_as_namespace_root(void *arg)
{
	prctl(PR_SET_DUMPABLE, 1);
	if (unshare(CLONE_NEWUSER))
		return 97;
	file_write("/proc/self/setgroups", "deny");
	if (write_map("uid_map", NOBODY) || write_map("gid_map", NOBODY) ||
	    getuid())
		return 96;
	return try_create(arg);
}

TEST_F(pod, user_namespace_gives_no_right)
{
	struct attempt a = { .size = SIZE, .target = TARGET,
			     .memlock = 64 * 1024 };
	int ret;

	a.dev = open("/dev/kvm-pod", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, a.dev);
	ret = run_as(NOBODY, create_as_namespace_root, &a);
	close(a.dev);
	if (ret == 97)
		SKIP(return, "no user namespaces for ordinary users");
	EXPECT_EQ(ENOMEM, ret);
}

/* What pagemap says of a page to whom has no right to know: no frame. */
static int sees_frame(void *arg)
{
	const struct pod *pod = arg;
	off_t at = (uintptr_t)pod->mem / PAGE * 8;
	u64 word;
	int fd;

	prctl(PR_SET_DUMPABLE, 1);
	/* VM_DONTCOPY: the child has its mapping where it put it. */
	if (mmap(pod->mem, REGION, RW, MAP_SHARED | MAP_FIXED, pod->fd, 0) ==
	    MAP_FAILED || try_write(pod->mem, 1))
		return 2;
	fd = open("/proc/self/pagemap", O_RDONLY);
	if (pread(fd, &word, 8, at) != 8)
		return 3;
	if (!(word >> 63))
		return 4;
	return word & ((1ULL << 55) - 1) ? 5 : 0;
}

TEST_F(pod, no_frame_numbers)
{
	self->pod.mem[0] = 1;
	EXPECT_NE(0, page_frame(self->pod.mem));
	EXPECT_EQ(0, run_as(NOBODY, sees_frame, &self->pod));
}

static int reopen(const struct pod *pod, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", pod->fd);
	return open(path, flags | O_CLOEXEC);
}

#define EXPECT_REFUSED(error, expr) do {				\
	errno = 0;							\
	EXPECT_EQ(-1, (expr));						\
	EXPECT_EQ(error, errno);					\
} while (0)

/* Who has it read-only sees all and changes nothing. */
TEST_F(pod, read_only_descriptor)
{
	struct kvm_pod_sweep sweep = { .size = sizeof(sweep) };
	struct kvm_pod_set_policy policy = { .size = sizeof(policy) };
	int fd = reopen(&self->pod, O_RDONLY);
	u8 *mem = map_aligned(fd, 0, SIZE, PROT_READ);
	struct pod ro = { .fd = fd, .size = SIZE };
	struct kvm_pod_event event;

	ASSERT_NE(NULL, mem);
	EXPECT_REFUSED(EBADF, ioctl(fd, KVM_POD_SWEEP, &sweep));
	EXPECT_REFUSED(EBADF, ioctl(fd, KVM_POD_SET_POLICY, &policy));
	EXPECT_EQ(EBADF, posix_fadvise(fd, 0, SIZE, POSIX_FADV_WILLNEED));
	EXPECT_REFUSED(EBADF, readahead(fd, 0, SIZE));
	EXPECT_REFUSED(EACCES, madvise(mem, SIZE, MADV_REMOVE));
	EXPECT_REFUSED(EBADF, pwrite(fd, "x", 1, 0));
	EXPECT_REFUSED(EINVAL, ftruncate(fd, SIZE));
	EXPECT_NE(0, madvise(mem, SIZE, MADV_POPULATE_WRITE));
	EXPECT_EQ(0, madvise(mem, SIZE, MADV_POPULATE_READ));
	EXPECT_EQ(0, POD_GET(&ro, populated));
	EXPECT_LE(0, pod_read_events(fd, &event, 1, NULL));
	munmap(mem, SIZE);
	close(fd);
}

/* Only the modes of the file keep a reader from reopening it for writing. */
static int reopen_for_writing_fails_with(void *arg)
{
	return reopen(arg, O_RDWR) < 0 ? errno : 0;
}

TEST_F(pod, read_only_for_whom)
{
	struct pod ro = { .fd = reopen(&self->pod, O_RDONLY) };
	struct stat st;

	ASSERT_EQ(0, fstat(ro.fd, &st));
	EXPECT_EQ(S_IFREG | 0600, st.st_mode);
	EXPECT_EQ(0, run_child(reopen_for_writing_fails_with, &ro));
	EXPECT_EQ(EACCES, run_as(OTHER, reopen_for_writing_fails_with, &ro));
	close(ro.fd);
}

/* A descriptor is all that it takes, whoever it was passed to. */
static int use_as_other(void *arg)
{
	const struct pod *pod = arg;
	u8 *mem = map_aligned(pod->fd, 0, SIZE, RW);

	if (!mem || try_write(mem, 1))
		return 1;
	if (pod_punch(pod, 0, REGION) || pod_set_target(pod, REGION, NULL))
		return 2;
	/* But more than his limit is not for him to charge to the maker. */
	return pod_set_target(pod, SIZE, NULL) == -ENOMEM ? 0 : 3;
}

TEST_F(pod, passed_descriptor)
{
	EXPECT_EQ(0, run_as(OTHER, use_as_other, &self->pod));
	EXPECT_TRUE(POD_WAIT(POD_GET(&self->pod, owned) == REGION));
}

/* Every byte that comes back is the module's to have written. */
TEST_F(pod, no_stray_bytes)
{
	struct kvm_pod_event event[4];
	struct kvm_pod_query q;
	int i, nr;

	memset(event, 0xa5, sizeof(event));
	EXPECT_EQ(0, pod_set_policy(&self->pod, KVM_POD_POLICY_FAIL));
	fill(self->pod.mem, TARGET, 1);
	EXPECT_EQ(SIGBUS, try_write(self->pod.mem + TARGET, 1));
	ASSERT_TRUE(POD_WAIT((nr = pod_read_events(self->pod.fd, event, 4,
						   NULL)) > 0));
	for (i = 0; i < nr; i++)
		EXPECT_EQ(0, event[i].__reserved);
	for (i = nr; i < 4; i++)
		EXPECT_EQ(0xa5a5a5a5, event[i].__reserved);
	memset(&q, 0xa5, sizeof(q));
	q.size = sizeof(q);
	q.flags = 0;
	ASSERT_EQ(0, ioctl(self->pod.fd, KVM_POD_QUERY, &q));
	for (i = 0; i < sizeof(q); i++)
		EXPECT_NE(0xa5, ((u8 *)&q)[i]);
}

TEST_HARNESS_MAIN
