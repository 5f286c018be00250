// SPDX-License-Identifier: GPL-2.0-only
/*
 * podctl: make, watch and change the pods of kvm-pod. This file picks the
 * command; each command has a file of its own.
 */
#include "podctl.h"

#include <argp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef PODCTL_VERSION
#define PODCTL_VERSION "unknown"
#endif

const char *argp_program_version = "podctl " PODCTL_VERSION;

struct command {
	const char *name;
	int (*main)(int argc, char **argv);
	const char *title;	/* argv[0] of the command, for its messages */
	const char *summary;
};

static const struct command commands[] = {
	{ "run", podctl_run, "podctl run",
	  "make a pod and start a virtual machine monitor on it" },
	{ "create", podctl_create, "podctl create",
	  "make a pod and hold it until killed" },
	{ "list", podctl_list, "podctl list",
	  "show all pods" },
	{ "top", podctl_top, "podctl top",
	  "watch all pods" },
	{ "target", podctl_target, "podctl target",
	  "change how much memory a pod may hold" },
	{ "policy", podctl_policy, "podctl policy",
	  "change what happens when a pod has used up its target" },
	{ "sweep", podctl_sweep, "podctl sweep",
	  "take memory back that holds only zeroes" },
	{ "events", podctl_events, "podctl events",
	  "show how often a pod ran low, or tell it as it happens" },
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

noreturn void podctl_die(enum podctl_exit code, const char *fmt, ...)
{
	va_list ap;

	fputs("podctl: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(code);
}

static void print_usage(FILE *out)
{
	size_t i;

	fputs("Usage: podctl COMMAND [OPTION...]\n\n", out);
	for (i = 0; i < NR_COMMANDS; i++)
		fprintf(out, "  %-8s %s\n", commands[i].name,
			commands[i].summary);
	fputs("\n'podctl COMMAND --help' tells more about one command.\n", out);
}

static const struct command *find_command(const char *name)
{
	size_t i;

	for (i = 0; i < NR_COMMANDS; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

int main(int argc, char **argv)
{
	const struct command *command;

	argp_err_exit_status = PODCTL_USAGE;
	if (argc < 2) {
		print_usage(stderr);
		return PODCTL_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		print_usage(stdout);
		return PODCTL_OK;
	}
	if (!strcmp(argv[1], "--version")) {
		puts(argp_program_version);
		return PODCTL_OK;
	}
	command = find_command(argv[1]);
	if (!command)
		podctl_die(PODCTL_USAGE,
			   "there is no command '%s'; see 'podctl --help'",
			   argv[1]);
	argv[1] = (char *)command->title;
	return command->main(argc - 1, argv + 1);
}
