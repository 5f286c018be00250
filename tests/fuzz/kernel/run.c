// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parent's side of a run: start, wait, audit, end, and see that nothing is
 * left. Hangs are told by calls that do not end; a touch may wait for memory as
 * long as it likes, but it must be possible to kill it.
 */
#define _GNU_SOURCE
#include "fuzz.h"

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "world.h"
#include "../../selftests/sys.h"

#define DEBUGFS		"/sys/kernel/debug/kvm-pod"
#define CLASS		"/sys/class/kvm-pod"
#define PARAMETERS	"/sys/module/kvm_pod/parameters"

/* Milliseconds between two looks, and looks until a wait is one for memory. */
#define LOOK_MS		50
#define IDLE_LOOKS	2
/*
 * Milliseconds, times the scale: asleep; for one call, also of a machine that
 * has better to do; to be killed; until all memory is back.
 */
#define ASLEEP_MS	10000
#define CALL_MS		60000
#define KILL_MS		20000
#define GONE_MS		20000

struct report *report;
static unsigned int scale;

/**
 * struct run - one that goes on
 * @pid: the child
 * @pidfd: readable when it has ended
 * @done: it says that its calls are through
 * @go: tells it to end
 */
struct run {
	pid_t pid;
	int pidfd;
	int done;
	int go;
};

void run_init(void)
{
	scale = time_scale();
	report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (report == MAP_FAILED)
		err(2, "no memory");
	world_reserve();
	/* Programs without rights open it as a member of its group. */
	if (chmod("/dev/kvm-pod", 0666))
		err(2, "/dev/kvm-pod");
}

static void start(struct run *r, const struct prog *p)
{
	int done[2], go[2];

	if (pipe2(done, O_CLOEXEC) || pipe2(go, O_CLOEXEC))
		err(2, "no pipe");
	r->pid = fork();
	if (r->pid < 0)
		err(2, "fork");
	if (!r->pid) {
		close(done[0]);
		close(go[1]);
		child_run(p, go[0], done[1]);
	}
	close(done[1]);
	close(go[0]);
	r->done = done[0];
	r->go = go[1];
	r->pidfd = syscall(SYS_pidfd_open, r->pid, 0);
	if (r->pidfd < 0)
		err(2, "pidfd_open");
}

static bool readable(int fd, int ms)
{
	struct pollfd p = { fd, POLLIN };

	return poll(&p, 1, ms) == 1;
}

static char state_of(pid_t pid, const char *thread)
{
	char path[64], text[256];
	const char *name;
	char state = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%.16s/stat", pid, thread);
	file = fopen(path, "r");
	if (!file)
		return 0;
	if (fgets(text, sizeof(text), file)) {
		name = strrchr(text, ')');
		state = name && name[1] ? name[2] : 0;
	}
	fclose(file);
	return state;
}

/* Time alone tells nothing on a machine that is busy elsewhere. */
static bool is_running(pid_t pid)
{
	struct dirent *entry;
	bool running = false;
	char path[32];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		running |= state_of(pid, entry->d_name) == 'R';
	if (dir)
		closedir(dir);
	return running;
}

/* Does a touch wait for memory, as it may for ever? */
static bool waits_for_memory(void)
{
	DIR *dir = opendir(CLASS);
	struct dirent *entry;
	bool waits = false;
	char path[96];

	while (dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "pod", 3))
			continue;
		snprintf(path, sizeof(path), CLASS "/%.16s/waiting",
			 entry->d_name);
		waits |= file_number(path) > 0;
	}
	if (dir)
		closedir(dir);
	return waits;
}

static bool has_stopped(unsigned int asleep)
{
	if (asleep >= ASLEEP_MS / LOOK_MS * scale)
		return true;
	return asleep >= IDLE_LOOKS && waits_for_memory();
}

/*
 * Has it done all its calls? Else it has ended, or all threads sleep. One that
 * runs has a minute for a call.
 */
static bool wait_done(struct run *r)
{
	unsigned int before = 0, looks = 0, asleep = 0;
	char byte;

	while (!readable(r->done, LOOK_MS)) {
		if (report->progress != before) {
			before = report->progress;
			looks = 0;
			asleep = 0;
		}
		if (++looks == CALL_MS / LOOK_MS * scale)
			complain("a call runs and does not end");
		asleep = is_running(r->pid) ? 0 : asleep + 1;
		if (has_stopped(asleep) || looks == CALL_MS / LOOK_MS * scale)
			return false;
	}
	return read(r->done, &byte, 1) == 1;
}

static void audit(const char *name)
{
	char path[96], text[256];
	int tries = 50;

	snprintf(path, sizeof(path), DEBUGFS "/%s/audit", name);
	do {
		if (file_read(path, text, sizeof(text)))
			return;
	} while (!strncmp(text, "BUSY", 4) && --tries && !usleep(2000));
	if (!strncmp(text, "BAD", 3))
		complain("audit of %s: %.*s", name,
			 (int)strcspn(text, "\n"), text);
}

static void audit_all(void)
{
	DIR *dir = opendir(DEBUGFS);
	struct dirent *entry;

	if (!dir)
		err(2, DEBUGFS);
	while ((entry = readdir(dir)))
		if (!strncmp(entry->d_name, "pod", 3))
			audit(entry->d_name);
	closedir(dir);
}

/* Where its threads are, for who reads the report. */
static void show_stacks(pid_t pid)
{
	char command[128];

	snprintf(command, sizeof(command),
		 "cat /proc/%d/task/*/stack /proc/%d/task/*/status", pid, pid);
	fflush(stdout);
	if (system(command))
		printf("no stacks\n");
}

static bool end(struct run *r, bool done)
{
	bool ended;

	if (!done || write(r->go, "g", 1) != 1 ||
	    !readable(r->pidfd, KILL_MS * scale))
		kill(r->pid, SIGKILL);
	ended = readable(r->pidfd, KILL_MS * scale);
	if (ended) {
		waitpid(r->pid, NULL, 0);
	} else {
		complain("a process cannot be killed");
		show_stacks(r->pid);
	}
	close(r->pidfd);
	close(r->done);
	close(r->go);
	return ended;
}

static long left_over(void)
{
	return labs(file_number(CLASS "/pods")) +
	       labs(file_number(CLASS "/total_owned")) +
	       labs(file_number(CLASS "/total_reserve")) +
	       labs(file_number(CLASS "/total_float"));
}

/* Inodes and work may take a moment to go. */
static bool all_gone(void)
{
	int ms;

	for (ms = 0; ms < GONE_MS * (int)scale; ms++) {
		if (!left_over())
			return true;
		usleep(1000);
	}
	complain("a pod, or memory of one, is left");
	return false;
}

static void restore_parameters(void)
{
	static const char *const usual[][2] = {
		{ "huge", "Y" }, { "zero_scan", "auto" },
		{ "sweep_budget", "8192" }, { "ept_latency", "N" },
		{ "zero_threads", "0" }, { "limit_mb", "0" },
	};
	char path[96];
	unsigned int i;

	for (i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
		snprintf(path, sizeof(path), PARAMETERS "/%s", usual[i][0]);
		if (file_write(path, usual[i][1]))
			errx(2, "%s", path);
	}
}

enum outcome run_prog(const struct prog *p)
{
	struct run r;
	bool done, good;
	unsigned int i;

	memset(report, 0, sizeof(*report));
	for (i = 0; i < MAX_CALLS; i++)
		report->result[i] = NOT_RUN;
	cover_begin();
	start(&r, p);
	done = wait_done(&r);
	audit_all();
	good = end(&r, done) && all_gone();
	if (prog_has(p, "param"))
		restore_parameters();
	if (!good)
		return RUN_LOST;
	return report->complained ? RUN_WRONG : RUN_OK;
}
