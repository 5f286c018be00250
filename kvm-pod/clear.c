// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clearing pages, and telling whether they are clear.
 */
#include "clear.h"

#include <asm/cpufeature.h>
#include <asm/fpu/api.h>
#include <asm/fpu/types.h>
#include <linux/bitmap.h>
#include <linux/highmem.h>
#include <linux/minmax.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "core/zero.h"

void pod_clear_hot(struct folio *folio)
{
	pod_clear_pages(folio, 0, folio_nr_pages(folio));
}

void pod_clear_pages(struct folio *folio, unsigned int first, unsigned int nr)
{
	unsigned int i;

	for (i = first; i < first + nr; i++) {
		clear_highpage(folio_page(folio, i));
		cond_resched();
	}
}

/*
 * Pages scanned or cleared at once: without preemption, as long as the FPU is
 * ours.
 */
#define POD_SCAN_SLICE	16

static const struct pod_zero_scan *zero_scan;

static bool cpu_can_scan(enum pod_zero_kind kind)
{
	u64 ymm = XFEATURE_MASK_SSE | XFEATURE_MASK_YMM;

	switch (kind) {
	case POD_ZERO_GENERIC:
		return true;
	case POD_ZERO_AVX2:
		return boot_cpu_has(X86_FEATURE_AVX2) &&
		       cpu_has_xfeatures(ymm, NULL);
	case POD_ZERO_AVX512:
		return boot_cpu_has(X86_FEATURE_AVX512F) &&
		       cpu_has_xfeatures(ymm | XFEATURE_MASK_AVX512, NULL);
	default:
		return false;
	}
}

/*
 * AVX-512 only if it is asked for: beyond the first-level cache it measures
 * hardly faster than AVX2 (tests/zero/bench.c), for memory is the limit, and
 * there are CPUs that lower the clock of the whole core for a while after it.
 */
static enum pod_zero_kind best_scan(void)
{
	return cpu_can_scan(POD_ZERO_AVX2) ? POD_ZERO_AVX2 : POD_ZERO_GENERIC;
}

static int zero_scan_set(const char *val, const struct kernel_param *kp)
{
	enum pod_zero_kind kind;

	if (sysfs_streq(val, "auto")) {
		WRITE_ONCE(zero_scan, &pod_zero_scans[best_scan()]);
		return 0;
	}
	for (kind = 0; kind < POD_ZERO_NR; kind++)
		if (sysfs_streq(val, pod_zero_scans[kind].name))
			break;
	if (kind == POD_ZERO_NR)
		return -EINVAL;
	if (!cpu_can_scan(kind))
		return -ENODEV;
	WRITE_ONCE(zero_scan, &pod_zero_scans[kind]);
	return 0;
}

static int zero_scan_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%s\n", READ_ONCE(zero_scan)->name);
}

static const struct kernel_param_ops zero_scan_ops = {
	.set = zero_scan_set,
	.get = zero_scan_get,
};
module_param_cb(zero_scan, &zero_scan_ops, NULL, 0644);
MODULE_PARM_DESC(zero_scan, "How to look for zeroes and to clear: generic, avx2, avx512 or auto (default: auto)");

void pod_clear_init(void)
{
	if (!zero_scan)
		zero_scan = &pod_zero_scans[best_scan()];
}

static const struct pod_zero_scan *scan_begin(void)
{
	const struct pod_zero_scan *scan = READ_ONCE(zero_scan);

	if (!scan->vector)
		return scan;
	if (unlikely(!irq_fpu_usable()))
		return &pod_zero_scans[POD_ZERO_GENERIC];
	kernel_fpu_begin();
	return scan;
}

static void scan_end(const struct pod_zero_scan *scan)
{
	if (scan->vector)
		kernel_fpu_end();
}

static void clear_slice(struct folio *folio, unsigned int first,
			unsigned int nr)
{
	const struct pod_zero_scan *scan = scan_begin();

	scan->clear(page_address(folio_page(folio, first)), nr * PAGE_SIZE);
	scan_end(scan);
}

/*
 * Non-temporal stores: what is cleared for the reserve is touched much later,
 * and would only push others out of the caches.
 */
void pod_clear_cold(struct folio *folio)
{
	unsigned int nr = folio_nr_pages(folio);
	unsigned int first;

	for (first = 0; first < nr; first += POD_SCAN_SLICE) {
		clear_slice(folio, first, min(nr - first, POD_SCAN_SLICE));
		cond_resched();
	}
	/* Orders the weak stores before the page is given to anybody. */
	asm volatile("sfence" : : : "memory");
}

bool pod_page_is_zero(struct folio *folio, unsigned int i)
{
	const struct pod_zero_scan *scan = scan_begin();
	bool zero;

	zero = scan->is_zero(page_address(folio_page(folio, i)), PAGE_SIZE);
	scan_end(scan);
	return zero;
}

static void scan_slice(struct folio *folio, unsigned int first, unsigned int nr,
		       unsigned long *data)
{
	const struct pod_zero_scan *scan = scan_begin();
	const void *p = page_address(folio_page(folio, first));
	unsigned int i;

	/* Mostly all is zero, or the filter would have kept the block. */
	if (scan->is_zero(p, nr * PAGE_SIZE)) {
		bitmap_clear(data, first, nr);
		goto out;
	}
	for (i = 0; i < nr; i++, p += PAGE_SIZE)
		__assign_bit(first + i, data, !scan->is_zero(p, PAGE_SIZE));
out:
	scan_end(scan);
}

void pod_folio_scan(struct folio *folio, unsigned long *data)
{
	unsigned int nr = folio_nr_pages(folio);
	unsigned int first;

	for (first = 0; first < nr; first += POD_SCAN_SLICE) {
		scan_slice(folio, first, min(nr - first, POD_SCAN_SLICE), data);
		cond_resched();
	}
}
