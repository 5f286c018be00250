// SPDX-License-Identifier: GPL-2.0-only
/*
 * podctl top: the pods and what they do, again and again.
 */
#include <argp.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "podctl.h"
#include "size.h"
#include "sysfs.h"
#include "table.h"

#define PAGE_BYTES	4096.0
#define DELAY_MAX	86400.0

/* Home, and erase what is below. */
#define CLEAR_SCREEN	"\033[H\033[J"

static const struct column {
	const char *title;
	const char *value;
} sizes[] = {
	{ "SIZE", "size" },
	{ "TARGET", "target" },
	{ "POPULATED", "populated" },
	{ "RESERVE", "reserve" },
	{ "OVERDRAFT", "overdraft" },
	{ "TO-SHRINK", "to_shrink" },
}, rates[] = {
	/* Since the last screen, and per second. */
	{ "2M/s", "populate_2m" },
	{ "4K/s", "populate_4k" },
	{ "WAITS/s", "waits" },
	{ "SWEPT/s", "sweep_reclaimed" },
};

#define NR_SIZES (sizeof(sizes) / sizeof(sizes[0]))
#define NR_RATES (sizeof(rates) / sizeof(rates[0]))

/* The last of @rates is in pages, and shown in bytes. */
#define RATE_SWEPT (NR_RATES - 1)

struct top {
	double delay;		/* seconds between two screens */
	unsigned long screens;	/* 0 = until killed */
};

/* The counts of a pod when it was last shown. */
struct sample {
	uint32_t id;
	bool known[NR_RATES];
	uint64_t count[NR_RATES];
};

struct screen {
	struct sample *samples;
	int nr;
	double time;		/* seconds, of a clock that never jumps */
};

static const struct argp_option options[] = {
	{ "delay", 'd', "SECONDS", 0, "Between two screens (default: 1)", 0 },
	{ "count", 'n', "NUMBER", 0, "End after so many screens", 0 },
	{ 0 },
};

static double parse_delay(struct argp_state *state, const char *text)
{
	double delay;
	char *end;

	delay = strtod(text, &end);
	if (end == text || *end || !(delay > 0 && delay <= DELAY_MAX))
		argp_error(state, "--delay: '%s' is not a time in seconds",
			   text);
	return delay;
}

static unsigned long parse_count(struct argp_state *state, const char *text)
{
	unsigned long count;
	char *end;

	count = strtoul(text, &end, 10);
	if (end == text || *end || *text == '-' || !count)
		argp_error(state, "--count: '%s' is not a number", text);
	return count;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct top *top = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		*top = (struct top){ .delay = 1 };
		return 0;
	case 'd':
		top->delay = parse_delay(state, arg);
		return 0;
	case 'n':
		top->screens = parse_count(state, arg);
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
	.doc = "Watch all pods, until killed.\v"
	       "WAIT is how many touches wait for memory now. 2M/s and 4K/s are the blocks and pages populated, SWEPT/s what was found to be zero and taken back, WAITS/s the waits begun, each per second since the screen before. A value that cannot be read is shown as '-'.",
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void take_sample(uint32_t id, struct sample *sample)
{
	size_t i;

	sample->id = id;
	for (i = 0; i < NR_RATES; i++)
		sample->known[i] = !sysfs_read_u64(id, rates[i].value,
						   &sample->count[i]);
}

static struct screen take_screen(void)
{
	struct screen screen = { .time = now() };
	uint32_t *ids;
	int i;

	screen.nr = sysfs_need_pods(&ids);
	screen.samples = calloc((size_t)screen.nr + 1, sizeof(struct sample));
	if (!screen.samples)
		podctl_die(PODCTL_FAILED, "out of memory");
	for (i = 0; i < screen.nr; i++)
		take_sample(ids[i], &screen.samples[i]);
	free(ids);
	return screen;
}

static const struct sample *find_sample(const struct screen *screen,
					uint32_t id)
{
	int i;

	for (i = 0; i < screen->nr; i++)
		if (screen->samples[i].id == id)
			return &screen->samples[i];
	return NULL;
}

static void print_total(const char *what, const char *name)
{
	char text[SIZE_TEXT_LEN] = "-";
	uint64_t value;

	if (!sysfs_read_total(name, &value))
		size_format(value, text);
	printf(", %s %s", what, text);
}

static void print_header(const struct screen *screen)
{
	size_t i;

	printf("%d pod%s", screen->nr, screen->nr == 1 ? "" : "s");
	print_total("owned", "total_owned");
	print_total("of that in reserve", "total_reserve");
	print_total("float", "total_float");
	printf("\n\n%-8s %-6s", "POD", "POLICY");
	for (i = 0; i < NR_SIZES; i++)
		printf(" %10s", sizes[i].title);
	printf(" %5s", "WAIT");
	for (i = 0; i < NR_RATES; i++)
		printf(" %8s", rates[i].title);
	puts("  LABEL");
}

/* What happened from @old to @new, in @seconds. */
static void print_rate(const struct sample *old, const struct sample *new,
		       size_t i, double seconds)
{
	char text[SIZE_TEXT_LEN] = "-";
	double rate;

	/* Fewer than before: that was another pod with the same number. */
	if (old && old->known[i] && new->known[i] &&
	    new->count[i] >= old->count[i]) {
		rate = (double)(new->count[i] - old->count[i]) / seconds;
		if (i == RATE_SWEPT)
			size_format((uint64_t)(rate * PAGE_BYTES), text);
		else
			snprintf(text, sizeof(text), "%.0f", rate);
	}
	printf(" %8s", text);
}

static void print_pod(const struct screen *old, const struct screen *new,
		      const struct sample *sample)
{
	uint32_t id = sample->id;
	size_t i;

	table_pod(id);
	table_text(id, "policy", -6);
	for (i = 0; i < NR_SIZES; i++)
		table_size(id, sizes[i].value, 10, false);
	table_text(id, "waiting", 5);
	for (i = 0; i < NR_RATES; i++)
		print_rate(find_sample(old, id), sample, i,
			   new->time - old->time);
	putchar(' ');
	table_text(id, "label", 0);
	putchar('\n');
}

static void print_screen(const struct screen *old, const struct screen *new)
{
	int i;

	if (isatty(STDOUT_FILENO))
		fputs(CLEAR_SCREEN, stdout);
	print_header(new);
	for (i = 0; i < new->nr; i++)
		if (sysfs_has_pod(new->samples[i].id))
			print_pod(old, new, &new->samples[i]);
	if (!isatty(STDOUT_FILENO))
		putchar('\n');
	if (fflush(stdout))
		podctl_die(PODCTL_FAILED, "cannot write to stdout");
}

static void pause_for(double seconds)
{
	struct timespec t = { .tv_sec = (time_t)seconds };

	t.tv_nsec = (long)((seconds - (double)t.tv_sec) * 1e9);
	nanosleep(&t, NULL);
}

int podctl_top(int argc, char **argv)
{
	struct screen old = { 0 }, new;
	unsigned long shown;
	struct top top;

	argp_parse(&argp, argc, argv, 0, NULL, &top);
	for (shown = 0; !top.screens || shown < top.screens; shown++) {
		if (shown)
			pause_for(top.delay);
		new = take_screen();
		print_screen(&old, &new);
		free(old.samples);
		old = new;
	}
	free(old.samples);
	return PODCTL_OK;
}
