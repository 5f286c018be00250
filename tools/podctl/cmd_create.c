// SPDX-License-Identifier: GPL-2.0-only
/*
 * podctl create: make a pod and hold it until a signal comes. The pod file can
 * be opened through the path that is printed, by whoever may look into this
 * process.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "device.h"
#include "podctl.h"

static const struct argp_child children[] = {
	{ &pod_opts_argp, 0, NULL, 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = state->input;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s' is not an option", arg);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {
	.parser = parse,
	.children = children,
	.doc = "Make a pod and hold it until killed.\v"
	       "Prints one line, 'pod<N> PATH', when the pod is ready: PATH opens the pod file. The pod ends with this process and with everybody else who has the file open or mapped.",
};

static void wait_for_signal(const sigset_t *set)
{
	int signal;

	while (sigwait(set, &signal))
		;
}

int podctl_create(int argc, char **argv)
{
	struct pod_opts opts;
	struct pod pod;
	sigset_t set;

	argp_parse(&argp, argc, argv, 0, NULL, &opts);
	pod = pod_create(&opts, O_CLOEXEC);

	/* Blocked before the line is out: its reader may kill at once. */
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);

	printf("pod%u /proc/%d/fd/%d\n", pod.id, getpid(), pod.fd);
	if (fflush(stdout))
		podctl_die(PODCTL_FAILED, "cannot write to stdout");
	wait_for_signal(&set);
	return PODCTL_OK;
}
