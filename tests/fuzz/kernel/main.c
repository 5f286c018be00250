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

#define TEXT_MAX	(16 * 1024)
#define MAX_FINDINGS	20
#define TRIES		40

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

/* Leaves out what is not needed for the same complaint. */
static void minimise_finding(struct prog *p)
{
	char what[sizeof(report->complaint)];
	struct prog smaller;
	int i;

	strcpy(what, report->complaint);
	for (i = p->nr - 1; i >= 0 && p->nr > 1; i--) {
		smaller = *p;
		prog_remove(&smaller, i);
		if (run(&smaller) == RUN_WRONG &&
		    !strncmp(report->complaint, what, strcspn(what, "0123456789")))
			*p = smaller;
	}
	strcpy(report->complaint, what);
}

static void judge(const struct prog *p, enum outcome outcome)
{
	struct prog smallest = *p;

	if (outcome == RUN_OK || is_known(report->complaint))
		return;
	findings++;
	if (outcome == RUN_WRONG && !replay_only)
		minimise_finding(&smallest);
	prog_print(&smallest, text, sizeof(text), ";");
	printf("FAIL %s: %s\n", report->complaint, text);
	if (outcome == RUN_LOST || stop)
		exit(1);
}

static unsigned int new_places(const unsigned int *places, unsigned int nr)
{
	unsigned int i, fresh = 0;

	for (i = 0; i < nr; i++)
		fresh += corpus_is_new(places[i]);
	return fresh;
}

static bool still_reaches(const struct prog *p, const unsigned int *wanted,
			  unsigned int nr_wanted)
{
	static unsigned int places[MAX_PLACES];
	static bool has[MAX_PLACES];
	unsigned int nr, i;
	bool all = true;

	if (run(p) != RUN_OK)
		return false;
	nr = cover_end(p, places, MAX_PLACES);
	for (i = 0; i < nr; i++)
		has[places[i]] = true;
	for (i = 0; i < nr_wanted; i++)
		all = all && (!corpus_is_new(wanted[i]) || has[wanted[i]]);
	for (i = 0; i < nr; i++)
		has[places[i]] = false;
	return all;
}

/* Calls that the new places do not need go. */
static void minimise(struct prog *p, const unsigned int *places,
		     unsigned int nr)
{
	struct prog smaller;
	int i, tries = 0;

	for (i = p->nr - 1; i >= 0 && p->nr > 1 && tries < TRIES; i--) {
		smaller = *p;
		prog_remove(&smaller, i);
		tries++;
		if (still_reaches(&smaller, places, nr))
			*p = smaller;
	}
}

static void consider(const struct prog *p, bool small_already)
{
	static unsigned int places[MAX_PLACES];
	struct prog smallest = *p;
	enum outcome outcome = run(p);
	unsigned int nr = cover_end(p, places, MAX_PLACES);

	judge(p, outcome);
	if (outcome != RUN_OK || !new_places(places, nr))
		return;
	if (!small_already)
		minimise(&smallest, places, nr);
	corpus_add(&smallest, places, nr);
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
	run_init(from_env("KVM_POD_TIMEOUT_SCALE", 1));
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
	printf("STATS %lu runs, %u kept, %u places, %lu findings\n", runs,
	       corpus_size(), cover_known(), findings);
	return findings ? 1 : 0;
}
