// SPDX-License-Identifier: GPL-2.0-only
/*
 * podctl sweep: take memory back that holds only zeroes.
 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/kvm_pod.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "args.h"
#include "podctl.h"
#include "podfile.h"
#include "size.h"
#include "sysfs.h"

#define PAGE_BYTES	4096ULL

/* Swept by one call: the pod's end is noticed between two. */
#define CHUNK		(256ULL << 20)

struct sweep {
	uint32_t id;
	uint32_t flags;		/* KVM_POD_SWEEP_* */
	uint64_t offset;
	uint64_t length;	/* 0 = up to the pod's end */
};

struct result {
	uint64_t scanned;	/* bytes, as the next one */
	uint64_t reclaimed;
};

static const struct argp_option options[] = {
	{ "demote", 'd', NULL, 0,
	  "Take 2M blocks apart of which at least a quarter is zero", 0 },
	{ "range", 'r', "OFFSET+LENGTH", 0,
	  "Sweep this part of the pod only, such as 1G+512M", 0 },
	{ 0 },
};

static void parse_range(struct argp_state *state, char *arg,
			struct sweep *sweep)
{
	char *length = strchr(arg, '+');

	if (!length)
		argp_error(state,
			   "--range: '%s' is not OFFSET+LENGTH, such as 1G+512M",
			   arg);
	*length++ = '\0';
	sweep->offset = args_size(state, "--range", arg);
	sweep->length = args_size(state, "--range", length);
	if (sweep->offset % PAGE_BYTES || sweep->length % PAGE_BYTES)
		argp_error(state, "--range must be in multiples of 4K");
	if (!sweep->length)
		argp_error(state, "--range: the length is 0");
}

static void parse_argument(struct argp_state *state, char *arg,
			   struct sweep *sweep)
{
	if (state->arg_num)
		argp_error(state, "'%s' is one argument too many", arg);
	sweep->id = args_pod(state, arg);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct sweep *sweep = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		*sweep = (struct sweep){ 0 };
		return 0;
	case 'd':
		sweep->flags |= KVM_POD_SWEEP_DEMOTE;
		return 0;
	case 'r':
		parse_range(state, arg, sweep);
		return 0;
	case ARGP_KEY_ARG:
		parse_argument(state, arg, sweep);
		return 0;
	case ARGP_KEY_END:
		if (!state->arg_num)
			argp_error(state, "the pod is missing");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "POD",
	.doc = "Take back memory of a pod that holds only zeroes.\v"
	       "It reads as zero afterwards as before, and comes from the reserve again when the guest writes to it. The guest goes on meanwhile. The pod file is opened through the process that has it, so this is for that process's user and for root.",
};

static noreturn void die_sweep(const struct sweep *sweep, int error)
{
	switch (error) {
	case EBUSY:
		podctl_die(PODCTL_FAILED,
			   "pod%" PRIu32
			   " is pinnable: its memory is pinned for devices, and nothing can be taken back",
			   sweep->id);
	case ENOTTY:
		podctl_die(PODCTL_FAILED,
			   "this version of kvm-pod cannot sweep on demand");
	case EIO:
		podctl_die(PODCTL_FAILED, "pod%" PRIu32
			   " was found inconsistent and is out of service",
			   sweep->id);
	default:
		podctl_die(PODCTL_FAILED, "cannot sweep pod%" PRIu32 ": %s",
			   sweep->id, strerror(error));
	}
}

/* The range's end, checked against the pod. */
static uint64_t end_of_range(const struct sweep *sweep)
{
	char text[SIZE_TEXT_LEN];
	uint64_t size;

	if (sysfs_read_u64(sweep->id, "size", &size))
		sysfs_need_pod(sweep->id);
	if (sweep->offset >= size || sweep->length > size - sweep->offset)
		podctl_die(PODCTL_FAILED,
			   "--range: the pod ends before that, at %s",
			   size_format(size, text));
	return sweep->length ? sweep->offset + sweep->length : size;
}

/* From @from to a multiple of CHUNK or @end. Returns how far it came. */
static uint64_t sweep_chunk(const struct sweep *sweep, int fd, uint64_t from,
			    uint64_t end, struct result *result)
{
	uint64_t next = (from / CHUNK + 1) * CHUNK;
	struct kvm_pod_sweep call = {
		.size = sizeof(call),
		.flags = sweep->flags,
		.offset = from,
		.length = (next < end ? next : end) - from,
	};

	/* Stopped and continued, for instance: what was done is reported. */
	if (ioctl(fd, KVM_POD_SWEEP, &call) && errno != EINTR)
		die_sweep(sweep, errno);
	result->scanned += call.out_scanned;
	result->reclaimed += call.out_reclaimed;
	return call.out_next;
}

int podctl_sweep(int argc, char **argv)
{
	char scanned[SIZE_TEXT_LEN], reclaimed[SIZE_TEXT_LEN];
	struct result result = { 0 };
	struct podfile file;
	struct sweep sweep;
	uint64_t at, end;

	argp_parse(&argp, argc, argv, 0, NULL, &sweep);
	file = podfile_open(sweep.id);
	end = end_of_range(&sweep);
	for (at = sweep.offset; at < end; ) {
		at = sweep_chunk(&sweep, file.fd, at, end, &result);
		if (!podfile_is_held(&file))
			podctl_die(PODCTL_FAILED,
				   "process %d, which had the pod, ended",
				   file.pid);
	}
	printf("pod%" PRIu32 ": looked at %s, took back %s\n", sweep.id,
	       size_format(result.scanned, scanned),
	       size_format(result.reclaimed, reclaimed));
	if (fflush(stdout))
		podctl_die(PODCTL_FAILED, "cannot write to stdout");
	return PODCTL_OK;
}
