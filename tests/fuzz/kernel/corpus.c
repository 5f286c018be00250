// SPDX-License-Identifier: GPL-2.0-only
/* The programs that reached something first. Printed are the fewest of them. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_CORPUS	1024
#define MAX_PRINTED	200

struct entry {
	struct prog prog;
	unsigned int nr;
	unsigned int *places;
};

static struct entry corpus[MAX_CORPUS];
static unsigned int size;
static bool covered[MAX_PLACES];

bool corpus_is_new(unsigned int nr)
{
	return !covered[nr];
}

void corpus_add(const struct prog *p, const unsigned int *places,
		unsigned int nr)
{
	struct entry *e = &corpus[size < MAX_CORPUS ? size : random_below(size)];
	unsigned int i;

	for (i = 0; i < nr; i++)
		covered[places[i]] = true;
	free(e->places);
	e->prog = *p;
	e->nr = nr;
	e->places = malloc(nr * sizeof(*places));
	if (e->places)
		memcpy(e->places, places, nr * sizeof(*places));
	else
		e->nr = 0;
	size += size < MAX_CORPUS;
}

/* Later ones more often: they got further. */
const struct prog *corpus_pick(void)
{
	u64 a = random_below(size), b = random_below(size);

	return size ? &corpus[a > b ? a : b].prog : NULL;
}

unsigned int corpus_size(void)
{
	return size;
}

static unsigned int gain_of(const struct entry *e, const bool *have)
{
	unsigned int i, gain = 0;

	for (i = 0; i < e->nr; i++)
		gain += !have[e->places[i]];
	return gain;
}

static struct entry *best(const bool *have)
{
	unsigned int i, gain, most = 0;
	struct entry *found = NULL;

	for (i = 0; i < size; i++) {
		gain = gain_of(&corpus[i], have);
		if (gain > most || (gain && gain == most &&
				    corpus[i].prog.nr < found->prog.nr)) {
			most = gain;
			found = &corpus[i];
		}
	}
	return found;
}

/* The one that adds most, then the one that adds most to that, and so on. */
void corpus_print(void)
{
	static bool have[MAX_PLACES];
	static char text[TEXT_MAX];
	unsigned int printed, i;
	struct entry *e;

	for (printed = 0; printed < MAX_PRINTED; printed++) {
		e = best(have);
		if (!e)
			break;
		for (i = 0; i < e->nr; i++)
			have[e->places[i]] = true;
		prog_print(&e->prog, text, sizeof(text), ";");
		printf("KEEP %s\n", text);
	}
}
