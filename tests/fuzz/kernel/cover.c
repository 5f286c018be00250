// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a program reached, as small numbers. With kcov these stand for places in
 * the module, the only part of that kernel that is instrumented; without it for
 * results of calls, so that there is something to go by.
 */
#define _GNU_SOURCE
#include "fuzz.h"

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define KCOV_INIT_TRACE	_IOR('c', 1, unsigned long)
#define KCOV_ENABLE	_IO('c', 100)
#define KCOV_DISABLE	_IO('c', 101)
#define KCOV_TRACE_PC	0
/* Words of a thread: places, the same ones again and again. */
#define KCOV_WORDS	(256UL << 10)
#define SLOTS		(4 * MAX_PLACES)

static int fds[NR_THREADS];
static volatile u64 *areas[NR_THREADS];
static bool has_kcov;
/* Threads that reached more than was room for. */
static unsigned int nr_full;
static __thread int mine = -1;

/* Number of each place that was ever reached, by open addressing. */
static u64 place[MAX_PLACES];
static unsigned int nr_places;
static unsigned int slot[SLOTS];

bool cover_init(void)
{
	unsigned int i;

	for (i = 0; i < NR_THREADS; i++) {
		fds[i] = open("/sys/kernel/debug/kcov", O_RDWR);
		if (fds[i] < 0)
			return false;
		if (ioctl(fds[i], KCOV_INIT_TRACE, KCOV_WORDS))
			err(2, "KCOV_INIT_TRACE");
		areas[i] = mmap(NULL, KCOV_WORDS * sizeof(u64),
				PROT_READ | PROT_WRITE, MAP_SHARED, fds[i], 0);
		/* Children only fill it: a fork is not to copy its page table. */
		if (areas[i] == MAP_FAILED ||
		    madvise((void *)areas[i], KCOV_WORDS * sizeof(u64),
			    MADV_DONTFORK))
			err(2, "kcov");
	}
	has_kcov = true;
	return true;
}

void cover_begin(void)
{
	unsigned int i;

	for (i = 0; has_kcov && i < NR_THREADS; i++)
		areas[i][0] = 0;
}

/* A thread that is gone without this one's end is no matter to kcov. */
void cover_thread(unsigned int nr)
{
	if (has_kcov && !ioctl(fds[nr], KCOV_ENABLE, KCOV_TRACE_PC))
		mine = nr;
}

void cover_thread_end(void)
{
	if (mine >= 0)
		ioctl(fds[mine], KCOV_DISABLE, 0);
	mine = -1;
}

static unsigned int number_of(u64 what)
{
	u64 at = (what * 0x9e3779b97f4a7c15) >> 40;

	for (at %= SLOTS; slot[at]; at = (at + 1) % SLOTS)
		if (place[slot[at] - 1] == what)
			return slot[at] - 1;
	if (nr_places == MAX_PLACES)
		return MAX_PLACES - 1;
	place[nr_places] = what;
	slot[at] = ++nr_places;
	return nr_places - 1;
}

/* Each once: what the last run has seen is marked with its number. */
static unsigned int add(u64 what, unsigned int *places, unsigned int nr,
			unsigned int room)
{
	static unsigned int seen[MAX_PLACES], run;
	unsigned int number = number_of(what);

	run += !nr;
	if (seen[number] == run && nr)
		return nr;
	seen[number] = run;
	if (nr < room)
		places[nr++] = number;
	return nr;
}

static unsigned int results(const struct prog *p, unsigned int *places,
			    unsigned int room)
{
	unsigned int nr = 0, i;
	long result;

	for (i = 0; i < p->nr; i++) {
		result = report->result[i];
		if (result > 0 && result != NOT_RUN)
			result = 1;
		nr = add((u64)p->op[i].call << 32 | (p->user << 30) |
			 (u32)(result & 0x3fffffff), places, nr, room);
	}
	return nr;
}

unsigned int cover_end(const struct prog *p, unsigned int *places,
		       unsigned int room)
{
	unsigned int nr = 0, i;
	u64 k, words;

	if (!has_kcov)
		return results(p, places, room);
	for (i = 0; i < NR_THREADS; i++) {
		words = areas[i][0];
		nr_full += words == KCOV_WORDS - 1;
		for (k = 1; k <= words && k < KCOV_WORDS; k++)
			nr = add(areas[i][k], places, nr, room);
	}
	return nr;
}

unsigned int cover_known(void)
{
	return nr_places;
}

unsigned int cover_full(void)
{
	return nr_full;
}

static void print_sections(void)
{
	static const char *const names[] = { ".text", ".text.unlikely",
					     ".init.text", ".exit.text",
					     ".noinstr.text" };
	char path[96], text[32];
	unsigned int i;
	FILE *file;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path),
			 "/sys/module/kvm_pod/sections/%s", names[i]);
		file = fopen(path, "r");
		if (file && fgets(text, sizeof(text), file))
			printf("SECTION %s %s", names[i], text);
		if (file)
			fclose(file);
	}
}

/* What is new since the last time: the machine may not live to the end. */
void cover_print(void)
{
	static unsigned int printed;

	if (!has_kcov || printed == nr_places)
		return;
	if (!printed)
		print_sections();
	printf("COVER");
	while (printed < nr_places)
		printf(" %lx", place[printed++]);
	printf("\n");
}
