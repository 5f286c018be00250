/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the commands share: exit codes and the way to end with a sentence.
 */
#ifndef PODCTL_H
#define PODCTL_H

#include <stdnoreturn.h>

/* The exit codes are an interface: scripts tell the cases apart by them. */
enum podctl_exit {
	PODCTL_OK = 0,
	PODCTL_FAILED = 1,	/* nothing more special applies */
	PODCTL_USAGE = 2,	/* the command line is wrong */
	PODCTL_NO_DEVICE = 3,	/* kvm-pod is not loaded */
	PODCTL_NO_RIGHT = 4,	/* the caller may not do that */
	PODCTL_NO_MEMORY = 5,	/* the host or a limit does not allow it */
	PODCTL_NOT_EXECUTABLE = 126,	/* as in sh: found, but exec failed */
	PODCTL_NOT_FOUND = 127,		/* as in sh: no such command */
};

/* Prints "podctl: <sentence>" to stderr and exits with @code. */
noreturn void podctl_die(enum podctl_exit code, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Each takes its own argv, argv[0] being "podctl <command>". */
int podctl_create(int argc, char **argv);
int podctl_events(int argc, char **argv);
int podctl_list(int argc, char **argv);
int podctl_policy(int argc, char **argv);
int podctl_run(int argc, char **argv);
int podctl_sweep(int argc, char **argv);
int podctl_target(int argc, char **argv);
int podctl_top(int argc, char **argv);

#endif /* PODCTL_H */
