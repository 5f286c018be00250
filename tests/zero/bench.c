// SPDX-License-Identifier: GPL-2.0-only
/*
 * How fast the zero scans are: GiB/s, best of a few runs, page by page as the
 * module does it, over memory of several sizes.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "zero.h"

#define PAGE	4096UL
#define KIB	1024UL
#define MIB	(1024 * KIB)
#define GIB	(1024 * MIB)

/* Bytes read for one figure, and how often that is tried. */
#define AMOUNT	(2 * GIB)
#define RUNS	5

typedef bool scan_fn(const void *p, size_t len);

static scan_fn *const pick[POD_ZERO_NR] = {
	[POD_ZERO_GENERIC] = pod_is_zero_generic,
	[POD_ZERO_AVX2] = pod_is_zero_avx2,
	[POD_ZERO_AVX512] = pod_is_zero_avx512,
};

static char sink[PAGE] __attribute__((aligned(64)));

/* What lib/string.c does for a whole page. */
static bool memchr_inv_like(const void *p, size_t len)
{
	const u64 *w = p;

	for (len /= 8; len; len--, w++)
		if (READ_ONCE(*w))
			return false;
	return true;
}

static bool copy(const void *p, size_t len)
{
	memcpy(sink, p, len);
	asm volatile("" : : "r" (sink) : "memory");
	return true;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static double run_once(scan_fn *fn, const char *mem, size_t size)
{
	size_t at, left;
	double begin = now();

	for (left = AMOUNT; left >= size; left -= size)
		for (at = 0; at < size; at += PAGE)
			if (!fn(mem + at, PAGE))
				abort();
	return AMOUNT / size * size / (now() - begin) / GIB;
}

static double best(scan_fn *fn, const char *mem, size_t size)
{
	double found = 0, one;
	int i;

	for (i = 0; i < RUNS; i++) {
		one = run_once(fn, mem, size);
		if (one > found)
			found = one;
	}
	return found;
}

static bool have(enum pod_zero_kind kind)
{
	__builtin_cpu_init();
	if (kind == POD_ZERO_AVX512)
		return __builtin_cpu_supports("avx512f");
	return kind != POD_ZERO_AVX2 || __builtin_cpu_supports("avx2");
}

static void report(const char *name, scan_fn *fn, const char *mem)
{
	static const size_t sizes[] = { 16 * KIB, 2 * MIB, 1 * GIB };
	int i;

	printf("%-16s", name);
	for (i = 0; i < 3; i++)
		printf("%10.1f", best(fn, mem, sizes[i]));
	printf("\n");
	fflush(stdout);
}

int main(void)
{
	char *mem = mmap(NULL, 2 * GIB, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	enum pod_zero_kind kind;

	if (mem == MAP_FAILED)
		return 1;
	mem += 2 * MIB - (unsigned long)mem % (2 * MIB);
	madvise(mem, GIB, MADV_HUGEPAGE);
	/* No zero page of the kernel's behind it. */
	memset(mem, 0, GIB);
	printf("GiB/s            16K in L1   2M block  1G memory\n");
	for (kind = 0; kind < POD_ZERO_NR; kind++)
		if (have(kind))
			report(pod_zero_scans[kind].name, pick[kind], mem);
	report("memchr_inv-like", memchr_inv_like, mem);
	report("memcpy to L1", copy, mem);
	return 0;
}
