// SPDX-License-Identifier: GPL-2.0-only
/*
 * How fast memory is read, scanned for zeroes and cleared, and what finding
 * data costs: a line of JSON for each way and size. All take turns, and the
 * best turn of each counts: what else the machine does meanwhile then slows
 * none of them more than the others.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "speed.h"

/* Turns of each way; bytes of one. */
#define ROUNDS	7
#define AMOUNT	GIB
#define MEMORY	GIB

struct size {
	const char *name;
	size_t bytes;
};

static const struct size sizes[] = {
	{ "16k", 16 * KIB },
	{ "2m", BLOCK },
	{ "1g", MEMORY },
};

#define NR_SIZES	(sizeof(sizes) / sizeof(*sizes))
#define NR_WAYS_MAX	16

struct best {
	double found[NR_WAYS_MAX][NR_SIZES];
};

static void turn(const struct way *ways, void *mem, unsigned int s,
		 struct best *best)
{
	unsigned int i;
	double speed;

	for (i = 0; ways[i].name; i++) {
		if (way_missing(&ways[i]) || ways[i].chunk > sizes[s].bytes)
			continue;
		speed = speed_of(&ways[i], mem, sizes[s].bytes, AMOUNT);
		if (speed > best->found[i][s])
			best->found[i][s] = speed;
	}
}

static void print_way(const char *row, const struct way *way,
		      const double *found)
{
	const char *missing = way_missing(way);
	unsigned int s;

	printf("{\"row\": \"%s\", \"name\": \"%s\", \"kind\": \"%s\"", row,
	       way->name, way->kind);
	if (missing)
		printf(", \"absent\": \"%s\"", missing);
	for (s = 0; s < NR_SIZES && !missing; s++)
		if (found[s])
			printf(", \"%s\": %.2f", sizes[s].name, found[s]);
	printf("}\n");
	fflush(stdout);
}

static void print_all(const char *row, const struct way *ways,
		      const struct best *best)
{
	unsigned int i;

	for (i = 0; ways[i].name; i++)
		print_way(row, &ways[i], best->found[i]);
}

/* The limit and what is compared with it, turn by turn. */
static void read_and_scan(void *mem)
{
	struct best reads = {}, scans = {};
	unsigned int s, round;

	for (round = 0; round < ROUNDS; round++)
		for (s = 0; s < NR_SIZES; s++) {
			turn(read_ways, mem, s, &reads);
			turn(scan_ways, mem, s, &scans);
		}
	print_all("read", read_ways, &reads);
	print_all("scan", scan_ways, &scans);
}

static void clear(void *mem)
{
	struct best clears = {};
	unsigned int s, round;

	for (round = 0; round < ROUNDS; round++)
		for (s = 1; s < NR_SIZES; s++)
			turn(clear_ways, mem, s, &clears);
	print_all("clear", clear_ways, &clears);
}

/* Where the one byte of a block lies that is not zero. */
static const struct size places[] = {
	{ "first line", 0 },
	{ "first page", PAGE - 1 },
	{ "middle", BLOCK / 2 },
};

#define NR_PLACES	(sizeof(places) / sizeof(*places))

/* Does it look for zeroes at all? */
static bool looks(const struct way *way)
{
	return !way_missing(way) && strcmp(way->kind, "copy");
}

static bool block_is_zero(const struct way *way, char *block)
{
	size_t at;

	for (at = 0; at < BLOCK; at += PAGE)
		if (!way->run(block + at, PAGE))
			return false;
	return true;
}

/*
 * Nanoseconds per block, of @nr blocks, a power of two, each of which has data.
 * In an order that no prefetcher guesses.
 */
static double look_once(const struct way *way, char *mem, unsigned int nr)
{
	double begin = speed_now();
	unsigned int i, block = 0;

	for (i = 0; i < nr; i++) {
		block = (5 * block + 3) % nr;
		if (block_is_zero(way, mem + block * BLOCK))
			abort();
		/* Or the CPU looks at the next block before it has this. */
		asm volatile("lfence" : : : "memory");
	}
	return (speed_now() - begin) * 1e9 / nr;
}

/* The first page of each block leaves the caches. */
static void cool(char *mem)
{
	size_t block, at;

	for (block = 0; block < MEMORY; block += BLOCK)
		for (at = 0; at < PAGE; at += 64)
			asm volatile("clflush %0" : "+m" (mem[block + at]));
	asm volatile("mfence" : : : "memory");
}

static void look(char *mem, double found[][NR_PLACES], unsigned int place)
{
	const unsigned int nr = MEMORY / BLOCK;
	unsigned int i, round;
	double ns;

	for (round = 0; round < ROUNDS; round++)
		for (i = 0; scan_ways[i].name; i++) {
			if (!looks(&scan_ways[i]))
				continue;
			cool(mem);
			ns = look_once(&scan_ways[i], mem, nr);
			if (!found[i][place] || ns < found[i][place])
				found[i][place] = ns;
		}
}

static void put(char *mem, size_t at, char byte)
{
	size_t block;

	for (block = 0; block < MEMORY; block += BLOCK)
		mem[block + at] = byte;
}

static void print_exit(const struct way *way, const double *found)
{
	unsigned int i;

	printf("{\"row\": \"exit\", \"name\": \"%s\", \"kind\": \"%s\"",
	       way->name, way->kind);
	for (i = 0; i < NR_PLACES; i++)
		printf(", \"%s\": %.1f", places[i].name, found[i]);
	printf("}\n");
}

/* What lies beyond the first page is out of the caches at the next block. */
static void exits(char *mem)
{
	static double found[NR_WAYS_MAX][NR_PLACES];
	unsigned int i;

	for (i = 0; i < NR_PLACES; i++) {
		put(mem, places[i].bytes, 1);
		look(mem, found, i);
		put(mem, places[i].bytes, 0);
	}
	for (i = 0; scan_ways[i].name; i++)
		if (looks(&scan_ways[i]))
			print_exit(&scan_ways[i], found[i]);
}

int main(void)
{
	char *mem = speed_memory(MEMORY);

	printf("{\"row\": \"memory\", \"huge\": %s}\n",
	       speed_is_huge(MEMORY) ? "true" : "false");
	read_and_scan(mem);
	exits(mem);
	clear(mem);
	return 0;
}
