/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Decisions that depend on counts alone. They change nothing.
 */
#ifndef POD_CORE_POLICY_H
#define POD_CORE_POLICY_H

#include <linux/types.h>

#include "ledger.h"

/**
 * enum pod_pressure - how close a pod is to failing a touch
 * @POD_PRESSURE_NONE: the reserve is above the low mark, or covers everything
 *	that is outstanding
 * @POD_PRESSURE_LOW: the reserve is below the low mark
 * @POD_PRESSURE_EXHAUSTED: the reserve is empty and something is outstanding
 */
enum pod_pressure {
	POD_PRESSURE_NONE,
	POD_PRESSURE_LOW,
	POD_PRESSURE_EXHAUSTED,
};

/**
 * pod_policy_pressure() - judge one reading of the ledger
 * @low_mark: in pages; 0 = never low
 */
enum pod_pressure pod_policy_pressure(const struct pod_ledger_view *view,
				      u64 low_mark);

/**
 * struct pod_touch - a write to a page without memory
 * @hole: all pages of the region are POD
 * @pmd_mappable: the toucher's page table could take a 2 MiB mapping
 * @whole_file: the toucher is write(), which has no page table
 */
struct pod_touch {
	bool hole;
	bool pmd_mappable;
	bool whole_file;
};

/** pod_policy_wants_huge() - should this touch get a 2 MiB block? */
bool pod_policy_wants_huge(const struct pod_touch *touch);

#endif /* POD_CORE_POLICY_H */
