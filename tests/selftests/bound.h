/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A thread that looks, all the time, whether a pod keeps within its bounds:
 * owned <= target + overdraft + to_shrink, and the overdraft within its limit.
 */
#ifndef POD_SELFTEST_BOUND_H
#define POD_SELFTEST_BOUND_H

#include "pod.h"
#include "touch.h"

/**
 * struct bound - the thread and what it saw
 * @pod: whose figures
 * @limit: what the overdraft must not exceed, in bytes
 * @stop: end it
 * @samples: how often it looked
 * @most_owned: the highest owned of all samples, in bytes
 * @most_overdraft: the highest overdraft
 * @broken: the first sample that broke a bound, if @is_broken
 */
struct bound {
	struct job job;
	const struct pod *pod;
	u64 limit;
	bool stop;
	unsigned long samples;
	u64 most_owned;
	u64 most_overdraft;
	struct kvm_pod_query broken;
	bool is_broken;
};

void bound_start(struct bound *b, const struct pod *pod, u64 limit);
/* NULL, or what was out of bounds. */
const char *bound_stop(struct bound *b);

#endif /* POD_SELFTEST_BOUND_H */
