/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The naive pod: every page a struct, every count a loop. What the PMT and
 * the ledger say is compared with it.
 */
#ifndef POD_TEST_MODEL_H
#define POD_TEST_MODEL_H

#include "pmt.h"
#include "rnd.h"

#define MODEL_REGIONS	5

struct model_page {
	enum pod_page state;
	u64 handle;
	bool zero;
	bool parked;
	bool parked_given;
	bool marked;
	bool marked_given;
};

struct model_region {
	enum pod_kind kind;
	u64 handle;
	bool zero;
	bool frozen;
	bool parked;
	struct model_page page[POD_REGION_PAGES];
};

struct model {
	struct model_region region[MODEL_REGIONS];
	u64 target;
	u64 owned;
	u64 to_shrink;
	u64 overdraft;
	bool announced;
};

struct model_page *model_page(struct model *m, unsigned long index);
bool model_all(const struct model_region *r, enum pod_page state);
bool model_has_marks(const struct model_region *r);
unsigned int model_nr_marked(const struct model_region *r);
unsigned int model_nr_given_marks(const struct model_region *r);

/* Gauges by counting, for pod_pmt_recount() and the ledger to agree with. */
void model_count(const struct model *m, struct pod_delta *total);

/* Compares everything that can be asked; ends the test at a difference. */
void model_compare(struct model *m, struct pod_pmt *pmt);

/*
 * One pod and its model: new, changed by an operation of those that are legal,
 * compared, and at the end emptied. What happens, the choices decide.
 */
void model_make(const struct rnd *choices);
void model_step(void);
bool model_is_dry(void);
void model_drain(void);

#endif /* POD_TEST_MODEL_H */
