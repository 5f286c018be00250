// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PMT with its marks and the ledger below it, against the naive pod.
 */
#include "fuzz.h"
#include "model.h"

void fuzz_run(struct rnd *choices)
{
	model_make(choices);
	while (!model_is_dry())
		model_step();
	model_drain();
}
