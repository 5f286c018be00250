/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Arguments that several commands take. What is wrong ends the program with
 * argp_error().
 */
#ifndef PODCTL_ARGS_H
#define PODCTL_ARGS_H

#include <argp.h>
#include <stdint.h>

/* "pod3" or "3" */
uint32_t args_pod(struct argp_state *state, const char *text);

/* A size; @option says which, with its dashes, and is "" for an argument. */
uint64_t args_size(struct argp_state *state, const char *option,
		   const char *text);

#endif /* PODCTL_ARGS_H */
