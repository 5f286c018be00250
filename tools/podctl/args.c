// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arguments that several commands take.
 */
#include "args.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "size.h"

uint32_t args_pod(struct argp_state *state, const char *text)
{
	const char *number = strncmp(text, "pod", 3) ? text : text + 3;
	uint32_t id = 0;
	int end = 0;

	if (!isdigit((unsigned char)*number) ||
	    sscanf(number, "%" SCNu32 "%n", &id, &end) != 1 || number[end])
		argp_error(state, "'%s' is not a pod; write pod0 or 0", text);
	return id;
}

uint64_t args_size(struct argp_state *state, const char *option,
		   const char *text)
{
	uint64_t bytes = 0;

	if (!size_parse(text, &bytes))
		argp_error(state,
			   "%s%s'%s' is not a size; write bytes, or a number with K, M, G or T",
			   option, *option ? ": " : "", text);
	return bytes;
}
