// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "touch.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "sys.h"

#define PATIENCE_MS	15000

enum { STARTING, RUNNING, DONE };

static int nr_signals;

static int state(const struct job *job)
{
	return __atomic_load_n(&job->state, __ATOMIC_ACQUIRE);
}

static void set_state(struct job *job, int state)
{
	__atomic_store_n(&job->state, state, __ATOMIC_RELEASE);
}

static void *run(void *arg)
{
	struct job *job = arg;

	job->tid = syscall(SYS_gettid);
	set_state(job, RUNNING);
	job->result = job->fn(job->arg);
	set_state(job, DONE);
	return NULL;
}

static void sleep_ms(unsigned int ms)
{
	struct timespec ts = { 0, ms * 1000000L };

	nanosleep(&ts, NULL);
}

void job_start(struct job *job, long (*fn)(void *arg), void *arg)
{
	job->fn = fn;
	job->arg = arg;
	job->result = -1;
	job->state = STARTING;
	if (pthread_create(&job->thread, NULL, run, job)) {
		fprintf(stderr, "# no thread\n");
		abort();
	}
	while (state(job) == STARTING)
		sleep_ms(1);
}

bool job_done(const struct job *job)
{
	return state(job) == DONE;
}

bool job_wait(struct job *job)
{
	unsigned int ms;

	for (ms = 0; ms < PATIENCE_MS && !job_done(job); ms += 5)
		sleep_ms(5);
	if (!job_done(job))
		return false;
	pthread_join(job->thread, NULL);
	return true;
}

void job_signal(const struct job *job)
{
	pthread_kill(job->thread, SIGUSR1);
}

long job_cpu_ms(const struct job *job)
{
	struct timespec ts = { };
	clockid_t clock;

	if (pthread_getcpuclockid(job->thread, &clock) ||
	    clock_gettime(clock, &ts))
		return -1;
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

long touch(void *arg)
{
	return try_write(arg, 1);
}

static void on_usr1(int sig)
{
	__atomic_fetch_add(&nr_signals, 1, __ATOMIC_RELAXED);
}

void count_signals(void)
{
	struct sigaction action = { .sa_handler = on_usr1 };

	nr_signals = 0;
	sigaction(SIGUSR1, &action, NULL);
}

int signals_seen(void)
{
	return __atomic_load_n(&nr_signals, __ATOMIC_RELAXED);
}
