// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_POD_CREATE, each fault of it in turn: all or nothing. And the end of a
 * pod, which never fails.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pod_test.h"
#include "sequence.h"

SEQUENCE_FIXTURE

#define SIZE		(4 * MiB)
/* The float alone are 512 allocations. */
#define CREATE_TIMEOUT	3000

/* The lowest free descriptor: whether one was left behind. */
static int next_fd(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

static bool all_gone(long long pods, long long owned)
{
	return pod_class_attr("pods") == pods &&
	       pod_class_attr("total_owned") == owned;
}

/* A fault may have cost it its directory in debugfs, which is for people. */
static const char *has_audit(const struct pod *pod)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/kernel/debug/kvm-pod/pod%u/audit",
		 pod->id);
	return access(path, R_OK) ? NULL : pod_healthy(pod);
}

static const char *works(struct pod *pod, bool hit)
{
	u8 *mem = map_aligned(pod->fd, 0, pod->size, PROT_READ | PROT_WRITE);
	const char *bad;

	if (!mem)
		return "it cannot be mapped";
	fill(mem, REGION, 1);
	bad = mismatch(mem, REGION, 1) == -1 ? NULL : "it forgets";
	munmap(mem, pod->size);
	if (bad)
		return bad;
	return hit ? has_audit(pod) : pod_healthy(pod);
}

static const char *judge(struct pod *pod, bool hit, enum inject_kind kind)
{
	const char *bad;

	if (pod->fd < 0 && !hit)
		return wrong("without a fault: %s", strerror(-pod->fd));
	if (pod->fd >= 0) {
		bad = works(pod, hit);
		close(pod->fd);
		return bad;
	}
	note_error();
	if (-pod->fd == (kind == INJECT_COPY ? EFAULT : ENOMEM))
		return NULL;
	return wrong("it returned %s", strerror(-pod->fd));
}

/**
 * struct creation - a way to create
 * @args: for the call
 * @kind: of faults
 */
struct creation {
	struct kvm_pod_create args;
	enum inject_kind kind;
};

static const char *create_one(const void *arg, unsigned int nth, bool *hit)
{
	const struct creation *c = arg;
	struct kvm_pod_create args = c->args;
	long long pods = pod_class_attr("pods");
	long long owned = pod_class_attr("total_owned");
	struct pod pod = { .size = args.memory_size };
	int fd = next_fd();
	const char *bad;

	if (nth)
		inject_arm(nth);
	pod.fd = pod_create(&args);
	if (nth)
		*hit = inject_disarm();
	pod.id = args.out_id;
	bad = judge(&pod, *hit, c->kind);
	if (bad)
		return bad;
	if (next_fd() != fd)
		return "a descriptor is left that the caller does not know of";
	return POD_WAIT(all_gone(pods, owned)) ? NULL : "something is left";
}

static const char *create(const char *name, enum inject_kind kind,
			  const struct kvm_pod_create *args)
{
	struct creation c = { *args, kind };

	return each_fault(name, create_one, &c);
}

TEST_F_TIMEOUT(faults, plain, CREATE_TIMEOUT)
{
	struct kvm_pod_create args = pod_create_args(SIZE, REGION);

	ASSERT_GOOD(create("create", variant->kind, &args));
}

TEST_F_TIMEOUT(faults, pinnable, CREATE_TIMEOUT)
{
	struct kvm_pod_create args = pod_create_args(SIZE, SIZE);

	args.flags = KVM_POD_F_PINNABLE;
	ASSERT_GOOD(create("create a pinnable pod", variant->kind, &args));
}

TEST_F_TIMEOUT(faults, on_node, CREATE_TIMEOUT)
{
	struct kvm_pod_create args = pod_create_args(SIZE, SIZE);
	u64 nodes = 1;

	args.flags = KVM_POD_F_PINNABLE;
	args.node_mask_ptr = (uintptr_t)&nodes;
	args.node_mask_words = 1;
	strcpy(args.label, "label");
	ASSERT_GOOD(create("create on a node", variant->kind, &args));
}

/* A pod in all states that there are. */
static const char *busy_pod(struct pod *pod)
{
	const char *bad = pod_begin(pod, 16 * MiB, 8 * MiB);

	if (bad)
		return bad;
	fill(pod->mem, 4 * MiB, 1);
	if (pod_inflate(pod, 0, 5 * PAGE) || pod_inflate(pod, 8 * MiB, PAGE) ||
	    pod_punch(pod, REGION, REGION))
		return "cannot discard";
	if (try_write(pod->mem + 8 * MiB, 1) || try_read(pod->mem + 12 * MiB))
		return "cannot touch";
	return NULL;
}

/* The kernel may need memory to unmap: then that is done again. */
static int end_pod(const struct pod *pod, unsigned int nth, bool *hit)
{
	int ret;

	if (nth)
		inject_arm(nth);
	ret = munmap(pod->mem, pod->size) ? -errno : 0;
	if (close(pod->fd))
		ret = -EBADF;
	if (nth)
		*hit = inject_disarm();
	if (ret != -ENOMEM || !*hit)
		return ret;
	note_error();
	return munmap(pod->mem, pod->size) ? -errno : 0;
}

static const char *end_one(const void *arg, unsigned int nth, bool *hit)
{
	struct pod pod;
	const char *bad = busy_pod(&pod);
	int ret;

	if (bad)
		return bad;
	ret = end_pod(&pod, nth, hit);
	if (ret)
		return wrong("munmap or close: %s", strerror(-ret));
	return pod_gone(pod.id);
}

TEST_F_TIMEOUT(faults, end, SEQUENCE_TIMEOUT)
{
	ASSERT_GOOD(each_fault("the end of a pod", end_one, NULL));
}

static void child_with_pod(enum inject_kind kind, unsigned int nth)
{
	struct pod pod;

	if (busy_pod(&pod) || inject_begin(kind))
		_exit(1);
	if (nth)
		inject_arm(nth);
	_exit(0);
}

/* How many more faults the thread, which has ended, would have needed. */
static bool was_hit(pid_t child)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fail-nth", child);
	return !file_number(path);
}

static const char *exit_one(const void *arg, unsigned int nth, bool *hit)
{
	const enum inject_kind *kind = arg;
	long long pods = pod_class_attr("pods");
	long long owned = pod_class_attr("total_owned");
	pid_t child = fork();
	siginfo_t info;

	if (!child)
		child_with_pod(*kind, nth);
	if (waitid(P_PID, child, &info, WEXITED | WNOWAIT))
		return wrong("waitid: %s", strerror(errno));
	*hit = nth && was_hit(child);
	waitpid(child, NULL, 0);
	if (info.si_code != CLD_EXITED || info.si_status)
		return wrong("it ended with %d", info.si_status);
	return POD_WAIT(all_gone(pods, owned)) ? NULL : "something is left";
}

/* As a VMM ends that was killed. */
TEST_F_TIMEOUT(faults, exit, SEQUENCE_TIMEOUT)
{
	ASSERT_GOOD(each_fault("exit", exit_one, &variant->kind));
}

TEST_HARNESS_MAIN
