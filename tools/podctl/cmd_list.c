// SPDX-License-Identifier: GPL-2.0-only
/*
 * podctl list: one line for each pod, from sysfs.
 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "podctl.h"
#include "size.h"
#include "sysfs.h"

/* The columns with a size, and the value in sysfs that each shows. */
static const struct column {
	const char *title;
	const char *value;
} columns[] = {
	{ "SIZE", "size" },
	{ "TARGET", "target" },
	{ "OWNED", "owned" },
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
	       "PID is the process that made the pod. A value that cannot be read is shown as '-'.",
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
	puts("  LABEL");
}

static void print_size(const struct list *list, uint32_t id, const char *name)
{
	char text[SIZE_TEXT_LEN] = "-";
	uint64_t value;

	if (!sysfs_read_u64(id, name, &value)) {
		if (list->bytes)
			snprintf(text, sizeof(text), "%" PRIu64, value);
		else
			size_format(value, text);
	}
	printf(" %*s", column_width(list), text);
}

static const char *read_text(uint32_t id, const char *name,
			     char value[SYSFS_VALUE_LEN])
{
	return sysfs_read(id, name, value) ? "-" : value;
}

static void print_pod(const struct list *list, uint32_t id)
{
	char name[16], pid[SYSFS_VALUE_LEN], text[SYSFS_VALUE_LEN];
	size_t i;

	/* It may have ended since the directory was read. */
	if (sysfs_read(id, "size", text) == -ENOENT)
		return;
	snprintf(name, sizeof(name), "pod%" PRIu32, id);
	printf("%-8s %8s", name, read_text(id, "owner_pid", pid));
	printf(" %-6s", read_text(id, "policy", text));
	for (i = 0; i < NR_COLUMNS; i++)
		print_size(list, id, columns[i].value);
	printf("  %s\n", read_text(id, "label", text));
}

int podctl_list(int argc, char **argv)
{
	struct list list;
	uint32_t *ids;
	int i, nr;

	argp_parse(&argp, argc, argv, 0, NULL, &list);
	nr = sysfs_pods(&ids);
	if (nr == -ENOENT)
		podctl_die(PODCTL_NO_DEVICE,
			   "kvm-pod is not loaded; load it with 'modprobe kvm-pod'");
	if (nr < 0)
		podctl_die(PODCTL_FAILED, "cannot list the pods: %s",
			   strerror(-nr));
	print_header(&list);
	for (i = 0; i < nr; i++)
		print_pod(&list, ids[i]);
	free(ids);
	if (fflush(stdout))
		podctl_die(PODCTL_FAILED, "cannot write to stdout");
	return PODCTL_OK;
}
