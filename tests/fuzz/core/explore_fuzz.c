// SPDX-License-Identifier: GPL-2.0-only
/*
 * The order in which the actors of a pod take turns. $FUZZ_MISTAKE makes one of
 * the explorer's deliberate mistakes.
 */
#include <stdlib.h>

#include "explore.h"
#include "fuzz.h"

/* An input is where an order begins; what it says goes on by chance. */
#define STEPS	600

void fuzz_run(struct rnd *choices)
{
	const char *mistake = getenv("FUZZ_MISTAKE"), *error;
	const u8 *p;

	for (p = choices->at; p < choices->end; p++)
		choices->state = choices->state * 31 + *p;
	error = explore(choices, mistake ? atoi(mistake) : NO_MISTAKE, STEPS);
	if (error)
		fuzz_fail(error);
}
