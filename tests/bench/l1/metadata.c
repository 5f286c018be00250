// SPDX-License-Identifier: GPL-2.0-only
/*
 * The metadata of pods as the kernel itself counts it: all of it is charged to
 * the memory cgroup of who makes the pod, as slab or vmalloc, and a pod's pages
 * are neither. In bytes per GiB of the guest, and what does not grow with it.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cgroup.h"
#include "memory.h"
#include "pod.h"
#include "rows.h"

#define GiB		(1UL << 30)
#define SMALLER_GIB	1024
#define LARGER_GIB	2048
#define TOUCHED		(GiB / 2)

/* The kernel adds up what CPUs counted for themselves every two seconds. */
#define COUNTED_MS	4500

static long long charged(const struct cgroup *cg)
{
	char path[128];

	pod_sleep_ms(COUNTED_MS);
	snprintf(path, sizeof(path), "%s/memory.stat", cg->path);
	return file_field(path, "slab") + file_field(path, "vmalloc");
}

/* A pod with next to nothing behind it: a table of words, and what is fixed. */
static long long table_of(const struct cgroup *cg, u64 gib)
{
	struct kvm_pod_create args = pod_create_args(gib * GiB, REGION);
	long long before = charged(cg), after;
	int fd = pod_create(&args);

	pod_must(fd, "KVM_POD_CREATE");
	after = charged(cg);
	close(fd);
	return after - before;
}

/* All of a pod in single pages: bytes for TOUCHED of it. */
static long long leaves(const struct cgroup *cg)
{
	long long before, after;
	struct memory m;
	size_t at;

	if (memory_begin(&m, kind_named("pod", "4k"), TOUCHED))
		return 0;
	before = charged(cg);
	for (at = 0; at < m.size; at += PAGE)
		m.mem[at] = 1;
	after = charged(cg);
	memory_end(&m);
	return after - before;
}

static void print(const char *pod, long long per_gib, long long constant)
{
	printf("{\"row\": \"kernel\", \"pod\": \"%s\", "
	       "\"per_gib\": %lld, \"constant\": %lld}\n", pod, per_gib,
	       constant);
}

static void measure(const struct cgroup *cg)
{
	long long smaller = table_of(cg, SMALLER_GIB);
	long long larger = table_of(cg, LARGER_GIB);
	long long words = (larger - smaller) / (LARGER_GIB - SMALLER_GIB);
	long long constant = smaller - words * SMALLER_GIB;

	print("all huge", words, constant);
	print("all small", words + leaves(cg) * (long long)(GiB / TOUCHED),
	      constant);
}

void row_metadata(void)
{
	struct cgroup cg;

	if (cgroup_make(&cg) || cgroup_enter(&cg)) {
		printf("{\"row\": \"kernel\", \"pod\": \"all\", "
		       "\"absent\": \"no memory controller in cgroup v2\"}\n");
		return;
	}
	measure(&cg);
	cgroup_leave();
	cgroup_remove(&cg);
}
