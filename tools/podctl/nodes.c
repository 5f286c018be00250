// SPDX-License-Identifier: GPL-2.0-only
/*
 * NUMA node lists as numactl and cpusets write them.
 */
#include "nodes.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool parse_node(const char **text, unsigned int *node)
{
	unsigned long value;
	char *end;

	if (!isdigit((unsigned char)**text))
		return false;
	value = strtoul(*text, &end, 10);
	if (value >= NODES_MAX)
		return false;
	*text = end;
	*node = (unsigned int)value;
	return true;
}

static void add_nodes(struct nodes *nodes, unsigned int first,
		      unsigned int last)
{
	unsigned int node;

	for (node = first; node <= last; node++)
		nodes->mask[node / 64] |= UINT64_C(1) << (node % 64);
	if (nodes->words < last / 64 + 1)
		nodes->words = last / 64 + 1;
}

bool nodes_parse(const char *text, struct nodes *nodes)
{
	unsigned int first, last;

	memset(nodes, 0, sizeof(*nodes));
	for (;; text++) {
		if (!parse_node(&text, &first))
			return false;
		last = first;
		if (*text == '-') {
			text++;
			if (!parse_node(&text, &last) || last < first)
				return false;
		}
		add_nodes(nodes, first, last);
		if (!*text)
			return true;
		if (*text != ',')
			return false;
	}
}
