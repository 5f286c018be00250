// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "bound.h"

#include <stdio.h>
#include <string.h>

static u64 higher(u64 a, u64 b)
{
	return a > b ? a : b;
}

static void sample(struct bound *b)
{
	struct kvm_pod_query q;

	pod_must(pod_query(b->pod, &q), "KVM_POD_QUERY");
	b->samples++;
	b->most_owned = higher(b->most_owned, q.out_owned);
	b->most_overdraft = higher(b->most_overdraft, q.out_overdraft);
	if (b->is_broken)
		return;
	if (q.out_owned > q.out_target + q.out_overdraft + q.out_to_shrink ||
	    q.out_overdraft > b->limit) {
		b->broken = q;
		b->is_broken = true;
	}
}

static long look(void *arg)
{
	struct bound *b = arg;

	while (!__atomic_load_n(&b->stop, __ATOMIC_RELAXED)) {
		sample(b);
		pod_sleep_ms(1);
	}
	return 0;
}

void bound_start(struct bound *b, const struct pod *pod, u64 limit)
{
	memset(b, 0, sizeof(*b));
	b->pod = pod;
	b->limit = limit;
	job_start(&b->job, look, b);
}

const char *bound_stop(struct bound *b)
{
	static char text[256];

	__atomic_store_n(&b->stop, true, __ATOMIC_RELAXED);
	if (!job_wait(&b->job))
		return "the sampler does not stop";
	sample(b);
	if (!b->is_broken)
		return NULL;
	snprintf(text, sizeof(text),
		 "owned %llu, target %llu, overdraft %llu of %lu, to_shrink %llu",
		 b->broken.out_owned, b->broken.out_target,
		 b->broken.out_overdraft, b->limit, b->broken.out_to_shrink);
	return text;
}
