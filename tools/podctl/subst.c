// SPDX-License-Identifier: GPL-2.0-only
/*
 * Placeholders in a command line.
 */
#include "subst.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "podctl.h"

static struct subst *match(const char *text, struct subst *substs, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (!strncmp(text, substs[i].name, strlen(substs[i].name)))
			return &substs[i];
	return NULL;
}

char *subst_apply(const char *text, struct subst *substs, size_t nr)
{
	struct subst *subst;
	char *result;
	size_t length;
	FILE *out;

	out = open_memstream(&result, &length);
	if (!out)
		podctl_die(PODCTL_FAILED, "out of memory");
	while (*text) {
		subst = match(text, substs, nr);
		if (!subst) {
			fputc(*text++, out);
			continue;
		}
		fputs(subst->value, out);
		text += strlen(subst->name);
		subst->used = true;
	}
	if (fclose(out))
		podctl_die(PODCTL_FAILED, "out of memory");
	return result;
}
