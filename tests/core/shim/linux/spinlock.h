/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_SPINLOCK_H
#define SHIM_LINUX_SPINLOCK_H

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <linux/types.h>

/* A lock that knows its holder, so that lockdep_assert_held() means it. */
typedef struct {
	pthread_mutex_t mutex;
	pthread_t holder;
	bool held;
} spinlock_t;

static inline void spin_lock_init(spinlock_t *lock)
{
	pthread_mutex_init(&lock->mutex, NULL);
	lock->held = false;
}

static inline bool spin_is_mine(spinlock_t *lock)
{
	return READ_ONCE(lock->held) && READ_ONCE(lock->holder) == pthread_self();
}

static inline void spin_lock(spinlock_t *lock)
{
	if (spin_is_mine(lock)) {
		fprintf(stderr, "a lock is taken twice\n");
		abort();
	}
	pthread_mutex_lock(&lock->mutex);
	WRITE_ONCE(lock->holder, pthread_self());
	WRITE_ONCE(lock->held, true);
}

static inline void spin_unlock(spinlock_t *lock)
{
	WRITE_ONCE(lock->held, false);
	pthread_mutex_unlock(&lock->mutex);
}

#define lockdep_assert_held(lock) do {					\
	if (!spin_is_mine(lock)) {					\
		fprintf(stderr, "%s: %s is not held\n", __func__, #lock);	\
		abort();						\
	}								\
} while (0)

#endif
