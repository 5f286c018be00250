// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "speed.h"

#include <cpuid.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

static bool has_clzero(void)
{
	unsigned int a, b, c, d;

	return __get_cpuid(0x80000008, &a, &b, &c, &d) && b & 1;
}

const char *way_missing(const struct way *way)
{
	__builtin_cpu_init();
	if (!way->run)
		return "not built in";
	if (way->needs == NEEDS_AVX2 && !__builtin_cpu_supports("avx2"))
		return "this CPU has no AVX2";
	if (way->needs == NEEDS_AVX512 && !__builtin_cpu_supports("avx512f"))
		return "this CPU has no AVX-512";
	if (way->needs == NEEDS_CLZERO && !has_clzero())
		return "this CPU has no CLZERO";
	return NULL;
}

void *speed_memory(size_t size)
{
	char *mem = mmap(NULL, size + BLOCK, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	mem += BLOCK - (unsigned long)mem % BLOCK;
	madvise(mem, size, MADV_HUGEPAGE);
	/* No zero page of the kernel's behind it. */
	memset(mem, 0, size);
	return mem;
}

bool speed_is_huge(size_t size)
{
	FILE *rollup = fopen("/proc/self/smaps_rollup", "r");
	unsigned long kib = 0;
	char line[128];

	if (!rollup)
		return false;
	while (fgets(line, sizeof(line), rollup))
		if (sscanf(line, "AnonHugePages: %lu", &kib) == 1)
			break;
	fclose(rollup);
	return kib >= size / KIB;
}

double speed_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void pass(const struct way *way, char *mem, size_t size)
{
	size_t chunk = way->chunk ? way->chunk : size;
	size_t at;

	for (at = 0; at < size; at += chunk)
		if (!way->run(mem + at, chunk))
			abort();
}

double speed_of(const struct way *way, void *mem, size_t size, size_t amount)
{
	double begin = speed_now();
	size_t left;

	for (left = amount; left >= size; left -= size)
		pass(way, mem, size);
	return amount / size * size / (speed_now() - begin) / GIB;
}
