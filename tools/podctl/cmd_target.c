// SPDX-License-Identifier: GPL-2.0-only
/*
 * podctl target: change how much memory a pod may hold. It knows nothing of
 * the guest's balloon: whoever lowers the target must also inflate that.
 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>

#include "args.h"
#include "podctl.h"
#include "size.h"
#include "sysfs.h"

struct target {
	uint32_t id;
	uint64_t bytes;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct target *target = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (state->arg_num == 0)
			target->id = args_pod(state, arg);
		else if (state->arg_num == 1)
			target->bytes = args_size(state, "", arg);
		else
			argp_error(state, "'%s' is one argument too many", arg);
		return 0;
	case ARGP_KEY_END:
		if (state->arg_num < 2)
			argp_error(state, "the pod or its new target is missing");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {
	.parser = parse,
	.args_doc = "POD SIZE",
	.doc = "Change how much memory a pod may hold.\v"
	       "Raising takes the difference from the host before it returns. Lowering returns at once; what the guest still uses leaves as its balloon gives it up, so tell the balloon too. A pinnable pod keeps its target. A guest under the patched QEMU is resized by QEMU's 'balloon' command alone.",
};

static noreturn void die_target(const struct target *target, int error)
{
	char now[SIZE_TEXT_LEN];
	uint64_t bytes;

	switch (error) {
	case EINVAL:
		podctl_die(PODCTL_FAILED,
			   "a target must be a multiple of 4K, at least 2M and at most the pod's size");
	case EBUSY:
		podctl_die(PODCTL_FAILED,
			   "pod%" PRIu32
			   " is pinnable: its memory is pinned for devices, and its target is its size for good",
			   target->id);
	case ENOMEM:
		if (sysfs_read_u64(target->id, "target", &bytes))
			break;
		podctl_die(PODCTL_NO_MEMORY,
			   "the host does not give that much; the target is now %s",
			   size_format(bytes, now));
	}
	sysfs_die(target->id, "target", error);
}

int podctl_target(int argc, char **argv)
{
	struct target target;
	int error;

	argp_parse(&argp, argc, argv, 0, NULL, &target);
	error = sysfs_write_u64(target.id, "target", target.bytes);
	if (error)
		die_target(&target, -error);
	return PODCTL_OK;
}
