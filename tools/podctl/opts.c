// SPDX-License-Identifier: GPL-2.0-only
/*
 * The options that describe a new pod, common to "create" and "run".
 */
#include "opts.h"

#include <linux/kvm_pod.h>
#include <string.h>

#include "args.h"
#include "podctl.h"
#include "policy.h"

#define PAGE_BYTES	4096ULL
#define REGION_BYTES	(2ULL << 20)

#define KEY_PINNABLE	256

static const struct argp_option options[] = {
	{ "size", 's', "SIZE", 0,
	  "What the guest sees: a multiple of 2M", 0 },
	{ "target", 't', "SIZE", 0,
	  "What the guest may hold: taken from the host at once", 0 },
	{ "pinnable", KEY_PINNABLE, NULL, 0,
	  "Let devices pin it (VFIO): all of it is there, and never moves", 0 },
	{ "label", 'l', "TEXT", 0,
	  "A name for people", 0 },
	{ "policy", 'p', "POLICY", 0,
	  "When the target is used up: wait (the default), grow or fail", 0 },
	{ "nodes", 'n', "LIST", 0,
	  "NUMA nodes to take memory from, such as 0,2-3", 0 },
	{ 0 },
};

static void parse_policy(struct argp_state *state, const char *text,
			 struct pod_opts *opts)
{
	if (!policy_parse(text, &opts->policy))
		argp_error(state, "--policy: '%s' is none of wait, grow and fail",
			   text);
}

static void parse_label(struct argp_state *state, const char *text,
			struct pod_opts *opts)
{
	const char *c;

	if (strlen(text) >= KVM_POD_LABEL_LEN)
		argp_error(state, "--label: at most %d characters are allowed",
			   KVM_POD_LABEL_LEN - 1);
	for (c = text; *c; c++)
		if (*c < ' ' || *c > '~')
			argp_error(state,
				   "--label: only printable ASCII is allowed");
	opts->label = text;
}

static void parse_target(struct argp_state *state, const char *text,
			 struct pod_opts *opts)
{
	opts->target = args_size(state, "--target", text);
	if (opts->target < REGION_BYTES)
		argp_error(state, "--target must be at least 2M");
}

static void set_defaults(struct pod_opts *opts)
{
	memset(opts, 0, sizeof(*opts));
	opts->policy = KVM_POD_POLICY_WAIT;
	opts->label = "";
}

/* A pinnable pod holds all of its memory from the start. */
static void settle_target(struct argp_state *state, struct pod_opts *opts)
{
	if (!opts->pinnable)
		return;
	if (!opts->target)
		opts->target = opts->size;
	if (opts->target != opts->size)
		argp_error(state,
			   "--pinnable: all of the memory is there from the start: leave --target out, or give it the size");
}

static void check(struct argp_state *state, const struct pod_opts *opts)
{
	if (!opts->size)
		argp_error(state, "--size is missing or 0");
	if (!opts->target)
		argp_error(state, "--target is missing");
	if (opts->size % REGION_BYTES)
		argp_error(state, "--size must be a multiple of 2M");
	if (opts->target % PAGE_BYTES)
		argp_error(state, "--target must be a multiple of 4K");
	if (opts->target > opts->size)
		argp_error(state, "--target must not exceed --size");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct pod_opts *opts = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		set_defaults(opts);
		return 0;
	case 's':
		opts->size = args_size(state, "--size", arg);
		return 0;
	case 't':
		parse_target(state, arg, opts);
		return 0;
	case KEY_PINNABLE:
		opts->pinnable = true;
		return 0;
	case 'l':
		parse_label(state, arg, opts);
		return 0;
	case 'p':
		parse_policy(state, arg, opts);
		return 0;
	case 'n':
		if (!nodes_parse(arg, &opts->nodes))
			argp_error(state,
				   "--nodes: '%s' is not a list of nodes such as 0,2-3",
				   arg);
		return 0;
	case ARGP_KEY_END:
		settle_target(state, opts);
		check(state, opts);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

const struct argp pod_opts_argp = { .options = options, .parser = parse };
