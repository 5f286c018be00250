// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cells of the tables that "list" and "top" print.
 */
#include "table.h"

#include <inttypes.h>
#include <stdio.h>

#include "size.h"
#include "sysfs.h"

void table_pod(uint32_t id)
{
	char name[16];

	snprintf(name, sizeof(name), "pod%" PRIu32, id);
	printf("%-8s", name);
}

void table_text(uint32_t id, const char *name, int width)
{
	char text[SYSFS_VALUE_LEN];

	printf(" %*s", width, sysfs_read(id, name, text) ? "-" : text);
}

void table_yes_no(uint32_t id, const char *name, int width)
{
	const char *text = "-";
	uint64_t value;

	if (!sysfs_read_u64(id, name, &value))
		text = value ? "yes" : "no";
	printf(" %*s", width, text);
}

void table_size(uint32_t id, const char *name, int width, bool bytes)
{
	char text[SIZE_TEXT_LEN] = "-";
	uint64_t value;

	if (!sysfs_read_u64(id, name, &value)) {
		if (bytes)
			snprintf(text, sizeof(text), "%" PRIu64, value);
		else
			size_format(value, text);
	}
	printf(" %*s", width, text);
}
