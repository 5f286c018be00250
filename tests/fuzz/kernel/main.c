// SPDX-License-Identifier: GPL-2.0-only
/*
 * podfuzz [--replay] [--show] FILE... - run the programs in FILE, then, unless
 * it is only to replay, programs made of those and new ones.
 *
 *	SEED=n		repeats a run, as far as threads and memory do
 *	SECONDS=n	how long, 20 otherwise
 *	OPS=n		at most so many programs
 *	STOP=1		end with the first finding
 *
 * Prints each program before it runs, so that what killed the machine is known:
 * "RUN program". "FAIL what: program" is a finding, "KEEP program" one for the
 * corpus, "COVER" a list of places; "STATS" is the last line of a good end.
 */
#define _GNU_SOURCE
#include "fuzz.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_FINDINGS	20
#define TRIES		12

static bool replay_only, show, stop;
static unsigned long runs, findings;
static char found[MAX_FINDINGS][64];
static char text[TEXT_MAX];

static unsigned long from_env(const char *name, unsigned long otherwise)
{
	const char *value = getenv(name);

	return value && *value ? strtoul(value, NULL, 0) : otherwise;
}

/* What is the same but for numbers, is the same. */
static bool is_known(const char *what)
{
	unsigned int i;
	size_t len = strcspn(what, "0123456789");

	if (len >= sizeof(found[0]))
		len = sizeof(found[0]) - 1;
	for (i = 0; i < findings && i < MAX_FINDINGS; i++)
		if (!strncmp(found[i], what, len) && !found[i][len])
			return true;
	if (findings < MAX_FINDINGS)
		snprintf(found[findings], sizeof(found[0]), "%.*s", (int)len,
			 what);
	return false;
}

static void show_results(const struct prog *p)
{
	unsigned int i;

	for (i = 0; i < p->nr; i++)
		printf("  %s %s: %ld\n", p->op[i].thread ? "|" : "",
		       calls[p->op[i].call].name, report->result[i]);
}

static enum outcome run(const struct prog *p)
{
	enum outcome outcome;

	prog_print(p, text, sizeof(text), ";");
	printf("RUN %s\n", text);
	fflush(stdout);
	outcome = run_prog(p);
	runs++;
	if (show)
		show_results(p);
	return outcome;
}

/* Leaves out calls, first many at a time, as long as @still() holds. */
static void shrink(struct prog *p, bool (*still)(const struct prog *p,
						 const void *what),
		   const void *what)
{
	struct prog smaller;
	int chunk, at, tries = 0;

	for (chunk = p->nr / 2; chunk; chunk /= 2)
		for (at = p->nr - chunk; at >= 0 && p->nr > chunk; at -= chunk) {
			if (tries++ == TRIES)
				return;
			smaller = *p;
			prog_remove(&smaller, at, chunk);
			if (still(&smaller, what))
				*p = smaller;
		}
}

static bool still_complains(const struct prog *p, const void *what)
{
	return run(p) == RUN_WRONG &&
	       !strncmp(report->complaint, what, strcspn(what, "0123456789"));
}

static void judge(const struct prog *p, enum outcome outcome)
{
	struct prog smallest = *p;
	struct report first = *report;

	if (outcome == RUN_OK || is_known(first.complaint))
		return;
	findings++;
	if (outcome == RUN_WRONG && !replay_only)
		shrink(&smallest, still_complains, first.complaint);
	prog_print(&smallest, text, sizeof(text), ";");
	printf("FAIL %s: %s\n", first.complaint, text);
	if (outcome == RUN_LOST || stop)
		exit(1);
}

struct places {
	unsigned int nr;
	unsigned int number[MAX_PLACES];
};

static bool has_new(const struct places *reached)
{
	unsigned int i;

	for (i = 0; i < reached->nr; i++)
		if (corpus_is_new(reached->number[i]))
			return true;
	return false;
}

/* All the places that no other program reaches? */
static bool still_reaches(const struct prog *p, const void *what)
{
	const struct places *wanted = what;
	static struct places reached;
	static bool has[MAX_PLACES];
	bool all = true;
	unsigned int i;

	if (run(p) != RUN_OK)
		return false;
	reached.nr = cover_end(p, reached.number, MAX_PLACES);
	for (i = 0; i < reached.nr; i++)
		has[reached.number[i]] = true;
	for (i = 0; i < wanted->nr; i++)
		all = all && (!corpus_is_new(wanted->number[i]) ||
			      has[wanted->number[i]]);
	for (i = 0; i < reached.nr; i++)
		has[reached.number[i]] = false;
	return all;
}

static void consider(const struct prog *p, bool small_already)
{
	static struct places reached;
	struct prog smallest = *p;
	enum outcome outcome = run(p);

	reached.nr = cover_end(p, reached.number, MAX_PLACES);
	judge(p, outcome);
	if (outcome != RUN_OK || !has_new(&reached))
		return;
	if (!small_already)
		shrink(&smallest, still_reaches, &reached);
	corpus_add(&smallest, reached.number, reached.nr);
	cover_print();
}

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "r");
	char *all = NULL;
	size_t room = 0;

	/* Everything up to a byte that is in no text. */
	if (!file || getdelim(&all, &room, 0, file) < 0)
		err(2, "%s", path);
	fclose(file);
	return all;
}

static void run_file(const char *path)
{
	char *all = read_file(path);
	const char *next = all;
	struct prog p;

	while ((next = prog_parse(&p, next)))
		consider(&p, true);
	free(all);
}

static void fuzz_one(void)
{
	struct prog p;

	if (!corpus_size() || !random_below(4)) {
		prog_generate(&p);
	} else {
		p = *corpus_pick();
		prog_mutate(&p, corpus_pick());
	}
	consider(&p, false);
}

static void fuzz(void)
{
	unsigned long ops = from_env("OPS", -1UL);
	time_t end = time(NULL) + from_env("SECONDS", 20);

	while (runs < ops && time(NULL) < end)
		fuzz_one();
}

int main(int argc, char **argv)
{
	unsigned long seed = from_env("SEED", time(NULL));
	int i;

	table_init();
	random_seed(seed);
	run_init();
	stop = from_env("STOP", 0);
	printf("SEED %lu\nKCOV %d\n", seed, cover_init());
	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--replay"))
			replay_only = true;
		else if (!strcmp(argv[i], "--show"))
			show = true;
		else
			run_file(argv[i]);
	}
	printf("LOADED %lu programs, %u kept, %u places\n", runs,
	       corpus_size(), cover_known());
	if (!replay_only)
		fuzz();
	corpus_print();
	printf("STATS %lu runs, %u kept, %u places, %u full, %lu findings\n",
	       runs, corpus_size(), cover_known(), cover_full(), findings);
	return findings ? 1 : 0;
}
