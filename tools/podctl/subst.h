/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Placeholders in a command line.
 */
#ifndef PODCTL_SUBST_H
#define PODCTL_SUBST_H

#include <stdbool.h>
#include <stddef.h>

struct subst {
	const char *name;	/* with its braces: "{fd}" */
	const char *value;
	bool used;		/* set when subst_apply() met it */
};

/*
 * Returns a copy of @text with every placeholder of @substs (@nr of them)
 * replaced, to be freed by the caller. Braces that enclose anything else stay.
 */
char *subst_apply(const char *text, struct subst *substs, size_t nr);

#endif /* PODCTL_SUBST_H */
