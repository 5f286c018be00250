/* SPDX-License-Identifier: GPL-2.0-only */
/* What actors do in an arena. */
#ifndef POD_SELFTEST_DEEDS_H
#define POD_SELFTEST_DEEDS_H

#include "arena.h"

/**
 * struct deed - an operation
 * @weight: how often it is done, compared with others
 * @fn: of a deed: @run is owned and not torn. Of an errand: it is anybody's,
 *	and no content may change.
 */
struct deed {
	const char *name;
	unsigned int weight;
	void (*fn)(struct actor *actor, struct run run);
};

const struct deed *pick_deed(struct actor *actor, const struct deed *from,
			     unsigned int nr);

/* One of them. */
void do_deed(struct actor *actor);
void do_errand(struct actor *actor);

#endif /* POD_SELFTEST_DEEDS_H */
