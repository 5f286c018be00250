// SPDX-License-Identifier: GPL-2.0-only
/* A child: runs one program and is judged before it ends. */
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "world.h"

#define NOBODY		65534
#define MEMLOCK_MAX	(32UL << 20)

static __thread struct thread *self;

void complain(const char *format, ...)
{
	va_list args;

	if (__sync_lock_test_and_set(&report->complained, 1))
		return;
	va_start(args, format);
	vsnprintf(report->complaint, sizeof(report->complaint), format, args);
	va_end(args);
}

/* Also from KVM_RUN, where the access is the guest's. */
static void on_fault(int sig, siginfo_t *info, void *context)
{
	if (self && self->may_jump)
		siglongjmp(self->jump, sig);
	if (self && self->in_guest && sig == SIGBUS)
		return;
	complain("signal %d at %p, where none should be", sig, info->si_addr);
	_exit(1);
}

static void on_alarm(int sig)
{
}

static void catch_signals(void)
{
	struct sigaction fault = { .sa_sigaction = on_fault,
				   .sa_flags = SA_SIGINFO | SA_NODEFER };
	struct sigaction alarm = { .sa_handler = on_alarm };

	sigaction(SIGSEGV, &fault, NULL);
	sigaction(SIGBUS, &fault, NULL);
	sigaction(SIGALRM, &alarm, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGIO, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

static bool drop_rights(void)
{
	struct rlimit limit = { MEMLOCK_MAX, MEMLOCK_MAX };

	return !setrlimit(RLIMIT_MEMLOCK, &limit) && !setgroups(0, NULL) &&
	       !setgid(NOBODY) && !setuid(NOBODY);
}

static void check_errno(const struct op *op, long ret)
{
	const struct call *c = &calls[op->call];
	/* Of all that take a descriptor, or make one. */
	errset may = c->errnos | ERR(EBADF) | ERR(EMFILE);

	if (c->uapi >= 0)
		may |= uapi_errnos;
	if (ret < 0 && (ret <= -128 || !(may & ERR(-ret))))
		complain("%s: errno %ld is not documented", c->name, -ret);
}

static void run_op(struct thread *t, unsigned int nr)
{
	const struct op *op = &t->prog->op[nr];
	const struct call *c = &calls[op->call];
	long ret = c->uapi >= 0 ? uapi_run(t, op) : c->run(t, op->arg);

	report->result[nr] = ret;
	check_errno(op, ret);
	__sync_fetch_and_add(&report->progress, 1);
}

static void *run_thread(void *arg)
{
	struct thread *t = arg;
	unsigned int i;

	self = t;
	cover_thread(t->nr);
	for (i = 0; i < t->prog->nr; i++)
		if (t->single || t->prog->op[i].thread == t->nr)
			run_op(t, i);
	return NULL;
}

/* The others end before this one, thread 0, goes on to the end. */
static void run_all(const struct prog *p, struct thread *threads)
{
	pthread_t ids[NR_THREADS];
	unsigned int i, started = 1;

	for (i = 0; i < NR_THREADS; i++)
		threads[i] = (struct thread){ .nr = i, .prog = p,
					      .single = prog_is_single(p) };
	while (!threads[0].single && started < NR_THREADS &&
	       !pthread_create(&ids[started], NULL, run_thread,
			       &threads[started]))
		started++;
	run_thread(&threads[0]);
	for (i = 1; i < started; i++)
		pthread_join(ids[i], NULL);
}

void child_run(const struct prog *p, int from, int to)
{
	struct thread threads[NR_THREADS];
	char byte = 'd';

	catch_signals();
	world_begin();
	if (p->user && !drop_rights())
		complain("cannot become another user");
	run_all(p, threads);
	alarm(0);
	model_check_all(&threads[0]);
	/* The parent looks at the pods before they go. */
	if (write(to, &byte, 1) == 1 && read(from, &byte, 1) == 1)
		world_end();
	cover_thread_end();
	_exit(0);
}
