// SPDX-License-Identifier: GPL-2.0-only
/*
 * podbench [ROW...] - measure rows; a line of JSON for each figure. By default
 * all but those that want an L1 of their own.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "rows.h"

static const struct {
	const char *name;
	void (*measure)(void);
	bool asked;
} rows[] = {
	{ "touch", row_touch },
	{ "guest", row_guest },
	{ "discard", row_discard },
	{ "create", row_create },
	{ "sweep", row_sweep },
	{ "create-large", row_create_large, true },
	{ "create-threads", row_create_threads, true },
	{ "metadata", row_metadata, true },
	{ "jitter", row_jitter, true },
};

#define NR_ROWS	(sizeof(rows) / sizeof(rows[0]))

static int measure(const char *name)
{
	unsigned int i;

	for (i = 0; i < NR_ROWS; i++) {
		if (name ? strcmp(name, rows[i].name) : rows[i].asked)
			continue;
		rows[i].measure();
		if (name)
			return 0;
	}
	if (name)
		fprintf(stderr, "podbench: there is no row '%s'\n", name);
	return name ? 1 : 0;
}

int main(int argc, char **argv)
{
	int i, bad = 0;

	if (argc == 1)
		return measure(NULL);
	for (i = 1; i < argc; i++)
		bad |= measure(argv[i]);
	return bad;
}
