/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads that touch memory and may have to wait for it, and what they cost
 * meanwhile.
 */
#ifndef POD_SELFTEST_TOUCH_H
#define POD_SELFTEST_TOUCH_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * struct job - something that a thread does once, and that may wait
 * @thread: who does it
 * @fn: what it does
 * @arg: for @fn
 * @tid: of the thread, for signals to it
 * @result: what @fn returned
 * @state: see job_wait(); atomic
 *
 * Lives until job_wait() has succeeded, or the process ends.
 */
struct job {
	pthread_t thread;
	long (*fn)(void *arg);
	void *arg;
	pid_t tid;
	long result;
	int state;
};

/* Start it; returns when its thread runs. */
void job_start(struct job *job, long (*fn)(void *arg), void *arg);

/* Is it through? */
bool job_done(const struct job *job);

/* Wait for the end, some seconds at most; true if it is through. */
bool job_wait(struct job *job);

/* SIGUSR1 to its thread; count_signals() makes that harmless. */
void job_signal(const struct job *job);

/* Processor time of its thread so far, in milliseconds. */
long job_cpu_ms(const struct job *job);

/* Store one byte at @arg: 0, or the signal that the store raised. */
long touch(void *arg);

/* Count SIGUSR1 instead of dying of it. Without SA_RESTART. */
void count_signals(void);
int signals_seen(void);

#endif /* POD_SELFTEST_TOUCH_H */
