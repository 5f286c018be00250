/* SPDX-License-Identifier: GPL-2.0-only */
/* Creations that may be refused for what the creator may have. */
#ifndef POD_SELFTEST_ATTEMPT_H
#define POD_SELFTEST_ATTEMPT_H

#include "pod.h"

/**
 * struct attempt - one creation, mostly in a child
 * @dev: /dev/kvm-pod
 * @size: of the pod
 * @target: 0 = @size
 * @memlock: RLIMIT_MEMLOCK to set before, or 0
 * @flags: KVM_POD_F_*
 * @fd: the pod file, if it worked
 */
struct attempt {
	int dev;
	u64 size;
	u64 target;
	u64 memlock;
	unsigned int flags;
	int fd;
};

/* Errno of KVM_POD_CREATE, 0 if it worked. @arg: struct attempt. */
int try_create(void *arg);
/* The same, with no descriptor left for the pod file. */
int try_create_without_descriptor(void *arg);

/* A line of /proc/meminfo, in bytes. */
long long meminfo(const char *name);
/* MemAvailable, with what was freed and each CPU keeps for a while. */
long long available(void);

#endif /* POD_SELFTEST_ATTEMPT_H */
