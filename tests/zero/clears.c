// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ways to clear memory. Those past the caches order their stores at the end,
 * as the module does before it gives a folio to anybody.
 */
#include <immintrin.h>
#include <string.h>

#include "speed.h"
#include "zero.h"

#define USES(set)	__attribute__((target(set)))

static void fence(void)
{
	asm volatile("sfence" : : : "memory");
}

static bool by_movnti(void *p, size_t len)
{
	pod_clear_generic(p, len);
	fence();
	return true;
}

static bool by_avx2_nt(void *p, size_t len)
{
	pod_clear_avx2(p, len);
	fence();
	return true;
}

static bool by_stosb(void *p, size_t len)
{
	asm volatile("rep stosb" : "+D" (p), "+c" (len) : "a" (0) : "memory");
	return true;
}

static bool by_stosq(void *p, size_t len)
{
	len /= 8;
	asm volatile("rep stosq" : "+D" (p), "+c" (len) : "a" (0) : "memory");
	return true;
}

static bool by_memset(void *p, size_t len)
{
	memset(p, 0, len);
	asm volatile("" : : "r" (p) : "memory");
	return true;
}

static USES("avx2") bool by_avx2(void *p, size_t len)
{
	__m256i *v = p, *end = p + len;

	for (; v < end; v += 4) {
		_mm256_store_si256(v, _mm256_setzero_si256());
		_mm256_store_si256(v + 1, _mm256_setzero_si256());
		_mm256_store_si256(v + 2, _mm256_setzero_si256());
		_mm256_store_si256(v + 3, _mm256_setzero_si256());
	}
	return true;
}

static USES("avx512f") bool by_avx512_nt(void *p, size_t len)
{
	__m512i *v = p, *end = p + len;

	for (; v < end; v++)
		_mm512_stream_si512(v, _mm512_setzero_si512());
	fence();
	return true;
}

/* AMD's, a cache line each, past the caches. */
static bool by_clzero(void *p, size_t len)
{
	char *line = p, *end = p + len;

	for (; line < end; line += 64)
		asm volatile(".byte 0x0f, 0x01, 0xfc" : : "a" (line) : "memory");
	fence();
	return true;
}

const struct way clear_ways[] = {
	{ "movnti", "pod", NEEDS_NOTHING, BLOCK, by_movnti },
	{ "rep stosb", "peer", NEEDS_NOTHING, PAGE, by_stosb },
	{ "rep stosq", "peer", NEEDS_NOTHING, PAGE, by_stosq },
	{ "rep stosb of 2 MiB", "peer", NEEDS_NOTHING, BLOCK, by_stosb },
	{ "memset", "peer", NEEDS_NOTHING, PAGE, by_memset },
	{ "memset of 2 MiB", "peer", NEEDS_NOTHING, BLOCK, by_memset },
	{ "AVX2", "peer", NEEDS_AVX2, BLOCK, by_avx2 },
	{ "AVX2, non-temporal", "pod", NEEDS_AVX2, BLOCK, by_avx2_nt },
	{ "AVX-512, non-temporal", "peer", NEEDS_AVX512, BLOCK, by_avx512_nt },
	{ "CLZERO", "peer", NEEDS_CLZERO, BLOCK, by_clzero },
	{ }
};
