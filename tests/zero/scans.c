// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ways to find out whether a page is zero: the module's, and others'.
 */
#include <string.h>

#include "memchr_inv.h"
#include "speed.h"
#include "zero.h"

static bool by_generic(void *p, size_t len)
{
	return pod_is_zero_generic(p, len);
}

static bool by_avx2(void *p, size_t len)
{
	return pod_is_zero_avx2(p, len);
}

static bool by_avx512(void *p, size_t len)
{
	return pod_is_zero_avx512(p, len);
}

static bool by_memchr_inv(void *p, size_t len)
{
	return !memchr_inv(p, 0, len);
}

/* Each byte is as the one before it, and the first is zero. */
static bool by_memcmp(void *p, size_t len)
{
	const char *c = p;

	return !*c && !memcmp(c, c + 1, len - 1);
}

static bool by_copy(void *p, size_t len)
{
	static char copy[PAGE] __attribute__((aligned(64)));

	memcpy(copy, p, len);
	asm volatile("" : : "r" (copy) : "memory");
	return !copy[0];
}

#ifdef HAVE_QEMU
bool qemu_is_zero(const void *p, size_t len);

static bool by_qemu(void *p, size_t len)
{
	return qemu_is_zero(p, len);
}
#else
#define by_qemu	NULL
#endif

/* A page at a time, as the module does and as QEMU does when it migrates. */
const struct way scan_ways[] = {
	{ "generic", "pod", NEEDS_NOTHING, PAGE, by_generic },
	{ "avx2", "pod", NEEDS_AVX2, PAGE, by_avx2 },
	{ "avx512", "pod", NEEDS_AVX512, PAGE, by_avx512 },
	{ "buffer_is_zero", "peer", NEEDS_NOTHING, PAGE, by_qemu },
	{ "memcmp trick", "peer", NEEDS_NOTHING, PAGE, by_memcmp },
	{ "memchr_inv", "peer", NEEDS_NOTHING, PAGE, by_memchr_inv },
	{ "memcpy to L1", "copy", NEEDS_NOTHING, PAGE, by_copy },
	{ }
};
