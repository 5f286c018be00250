// SPDX-License-Identifier: GPL-2.0-only
/*
 * How large the metadata of a pod is: from the structures that the core makes,
 * by a counting allocator. A line of JSON for each kind of pod, as what grows
 * with the guest and what does not; and for guests of many TiB.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "upod.h"

#define PAGES_PER_GIB	(1UL << 18)
#define REGIONS_PER_GIB	(PAGES_PER_GIB / POD_REGION_PAGES)
#define GIB_PER_TIB	1024UL

/* Guests whose difference is what grows; both have all locks there can be. */
#define SMALLER_GIB	4
#define LARGER_GIB	8
#define CPUS		128

static void huge(struct upod *pod, unsigned long region)
{
	spinlock_t *lock = pod_pmt_lockptr(&pod->pmt, region);

	spin_lock(lock);
	pod_pmt_populate_huge(&pod->pmt, region, region, region + 1);
	spin_unlock(lock);
}

static void small(struct upod *pod, unsigned long region)
{
	unsigned long i;

	for (i = 0; i < POD_REGION_PAGES; i++)
		upod_touch_page(pod, region, pod_region_first(region) + i);
}

static void marked(struct upod *pod, unsigned long region)
{
	huge(pod, region);
	upod_mark_page(pod, pod_region_first(region));
}

/* Each fourth region is SMALL, each fourth has a page given up in place. */
static void mixed(struct upod *pod, unsigned long region)
{
	switch (region % 4) {
	case 0:
		return small(pod, region);
	case 1:
		return marked(pod, region);
	default:
		return huge(pod, region);
	}
}

static void hole(struct upod *pod, unsigned long region)
{
	(void)pod;
	(void)region;
}

static const struct make {
	const char *name;
	void (*region)(struct upod *pod, unsigned long region);
} makes[] = {
	{ "nothing touched", hole },
	{ "all huge", huge },
	{ "all huge, a page of each given up", marked },
	{ "mixed", mixed },
	{ "all small", small },
};

static void build(struct upod *pod, const struct make *make, u64 gib)
{
	u64 pages = gib * PAGES_PER_GIB;
	unsigned long region;

	upod_make(pod, pages, CPUS);
	pod->units = aligned_alloc(64, pages * sizeof(*pod->units));
	if (!pod->units)
		abort();
	upod_supply(pod, 0, POD_STOCK_SMALL, 0, pages);
	for (region = 0; region < pod->pmt.nr_regions; region++)
		make->region(pod, region);
}

static void sizes_of(const struct make *make, u64 gib, u64 *bytes, u64 *sum)
{
	struct upod pod;

	build(&pod, make, gib);
	memcpy(bytes, pod.bytes, sizeof(pod.bytes));
	*sum = upod_bytes(&pod);
	upod_end(&pod);
	free(pod.units);
}

/* Of what grows, or of what does not: its parts. */
static void print_parts(const char *name, const u64 *a, const u64 *b,
			bool grows)
{
	const char *comma = "";
	u64 per_gib, part;
	int i;

	printf(", \"%s\": {", name);
	for (i = 0; i < META_NR; i++) {
		per_gib = (b[i] - a[i]) / (LARGER_GIB - SMALLER_GIB);
		part = grows ? per_gib : a[i] - per_gib * SMALLER_GIB;
		if (!part)
			continue;
		printf("%s\"%s\": %llu", comma, meta_names[i],
		       (unsigned long long)part);
		comma = ", ";
	}
	printf("}");
}

static void print_make(const struct make *make)
{
	u64 a[META_NR], b[META_NR], sum_a, sum_b, per_gib;

	sizes_of(make, SMALLER_GIB, a, &sum_a);
	sizes_of(make, LARGER_GIB, b, &sum_b);
	per_gib = (sum_b - sum_a) / (LARGER_GIB - SMALLER_GIB);
	printf("{\"row\": \"metadata\", \"pod\": \"%s\", \"cpus\": %d, "
	       "\"per_gib\": %llu, \"constant\": %llu", make->name, CPUS,
	       (unsigned long long)per_gib,
	       (unsigned long long)(sum_a - per_gib * SMALLER_GIB));
	print_parts("grows", a, b, true);
	print_parts("fixed", a, b, false);
	printf("}\n");
	fflush(stdout);
}

/* All in blocks, which is built; all in pages would be @leaves more. */
static void print_guest(u64 tib)
{
	u64 pages = tib * GIB_PER_TIB * PAGES_PER_GIB;
	unsigned long region;
	struct upod pod;
	u64 leaves;

	upod_make(&pod, pages, CPUS);
	for (region = 0; region < pod.pmt.nr_regions; region++)
		huge(&pod, region);
	leaves = pod.pmt.nr_regions * sizeof(struct pod_leaf);
	printf("{\"row\": \"guest\", \"tib\": %llu, \"cpus\": %d, "
	       "\"huge\": %llu, \"small\": %llu}\n", (unsigned long long)tib,
	       CPUS, (unsigned long long)upod_bytes(&pod),
	       (unsigned long long)(upod_bytes(&pod) + leaves));
	upod_end(&pod);
	fflush(stdout);
}

int main(void)
{
	unsigned int i;

	for (i = 0; i < sizeof(makes) / sizeof(*makes); i++)
		print_make(&makes[i]);
	print_guest(1);
	print_guest(4);
	print_guest(16);
	return 0;
}
