// SPDX-License-Identifier: GPL-2.0-only
/*
 * podctl run: make a pod and become the command that uses it. The pod file is
 * inherited, so the pod ends when the command does.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device.h"
#include "podctl.h"
#include "subst.h"

struct run {
	struct pod_opts opts;
	char **command;		/* part of argv, NULL-terminated */
};

static const struct argp_child children[] = {
	{ &pod_opts_argp, 0, NULL, 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct run *run = state->input;

	(void)arg;
	switch (key) {
	case ARGP_KEY_INIT:
		run->command = NULL;
		state->child_inputs[0] = &run->opts;
		return 0;
	case ARGP_KEY_ARG:
		/* All from here on belongs to the command. */
		run->command = &state->argv[state->next - 1];
		state->next = state->argc;
		return 0;
	case ARGP_KEY_END:
		if (!run->command)
			argp_error(state, "the command to run is missing");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {
	.parser = parse,
	.args_doc = "-- COMMAND [ARGUMENT...]",
	.children = children,
	.doc = "Make a pod and run COMMAND on it.\v"
	       "In the arguments {path} becomes a path that opens the pod file, {fd} its file descriptor, and {size} the size in bytes. Example:\n"
	       "\n"
	       "  podctl run --size 4G --target 1G -- qemu-system-x86_64 -accel kvm"
	       " -m 4G -object memory-backend-file,id=m0,size={size},mem-path={path},share=on,align=2M"
	       " -machine q35,memory-backend=m0 -device virtio-balloon-pci ...\n"
	       "\n"
	       "With --pinnable the guest can be given devices, such as -device vfio-pci,host=...\n"
	       "\n"
	       "KVM_POD_FD, KVM_POD_PATH and KVM_POD_SIZE in the environment say the same.",
};

/* Replaces the placeholders in place; true if the command gets at the pod. */
static bool fill_in(char **command, const char *fd, const char *path,
		    const char *size)
{
	struct subst substs[] = {
		{ "{fd}", fd, false },
		{ "{path}", path, false },
		{ "{size}", size, false },
	};

	for (; *command; command++)
		*command = subst_apply(*command, substs, 3);
	return substs[0].used || substs[1].used;
}

static void announce(const struct pod *pod, const struct pod_opts *opts,
		     char **command)
{
	char fd[16], path[32], size[24];

	snprintf(fd, sizeof(fd), "%d", pod->fd);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", pod->fd);
	snprintf(size, sizeof(size), "%" PRIu64, opts->size);
	if (setenv("KVM_POD_FD", fd, 1) || setenv("KVM_POD_PATH", path, 1) ||
	    setenv("KVM_POD_SIZE", size, 1))
		podctl_die(PODCTL_FAILED, "out of memory");
	if (!fill_in(command, fd, path, size))
		fputs("podctl: note: no {path} or {fd} in the command: only KVM_POD_PATH tells it of the pod\n",
		      stderr);
}

int podctl_run(int argc, char **argv)
{
	struct run run;
	struct pod pod;

	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &run);
	pod = pod_create(&run.opts, 0);
	announce(&pod, &run.opts, run.command);
	execvp(run.command[0], run.command);
	podctl_die(errno == ENOENT ? PODCTL_NOT_FOUND : PODCTL_NOT_EXECUTABLE,
		   "cannot run '%s': %s", run.command[0], strerror(errno));
}
