// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sizes as people write and read them.
 */
#include "size.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char units[] = "KMGT";

static bool unit_shift(const char *suffix, unsigned int *shift)
{
	const char *unit;

	*shift = 0;
	if (!*suffix)
		return true;
	unit = strchr(units, toupper((unsigned char)*suffix));
	if (!unit || suffix[1])
		return false;
	*shift = 10 * (unsigned int)(unit - units + 1);
	return true;
}

bool size_parse(const char *text, uint64_t *bytes)
{
	unsigned long long number;
	unsigned int shift;
	char *end;

	/* strtoull() takes blanks and signs; a size has neither. */
	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno || !unit_shift(end, &shift))
		return false;
	if (number > (UINT64_MAX >> shift))
		return false;
	*bytes = (uint64_t)number << shift;
	return true;
}

const char *size_format(uint64_t bytes, char text[SIZE_TEXT_LEN])
{
	uint64_t unit = 1;
	int i = -1;

	while (units[i + 1] && bytes / unit >= 1024) {
		unit <<= 10;
		i++;
	}
	if (i < 0)
		snprintf(text, SIZE_TEXT_LEN, "%" PRIu64, bytes);
	else if (bytes % unit == 0)
		snprintf(text, SIZE_TEXT_LEN, "%" PRIu64 "%c", bytes / unit,
			 units[i]);
	else
		snprintf(text, SIZE_TEXT_LEN, "%.1f%c",
			 (double)bytes / (double)unit, units[i]);
	return text;
}
