// SPDX-License-Identifier: GPL-2.0-only
/*
 * spent: how busy a machine with one CPU was.
 *
 *	spent [TEXT HOOK PROGRAM ARGUMENT...]
 *
 * Prints "busy N" and "idle N", nanoseconds: since the machine was started; or
 * from before the program was to when TEXT is in its output. Then with "user_exits
 * N", how often KVM returned to user space (-1: not known), and what the program
 * HOOK says, which is run with the other's pid while that is stopped. The other
 * is killed then. Where the clock counts instructions so do the nanoseconds.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_ID	"/sys/kernel/tracing/events/kvm/kvm_userspace_exit/id"

struct stamp {
	long long now;
	long long idle;
};

/* Both figures are of the kernel's clock, read in one go. */
static struct stamp stamp_now(void)
{
	FILE *file = fopen("/proc/timer_list", "r");
	struct stamp stamp = { 0 };
	char line[256];
	long long value;

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "now at %lld", &value) == 1)
			stamp.now = value;
		else if (sscanf(line, " .idle_sleeptime : %lld", &value) == 1 ||
			 sscanf(line, " .iowait_sleeptime : %lld", &value) == 1)
			stamp.idle += value;
	}
	if (!file || !stamp.now) {
		fprintf(stderr, "spent: /proc/timer_list does not tell\n");
		exit(2);
	}
	fclose(file);
	return stamp;
}

static void print_between(struct stamp begin, struct stamp end)
{
	long long idle = end.idle - begin.idle;

	printf("busy %lld\nidle %lld\n", end.now - begin.now - idle, idle);
}

/* Counts in this process and in all that it starts from now on. */
static int count_exits(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.inherit = 1,
	};
	FILE *file = fopen(EXIT_ID, "r");
	int fd = -1;

	if (!file)
		return -1;
	if (fscanf(file, "%llu", &attr.config) == 1)
		fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1,
			     PERF_FLAG_FD_CLOEXEC);
	fclose(file);
	return fd;
}

static long long exits_so_far(int counter)
{
	long long nr;

	return read(counter, &nr, sizeof(nr)) == sizeof(nr) ? nr : -1;
}

/* Always at the same addresses: page tables cost, too. */
static pid_t start(char **command, int *output)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		exit(2);
	pid = fork();
	if (!pid) {
		personality(ADDR_NO_RANDOMIZE);
		dup2(ends[1], STDOUT_FILENO);
		execvp(command[0], command);
		_exit(127);
	}
	close(ends[1]);
	*output = ends[0];
	return pid;
}

static void wait_for(int output, const char *text)
{
	static char said[1 << 20];
	size_t len = 0;
	ssize_t more;

	while (!strstr(said, text)) {
		more = read(output, said + len, sizeof(said) - 1 - len);
		if (more <= 0) {
			fprintf(stderr, "spent: it ended: %s\n", said);
			exit(1);
		}
		len += more;
	}
}

static int run_hook(const char *hook, pid_t pid)
{
	char command[256];
	int status;

	snprintf(command, sizeof(command), "%s %d", hook, pid);
	kill(pid, SIGSTOP);
	fflush(stdout);
	status = system(command);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return status ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct stamp begin, end;
	int counter, output;
	pid_t pid;

	if (argc == 1) {
		print_between((struct stamp){ 0 }, stamp_now());
		return 0;
	}
	if (argc < 4)
		return 2;
	counter = count_exits();
	begin = stamp_now();
	pid = start(argv + 3, &output);
	wait_for(output, argv[1]);
	end = stamp_now();
	print_between(begin, end);
	printf("user_exits %lld\n", exits_so_far(counter));
	return run_hook(argv[2], pid);
}
