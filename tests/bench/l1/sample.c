// SPDX-License-Identifier: GPL-2.0-only
#include "sample.h"

#include <stdio.h>
#include <stdlib.h>

/* The least that ticks() costs, from now to now. */
static uint64_t overhead(void)
{
	static uint64_t least;
	uint64_t begin, took;
	int i;

	for (i = 0; !least && i < 100; i++) {
		begin = ticks();
		took = ticks() - begin;
		if (!i || took < least)
			least = took;
	}
	return least;
}

void samples_begin(struct samples *s, unsigned int max)
{
	s->ticks = calloc(max, sizeof(*s->ticks));
	if (!s->ticks)
		abort();
	s->nr = 0;
	s->max = max;
}

void samples_add(struct samples *s, uint64_t ticks)
{
	uint64_t own = overhead();

	if (s->nr == s->max)
		abort();
	s->ticks[s->nr++] = ticks > own ? ticks - own : 0;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static double mean(const struct samples *s)
{
	double sum = 0;
	unsigned int i;

	for (i = 0; i < s->nr; i++)
		sum += s->ticks[i];
	return sum / s->nr;
}

static uint64_t at(const struct samples *s, unsigned int percent)
{
	return s->ticks[(s->nr - 1) * percent / 100];
}

void samples_print(struct samples *s, const char *row, const char *peer,
		   const char *page, double per)
{
	qsort(s->ticks, s->nr, sizeof(*s->ticks), compare);
	printf("{\"row\": \"%s\", \"peer\": \"%s\", \"page\": \"%s\", \"n\": %u, "
	       "\"mean\": %.1f, \"p50\": %.1f, \"p99\": %.1f, \"max\": %.1f}\n",
	       row, peer, page, s->nr, mean(s) / per, at(s, 50) / per,
	       at(s, 99) / per, at(s, 100) / per);
	fflush(stdout);
	free(s->ticks);
	s->ticks = NULL;
}
