// SPDX-License-Identifier: GPL-2.0-only
/*
 * podctl policy: what happens when a pod's reserve is empty, and how far it
 * may go beyond its target then.
 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "args.h"
#include "podctl.h"
#include "policy.h"
#include "size.h"
#include "sysfs.h"

#define PAGE_BYTES	4096ULL

enum limit {
	OVERDRAFT_MAX,
	GROW_MAX,
	NR_LIMITS,
};

static const char *const limit_names[NR_LIMITS] = {
	[OVERDRAFT_MAX] = "overdraft_max",
	[GROW_MAX] = "grow_max",
};

struct policy {
	uint32_t id;
	const char *name;		/* NULL = leave it */
	bool set[NR_LIMITS];
	uint64_t bytes[NR_LIMITS];
};

/* Keys of options without a letter. */
enum {
	KEY_OVERDRAFT_MAX = 0x100,
	KEY_GROW_MAX,
};

static const struct argp_option options[] = {
	{ "overdraft-max", KEY_OVERDRAFT_MAX, "SIZE", 0,
	  "How far those may go beyond the target who must not wait (wait, grow)",
	  0 },
	{ "grow-max", KEY_GROW_MAX, "SIZE", 0,
	  "How far everybody may go beyond the target (grow)", 0 },
	{ 0 },
};

static void parse_argument(struct argp_state *state, char *arg,
			   struct policy *policy)
{
	uint32_t value;

	switch (state->arg_num) {
	case 0:
		policy->id = args_pod(state, arg);
		return;
	case 1:
		if (!policy_parse(arg, &value))
			argp_error(state, "'%s' is none of wait, grow and fail",
				   arg);
		policy->name = arg;
		return;
	default:
		argp_error(state, "'%s' is one argument too many", arg);
	}
}

static void set_limit(struct argp_state *state, const char *option, char *arg,
		      enum limit limit)
{
	struct policy *policy = state->input;

	policy->set[limit] = true;
	policy->bytes[limit] = args_size(state, option, arg);
	if (policy->bytes[limit] % PAGE_BYTES)
		argp_error(state, "%s must be a multiple of 4K", option);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct policy *policy = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		*policy = (struct policy){ 0 };
		return 0;
	case KEY_OVERDRAFT_MAX:
		set_limit(state, "--overdraft-max", arg, OVERDRAFT_MAX);
		return 0;
	case KEY_GROW_MAX:
		set_limit(state, "--grow-max", arg, GROW_MAX);
		return 0;
	case ARGP_KEY_ARG:
		parse_argument(state, arg, policy);
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
	.args_doc = "POD [wait|grow|fail]",
	.doc = "Change what happens when a pod has used up its target, or show it.\v"
	       "wait: the virtual CPU sleeps until there is memory. grow: more is taken from the host. fail: the virtual machine ends. Touches that wait already follow the new policy.",
};

static void show_limit(const struct policy *policy, enum limit limit)
{
	char text[SIZE_TEXT_LEN] = "-";
	uint64_t bytes;

	if (!sysfs_read_u64(policy->id, limit_names[limit], &bytes))
		size_format(bytes, text);
	printf(" %s=%s", limit_names[limit], text);
}

static void show(const struct policy *policy)
{
	char name[SYSFS_VALUE_LEN];
	int limit, error;

	sysfs_need_pod(policy->id);
	error = sysfs_read(policy->id, "policy", name);
	printf("%s", error ? "-" : name);
	for (limit = 0; limit < NR_LIMITS; limit++)
		show_limit(policy, limit);
	putchar('\n');
	if (fflush(stdout))
		podctl_die(PODCTL_FAILED, "cannot write to stdout");
}

/* All before the first is written: nothing is set, or everything is. */
static void check_limits(const struct policy *policy)
{
	char text[SIZE_TEXT_LEN];
	uint64_t size;
	int limit;

	if (sysfs_read_u64(policy->id, "size", &size))
		return;
	for (limit = 0; limit < NR_LIMITS; limit++)
		if (policy->set[limit] && policy->bytes[limit] > size)
			podctl_die(PODCTL_FAILED,
				   "%s must not exceed the pod's size, %s",
				   limit_names[limit], size_format(size, text));
}

/* It is allowed, and somebody may wonder why nothing comes of it. */
static void note_pinnable(uint32_t id)
{
	uint64_t pinnable;

	if (!sysfs_read_u64(id, "pinnable", &pinnable) && pinnable)
		fprintf(stderr,
			"podctl: note: pod%" PRIu32
			" is pinnable: it has all of its memory, and needs no policy\n",
			id);
}

/* The limits first, so that the policy finds them as they are to be. */
static void change(const struct policy *policy)
{
	int limit, error;

	for (limit = 0; limit < NR_LIMITS; limit++) {
		if (!policy->set[limit])
			continue;
		error = sysfs_write_u64(policy->id, limit_names[limit],
					policy->bytes[limit]);
		if (error)
			sysfs_die(policy->id, limit_names[limit], -error);
	}
	if (!policy->name)
		return;
	error = sysfs_write(policy->id, "policy", policy->name);
	if (error == -EOPNOTSUPP)
		podctl_die(PODCTL_FAILED,
			   "this version of kvm-pod has no policy '%s'",
			   policy->name);
	if (error)
		sysfs_die(policy->id, "policy", -error);
}

int podctl_policy(int argc, char **argv)
{
	struct policy policy;

	argp_parse(&argp, argc, argv, 0, NULL, &policy);
	if (!policy.name && !policy.set[OVERDRAFT_MAX] &&
	    !policy.set[GROW_MAX]) {
		show(&policy);
		return PODCTL_OK;
	}
	check_limits(&policy);
	change(&policy);
	note_pinnable(policy.id);
	return PODCTL_OK;
}
