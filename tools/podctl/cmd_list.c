// SPDX-License-Identifier: GPL-2.0-only
/*
 * podctl list: one line for each pod, from sysfs.
 */
#include <argp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "podctl.h"
#include "sysfs.h"
#include "table.h"

/* The columns with a size, and the value in sysfs that each shows. */
static const struct column {
	const char *title;
	const char *value;
} columns[] = {
	{ "SIZE", "size" },
	{ "TARGET", "target" },
	{ "OWNED", "owned" },
	{ "OVERDRAFT", "overdraft" },
	{ "POPULATED", "populated" },
	{ "RESERVE", "reserve" },
	{ "GIVEN", "given" },
	{ "TO-SHRINK", "to_shrink" },
};

#define NR_COLUMNS (sizeof(columns) / sizeof(columns[0]))

struct list {
	bool bytes;	/* plain numbers rather than 1.5G */
};

static const struct argp_option options[] = {
	{ "bytes", 'b', NULL, 0, "Show sizes in bytes", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct list *list = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		list->bytes = false;
		return 0;
	case 'b':
		list->bytes = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s' is not an option", arg);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Show all pods.\v"
	       "PID is the process that made the pod. A value that cannot be read is shown as '-'. OVERDRAFT is the part of OWNED that was taken beyond the target. A PINNABLE pod was made with --pinnable, for devices.",
};

static int column_width(const struct list *list)
{
	return list->bytes ? 14 : 10;
}

static void print_header(const struct list *list)
{
	size_t i;

	printf("%-8s %8s %-6s", "POD", "PID", "POLICY");
	for (i = 0; i < NR_COLUMNS; i++)
		printf(" %*s", column_width(list), columns[i].title);
	puts(" PINNABLE  LABEL");
}

static void print_pod(const struct list *list, uint32_t id)
{
	size_t i;

	if (!sysfs_has_pod(id))
		return;
	table_pod(id);
	table_text(id, "owner_pid", 8);
	table_text(id, "policy", -6);
	for (i = 0; i < NR_COLUMNS; i++)
		table_size(id, columns[i].value, column_width(list),
			   list->bytes);
	table_yes_no(id, "pinnable", 8);
	putchar(' ');
	table_text(id, "label", 0);
	putchar('\n');
}

int podctl_list(int argc, char **argv)
{
	struct list list;
	uint32_t *ids;
	int i, nr;

	argp_parse(&argp, argc, argv, 0, NULL, &list);
	nr = sysfs_need_pods(&ids);
	print_header(&list);
	for (i = 0; i < nr; i++)
		print_pod(&list, ids[i]);
	free(ids);
	if (fflush(stdout))
		podctl_die(PODCTL_FAILED, "cannot write to stdout");
	return PODCTL_OK;
}
