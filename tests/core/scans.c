// SPDX-License-Identifier: GPL-2.0-only
#include "scans.h"

#include <string.h>
#include <sys/mman.h>

#include "test.h"

u8 *fenced_pages(void)
{
	static u8 *fenced;
	u8 *p;

	if (!fenced) {
		p = mmap(NULL, FENCED + 2 * PAGE, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		CHECK(p != MAP_FAILED);
		fenced = p + PAGE;
		CHECK(!mprotect(fenced, FENCED, PROT_READ | PROT_WRITE));
	}
	memset(fenced, 0, FENCED);
	return fenced;
}

bool cpu_has(enum pod_zero_kind kind)
{
	if (kind == POD_ZERO_AVX2)
		return __builtin_cpu_supports("avx2");
	if (kind == POD_ZERO_AVX512)
		return __builtin_cpu_supports("avx512f");
	return true;
}

bool bytes_are_zero(const u8 *p, size_t len)
{
	while (len--)
		if (*p++)
			return false;
	return true;
}
