// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random operations, each compared with the naive model. A failing run is
 * repeated with SEED=; with a small POD_REGION_ORDER it stays readable.
 */
#include "model.h"

#include "test.h"

static void run(unsigned int nr_ops)
{
	u64 seed = test_seed();
	unsigned int i;

	test_note("SEED=%#llx, %lu pages a region",
		  (unsigned long long)seed, POD_REGION_PAGES);
	model_make(&(struct rnd){ .state = seed });
	for (i = 0; i < nr_ops; i++)
		model_step();
	model_drain();
}

static void agrees(void)
{
	unsigned int i;

	for (i = 0; i < 8; i++)
		run(MODEL_OPS);
}

const struct test tests[] = {
	{ "model: the PMT and the ledger agree with the naive pod", agrees },
	{ }
};
