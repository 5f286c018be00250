/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * NUMA node lists as numactl and cpusets write them.
 */
#ifndef PODCTL_NODES_H
#define PODCTL_NODES_H

#include <stdbool.h>
#include <stdint.h>

#define NODES_MAX	1024
#define NODES_WORDS	(NODES_MAX / 64)

/* Bit n of word n / 64 = node n, as struct kvm_pod_create wants it. */
struct nodes {
	uint64_t mask[NODES_WORDS];
	unsigned int words;	/* words up to the highest node; 0 = no list */
};

/* Reads "0", "0,2" or "0-1,4". Returns false if @text is anything else. */
bool nodes_parse(const char *text, struct nodes *nodes);

#endif /* PODCTL_NODES_H */
