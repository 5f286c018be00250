// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scanning and clearing with vector registers. In assembly: the kernel is
 * compiled without these instructions.
 */
#include "zero.h"

/*
 * A compiler that may not use a register itself refuses to hear that it is
 * overwritten: the kernel's gets no list at all.
 */
#if defined(__AVX512F__)
#define CLOBBERS	"xmm0", "xmm1", "k1"
#elif defined(__SSE2__)
#define CLOBBERS	"xmm0", "xmm1"
#else
#define CLOBBERS
#endif

/* What the assembly reads, for the compiler. */
#define STEP_OF(p)	(*(const char (*)[POD_ZERO_STEP])(p))

/*
 * The CPU's own prefetching ends with each page of 4 KiB, and this goes on. Far
 * enough for what lies in a cache of the second level or behind, and never
 * more than a quarter of a page is fetched in vain. Past the caches, as a guest
 * will not read what the sweep reads. It may be any address.
 */
#define PREFETCH	"prefetchnta 1024(%1)\n\t"				\
			"prefetchnta 1088(%1)\n\t"				\
			"prefetchnta 1152(%1)\n\t"				\
			"prefetchnta 1216(%1)\n\t"

/* Or switching back to code with SSE would be slow. */
static void forget_upper_halves(void)
{
	asm volatile("vzeroupper" : : : CLOBBERS);
}

static bool step_is_zero_avx2(const void *p)
{
	bool zero;

	asm volatile(PREFETCH
		     "vmovdqa (%1), %%ymm0\n\t"
		     "vmovdqa 32(%1), %%ymm1\n\t"
		     "vpor 64(%1), %%ymm0, %%ymm0\n\t"
		     "vpor 96(%1), %%ymm1, %%ymm1\n\t"
		     "vpor 128(%1), %%ymm0, %%ymm0\n\t"
		     "vpor 160(%1), %%ymm1, %%ymm1\n\t"
		     "vpor 192(%1), %%ymm0, %%ymm0\n\t"
		     "vpor 224(%1), %%ymm1, %%ymm1\n\t"
		     "vpor %%ymm1, %%ymm0, %%ymm0\n\t"
		     "vptest %%ymm0, %%ymm0"
		     : "=@ccz" (zero)
		     : "r" (p), "m" (STEP_OF(p))
		     : CLOBBERS);
	return zero;
}

bool pod_is_zero_avx2(const void *p, size_t len)
{
	const void *end = p + len;

	while (p < end && step_is_zero_avx2(p))
		p += POD_ZERO_STEP;
	forget_upper_halves();
	return p >= end;
}

static bool step_is_zero_avx512(const void *p)
{
	bool zero;

	asm volatile(PREFETCH
		     "vmovdqa64 (%1), %%zmm0\n\t"
		     "vmovdqa64 64(%1), %%zmm1\n\t"
		     "vporq 128(%1), %%zmm0, %%zmm0\n\t"
		     "vporq 192(%1), %%zmm1, %%zmm1\n\t"
		     "vporq %%zmm1, %%zmm0, %%zmm0\n\t"
		     "vptestmq %%zmm0, %%zmm0, %%k1\n\t"
		     "kortestw %%k1, %%k1"
		     : "=@ccz" (zero)
		     : "r" (p), "m" (STEP_OF(p))
		     : CLOBBERS);
	return zero;
}

bool pod_is_zero_avx512(const void *p, size_t len)
{
	const void *end = p + len;

	while (p < end && step_is_zero_avx512(p))
		p += POD_ZERO_STEP;
	forget_upper_halves();
	return p >= end;
}

/* One statement: what is in a register stays there until its end. */
void pod_clear_avx2(void *p, size_t len)
{
	asm volatile("vpxor %%xmm0, %%xmm0, %%xmm0\n"
		     "1:\n\t"
		     "vmovntdq %%ymm0, 0(%0)\n\t"
		     "vmovntdq %%ymm0, 32(%0)\n\t"
		     "vmovntdq %%ymm0, 64(%0)\n\t"
		     "vmovntdq %%ymm0, 96(%0)\n\t"
		     "vmovntdq %%ymm0, 128(%0)\n\t"
		     "vmovntdq %%ymm0, 160(%0)\n\t"
		     "vmovntdq %%ymm0, 192(%0)\n\t"
		     "vmovntdq %%ymm0, 224(%0)\n\t"
		     "add $256, %0\n\t"
		     "cmp %2, %0\n\t"
		     "jb 1b"
		     : "+&r" (p), "=m" (*(char (*)[])p)
		     : "r" (p + len)
		     : CLOBBERS);
	forget_upper_halves();
}
