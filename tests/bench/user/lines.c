// SPDX-License-Identifier: GPL-2.0-only
#include "lines.h"

#include <linux/bitmap.h>
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/spinlock.h>

#define LINE	64
#define NOBODY	-1
/* Lines of one operation; those beyond are counted twice. */
#define SEEN_MAX	256

/**
 * struct line - one cache line
 * @holders: CPUs that have it
 * @writer: who wrote it last, and has it alone unless others read it since
 * @taken: of a lock: the turn in which it was taken last
 */
struct line {
	DECLARE_BITMAP(holders, LINES_CPUS_MAX);
	int writer;
	unsigned long taken;
};

/* Memory that is watched, in lines. */
struct watched {
	const char *name;
	unsigned long first;
	unsigned long nr;
	struct line *lines;
};

static struct watched watched[LINES_KINDS_MAX];
static unsigned int nr_watched;
static struct lines_count *counting;
static bool on;
static unsigned int cpu_now;
static unsigned long turn_now;

/* Of the operation: lines, and whether it wrote them. */
static unsigned long seen[SEEN_MAX];
static bool seen_written[SEEN_MAX];
static unsigned int nr_seen;

void lines_watch(const char *name, const void *p, size_t size)
{
	struct watched *w = &watched[nr_watched];
	unsigned long first = (unsigned long)p / LINE, i;

	if (nr_watched == LINES_KINDS_MAX)
		abort();
	w->name = name;
	w->first = first;
	w->nr = ((unsigned long)p + size - 1) / LINE - first + 1;
	w->lines = calloc(w->nr, sizeof(*w->lines));
	if (!w->lines)
		abort();
	for (i = 0; i < w->nr; i++)
		w->lines[i].writer = NOBODY;
	nr_watched++;
}

const char *lines_name(unsigned int kind)
{
	return kind < nr_watched ? watched[kind].name : NULL;
}

void lines_forget(void)
{
	while (nr_watched)
		free(watched[--nr_watched].lines);
}

void lines_turn(void)
{
	turn_now++;
}

void lines_begin(unsigned int cpu, struct lines_count *count)
{
	cpu_now = cpu;
	counting = count;
	nr_seen = 0;
	on = true;
}

void lines_end(void)
{
	unsigned int i;

	on = false;
	if (!counting)
		return;
	counting->touched += nr_seen;
	for (i = 0; i < nr_seen; i++)
		counting->written += seen_written[i];
}

static struct line *line_find(unsigned long nr, unsigned int *kind)
{
	const struct watched *w;

	for (*kind = 0; *kind < nr_watched; (*kind)++) {
		w = &watched[*kind];
		if (nr - w->first < w->nr)
			return &w->lines[nr - w->first];
	}
	return NULL;
}

static void line_see(unsigned long nr, bool write)
{
	unsigned int i;

	for (i = 0; i < nr_seen && seen[i] != nr; i++)
		;
	if (i == SEEN_MAX)
		return;
	if (i == nr_seen) {
		nr_seen++;
		seen[i] = nr;
		seen_written[i] = false;
	}
	seen_written[i] |= write;
}

static bool held_by_others(const struct line *line)
{
	unsigned int holders = bitmap_weight(line->holders, LINES_CPUS_MAX);

	return holders > test_bit(cpu_now, line->holders);
}

/* Does the access have to wait for another CPU's cache? Then it is done. */
static bool line_moves(struct line *line, bool write)
{
	bool mine = test_bit(cpu_now, line->holders);
	bool moves;

	if (!write) {
		moves = !mine && line->writer != NOBODY;
		bitmap_set(line->holders, cpu_now, 1);
		return moves;
	}
	moves = held_by_others(line);
	bitmap_zero(line->holders, LINES_CPUS_MAX);
	bitmap_set(line->holders, cpu_now, 1);
	line->writer = cpu_now;
	return moves;
}

static void line_access(unsigned long nr, bool write)
{
	unsigned int kind;
	struct line *line = line_find(nr, &kind);

	if (!line)
		return;
	line_see(nr, write);
	if (line_moves(line, write) && counting) {
		counting->moved++;
		counting->moved_kind[kind]++;
	}
}

void lines_access(const void *p, size_t size, bool write)
{
	unsigned long first = (unsigned long)p / LINE;
	unsigned long last = ((unsigned long)p + size - 1) / LINE;

	for (; on && first <= last; first++)
		line_access(first, write);
}

/* The shim's lock tells when it is taken, before it is written. */
void count_lock(const spinlock_t *lock)
{
	unsigned int kind;
	struct line *line;
	bool others;

	if (!on)
		return;
	line = line_find((unsigned long)lock / LINE, &kind);
	if (!line)
		return;
	others = line->writer != NOBODY && line->writer != (int)cpu_now;
	if (counting) {
		counting->locks++;
		counting->locks_moved += others;
		counting->locks_met += others && line->taken == turn_now;
	}
	line->taken = turn_now;
}
