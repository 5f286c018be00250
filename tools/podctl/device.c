// SPDX-License-Identifier: GPL-2.0-only
/*
 * The calls of /dev/kvm-pod, with sentences for what can go wrong.
 */
#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm_pod.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "podctl.h"
#include "policy.h"
#include "size.h"

/* podctl's tests build with another path. */
#ifndef POD_DEVICE
#define POD_DEVICE "/dev/kvm-pod"
#endif

static int open_device(void)
{
	int fd = open(POD_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	switch (errno) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		podctl_die(PODCTL_NO_DEVICE,
			   "there is no " POD_DEVICE "; load the module with 'modprobe kvm-pod'");
	case EACCES:
	case EPERM:
		podctl_die(PODCTL_NO_RIGHT,
			   "no right to open " POD_DEVICE "; it is for root and the group kvm");
	default:
		podctl_die(PODCTL_FAILED, "cannot open " POD_DEVICE ": %s",
			   strerror(errno));
	}
}

/*
 * Root is not held to RLIMIT_MEMLOCK (CAP_IPC_LOCK); for anybody else it is
 * the limit that is met first, as its default is 8 MiB.
 */
static bool memlock_is_too_low(uint64_t target)
{
	struct rlimit limit;

	return geteuid() && !getrlimit(RLIMIT_MEMLOCK, &limit) &&
	       limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < target;
}

static noreturn void die_no_memory(const struct pod_opts *opts)
{
	char target[SIZE_TEXT_LEN];

	size_format(opts->target, target);
	if (memlock_is_too_low(opts->target))
		podctl_die(PODCTL_NO_MEMORY,
			   "a target of %s is above your limit of locked memory; raise it ('ulimit -l')",
			   target);
	podctl_die(PODCTL_NO_MEMORY,
		   "the host does not give %s: too little free memory, or a limit of the memory cgroup, of locked memory ('ulimit -l') or of the module (limit_mb)",
		   target);
}

static noreturn void die_create(const struct pod_opts *opts, int error)
{
	switch (error) {
	case ENOMEM:
		die_no_memory(opts);
	case EPERM:
	case EACCES:
		podctl_die(PODCTL_NO_RIGHT, "no right to make a pod: %s",
			   strerror(error));
	case ENOTTY:
		podctl_die(PODCTL_NO_DEVICE,
			   POD_DEVICE " does not know how to make a pod; is it kvm-pod's?");
	case EOPNOTSUPP:
		/* Any that has pinnable pods has all of the policies. */
		if (opts->pinnable)
			podctl_die(PODCTL_FAILED,
				   "this version of kvm-pod has no pinnable pods");
		podctl_die(PODCTL_FAILED,
			   "this version of kvm-pod has no policy '%s'",
			   policy_name(opts->policy));
	case EINVAL:
		podctl_die(PODCTL_FAILED,
			   "kvm-pod refuses these values: %s",
			   opts->nodes.words ?
			   "a node does not exist or has no memory, or the size is too large" :
			   "the size is too large");
	case EINTR:
		podctl_die(PODCTL_FAILED, "interrupted; no pod was made");
	default:
		podctl_die(PODCTL_FAILED, "cannot make a pod: %s",
			   strerror(error));
	}
}

struct pod pod_create(const struct pod_opts *opts, uint32_t open_flags)
{
	struct kvm_pod_create create = {
		.size = sizeof(create),
		.flags = opts->pinnable ? KVM_POD_F_PINNABLE : 0,
		.memory_size = opts->size,
		.target = opts->target,
		.policy = opts->policy,
		.open_flags = open_flags,
		.node_mask_words = opts->nodes.words,
	};
	int device = open_device();

	if (opts->nodes.words)
		create.node_mask_ptr = (uintptr_t)opts->nodes.mask;
	snprintf(create.label, sizeof(create.label), "%s", opts->label);
	if (ioctl(device, KVM_POD_CREATE, &create))
		die_create(opts, errno);
	close(device);
	return (struct pod){ .fd = create.out_fd, .id = create.out_id };
}
