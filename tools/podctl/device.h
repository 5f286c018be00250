/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The calls of /dev/kvm-pod, with sentences for what can go wrong.
 */
#ifndef PODCTL_DEVICE_H
#define PODCTL_DEVICE_H

#include <stdint.h>

#include "opts.h"

struct pod {
	int fd;		/* the pod file; the pod lives while one is open */
	uint32_t id;	/* N of /sys/class/kvm-pod/pod<N> */
};

/*
 * Makes a pod as @opts says, or ends the program with a sentence.
 * @open_flags is O_CLOEXEC or 0.
 */
struct pod pod_create(const struct pod_opts *opts, uint32_t open_flags);

#endif /* PODCTL_DEVICE_H */
