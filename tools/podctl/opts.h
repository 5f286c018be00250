/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The options that describe a new pod, common to "create" and "run".
 */
#ifndef PODCTL_OPTS_H
#define PODCTL_OPTS_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#include "nodes.h"

struct pod_opts {
	uint64_t size;		/* bytes, 0 = not given */
	uint64_t target;	/* bytes, 0 = not given */
	bool pinnable;		/* devices may pin it, and it never moves */
	uint32_t policy;	/* enum kvm_pod_policy */
	const char *label;	/* "" = none */
	struct nodes nodes;
};

/*
 * An argp parser to be used as a child; its input is a struct pod_opts, which
 * it fills with defaults first. It has checked all that can be checked
 * without the kernel when it is done.
 */
extern const struct argp pod_opts_argp;

#endif /* PODCTL_OPTS_H */
