// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loops that read and add up, and do nothing else: what this CPU can read at
 * all. The best of them is the limit of every scan.
 */
#include "speed.h"

#include <immintrin.h>

#define USES(set)	__attribute__((target(set)))
#define USES_INLINE(set)	__attribute__((target(set), always_inline))

enum ahead { T0, NTA };

/* Inlined at any rate: gcc takes a function that only prefetches for nothing. */
static inline __attribute__((always_inline))
void prefetch(const char *p, size_t ahead, enum ahead how)
{
	if (!ahead)
		return;
	if (how == T0)
		_mm_prefetch(p + ahead, _MM_HINT_T0);
	else
		_mm_prefetch(p + ahead, _MM_HINT_NTA);
}

static inline __attribute__((always_inline))
void prefetch_step(const char *p, size_t ahead, enum ahead how)
{
	prefetch(p, ahead, how);
	prefetch(p + 64, ahead, how);
	prefetch(p + 128, ahead, how);
	prefetch(p + 192, ahead, how);
}

static bool read_words(void *p, size_t len)
{
	const unsigned long *w = p, *end = p + len;
	unsigned long a = 0, b = 0, c = 0, d = 0;

	for (; w < end; w += 4) {
		a += w[0];
		b += w[1];
		c += w[2];
		d += w[3];
		/* The compiler is not to make vectors of it. */
		asm volatile("" : "+r" (a), "+r" (b), "+r" (c), "+r" (d));
	}
	return true;
}

static inline USES_INLINE("avx2")
bool by_32(void *p, size_t len, size_t ahead, enum ahead how)
{
	const __m256i *v = p, *end = p + len;
	__m256i a = {}, b = {}, c = {}, d = {};

	for (; v < end; v += 8) {
		prefetch_step((const char *)v, ahead, how);
		a = _mm256_add_epi64(a, v[0]);
		b = _mm256_add_epi64(b, v[1]);
		c = _mm256_add_epi64(c, v[2]);
		d = _mm256_add_epi64(d, v[3]);
		a = _mm256_add_epi64(a, v[4]);
		b = _mm256_add_epi64(b, v[5]);
		c = _mm256_add_epi64(c, v[6]);
		d = _mm256_add_epi64(d, v[7]);
	}
	/* Nobody wants the sums, and they must be made all the same. */
	asm volatile("" : : "x" (a + b + c + d));
	return true;
}

static inline USES_INLINE("avx512f")
bool by_64(void *p, size_t len, size_t ahead, enum ahead how)
{
	const __m512i *v = p, *end = p + len;
	__m512i a = {}, b = {}, c = {}, d = {};

	for (; v < end; v += 4) {
		prefetch_step((const char *)v, ahead, how);
		a = _mm512_add_epi64(a, v[0]);
		b = _mm512_add_epi64(b, v[1]);
		c = _mm512_add_epi64(c, v[2]);
		d = _mm512_add_epi64(d, v[3]);
	}
	asm volatile("" : : "v" (a + b + c + d));
	return true;
}

/* Four places at once: each is a stream of its own to the prefetcher. */
static USES("avx2") bool in_4_streams(void *p, size_t len)
{
	const __m256i *v = p, *end = p + len / 4;
	const size_t apart = len / 4 / sizeof(*v);
	__m256i a = {}, b = {}, c = {}, d = {};

	for (; v < end; v += 2) {
		a = _mm256_add_epi64(a, v[0] + v[1]);
		b = _mm256_add_epi64(b, v[apart] + v[apart + 1]);
		c = _mm256_add_epi64(c, v[2 * apart] + v[2 * apart + 1]);
		d = _mm256_add_epi64(d, v[3 * apart] + v[3 * apart + 1]);
	}
	asm volatile("" : : "x" (a + b + c + d));
	return true;
}

#define READ(width, set, name, ahead, how)				\
static USES(set) bool read_##width##_##name(void *p, size_t len)	\
{									\
	return by_##width(p, len, ahead, how);				\
}

READ(32, "avx2", plain, 0, T0)
READ(32, "avx2", t0_512, 512, T0)
READ(32, "avx2", t0_2k, 2048, T0)
READ(32, "avx2", t0_4k, 4096, T0)
READ(32, "avx2", nta_1k, 1024, NTA)
READ(64, "avx512f", plain, 0, T0)
READ(64, "avx512f", t0_512, 512, T0)
READ(64, "avx512f", t0_2k, 2048, T0)
READ(64, "avx512f", t0_4k, 4096, T0)
READ(64, "avx512f", nta_1k, 1024, NTA)

#define LIMIT	"limit"

const struct way read_ways[] = {
	{ "words", LIMIT, NEEDS_NOTHING, 0, read_words },
	{ "AVX2", LIMIT, NEEDS_AVX2, 0, read_32_plain },
	{ "AVX2, t0 512", LIMIT, NEEDS_AVX2, 0, read_32_t0_512 },
	{ "AVX2, t0 2k", LIMIT, NEEDS_AVX2, 0, read_32_t0_2k },
	{ "AVX2, t0 4k", LIMIT, NEEDS_AVX2, 0, read_32_t0_4k },
	{ "AVX2, nta 1k", LIMIT, NEEDS_AVX2, 0, read_32_nta_1k },
	{ "AVX2, 4 streams", LIMIT, NEEDS_AVX2, BLOCK, in_4_streams },
	{ "AVX2, 4 pages", LIMIT, NEEDS_AVX2, 4 * PAGE, in_4_streams },
	{ "AVX-512", LIMIT, NEEDS_AVX512, 0, read_64_plain },
	{ "AVX-512, t0 512", LIMIT, NEEDS_AVX512, 0, read_64_t0_512 },
	{ "AVX-512, t0 2k", LIMIT, NEEDS_AVX512, 0, read_64_t0_2k },
	{ "AVX-512, t0 4k", LIMIT, NEEDS_AVX512, 0, read_64_t0_4k },
	{ "AVX-512, nta 1k", LIMIT, NEEDS_AVX512, 0, read_64_nta_1k },
	{ }
};
