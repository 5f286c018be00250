/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A lock as small and as fast as the kernel's when nobody holds it: one atomic
 * instruction to take it, a store to let it go.
 */
#ifndef BENCH_LINUX_SPINLOCK_H
#define BENCH_LINUX_SPINLOCK_H

#include <linux/types.h>

typedef struct {
	u32 taken;
} spinlock_t;

#ifdef COUNT_LOCKS
/* Of the program that counts. */
void count_lock(const spinlock_t *lock);
#else
static inline void count_lock(const spinlock_t *lock)
{
	(void)lock;
}
#endif

static inline void spin_lock_init(spinlock_t *lock)
{
	lock->taken = 0;
}

static inline void spin_lock(spinlock_t *lock)
{
	count_lock(lock);
	while (__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE))
		while (READ_ONCE(lock->taken))
			__builtin_ia32_pause();
}

static inline void spin_unlock(spinlock_t *lock)
{
	__atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
}

#define lockdep_assert_held(lock)	((void)(lock))

#endif
