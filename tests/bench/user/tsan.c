// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the compiler calls for each access with -fsanitize=thread. The names are
 * those of ThreadSanitizer, whose library is not linked. One thread only runs,
 * so that a plain access does where an atomic one is asked for.
 */
#include <linux/types.h>

#include "lines.h"

#pragma GCC diagnostic ignored "-Wunused-parameter"

void __tsan_init(void)
{
}

void __tsan_func_entry(void *pc)
{
}

void __tsan_func_exit(void *pc)
{
}

void __tsan_read1(void *p)
{
	lines_access(p, 1, false);
}

void __tsan_read4(void *p)
{
	lines_access(p, 4, false);
}

void __tsan_read8(void *p)
{
	lines_access(p, 8, false);
}

void __tsan_read_range(void *p, size_t size)
{
	lines_access(p, size, false);
}

void __tsan_write1(void *p)
{
	lines_access(p, 1, true);
}

void __tsan_write4(void *p)
{
	lines_access(p, 4, true);
}

void __tsan_write8(void *p)
{
	lines_access(p, 8, true);
}

void __tsan_write_range(void *p, size_t size)
{
	lines_access(p, size, true);
}

u8 __tsan_atomic8_load(const u8 *p, int order)
{
	lines_access(p, sizeof(*p), false);
	return *p;
}

void __tsan_atomic8_store(u8 *p, u8 v, int order)
{
	lines_access(p, sizeof(*p), true);
	*p = v;
}

u32 __tsan_atomic32_load(const u32 *p, int order)
{
	lines_access(p, sizeof(*p), false);
	return *p;
}

void __tsan_atomic32_store(u32 *p, u32 v, int order)
{
	lines_access(p, sizeof(*p), true);
	*p = v;
}

u64 __tsan_atomic64_load(const u64 *p, int order)
{
	lines_access(p, sizeof(*p), false);
	return *p;
}

void __tsan_atomic64_store(u64 *p, u64 v, int order)
{
	lines_access(p, sizeof(*p), true);
	*p = v;
}

u32 __tsan_atomic32_exchange(u32 *p, u32 v, int order)
{
	u32 old = *p;

	lines_access(p, sizeof(*p), true);
	*p = v;
	return old;
}

u64 __tsan_atomic64_fetch_add(u64 *p, u64 v, int order)
{
	u64 old = *p;

	lines_access(p, sizeof(*p), true);
	*p = old + v;
	return old;
}

u64 __tsan_atomic64_fetch_sub(u64 *p, u64 v, int order)
{
	u64 old = *p;

	lines_access(p, sizeof(*p), true);
	*p = old - v;
	return old;
}
