/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ways to do something with memory, and how fast each of them is on this
 * machine.
 */
#ifndef POD_SPEED_H
#define POD_SPEED_H

#include <stdbool.h>
#include <stddef.h>

#define PAGE	4096UL
#define KIB	1024UL
#define MIB	(1024 * KIB)
#define GIB	(1024 * MIB)
#define BLOCK	(2 * MIB)

enum cpu_need {
	NEEDS_NOTHING,
	NEEDS_AVX2,
	NEEDS_AVX512,
	NEEDS_CLZERO,
};

/**
 * struct way - one way to do it
 * @name: for people
 * @kind: what it is to us: "pod", "peer", a "limit", or a "copy", which does
 *	not look at what it reads
 * @needs: of the CPU
 * @chunk: bytes of one call; 0 is all that a figure is about, 1 GiB at most
 * @run: do it, false if a byte was not zero; NULL if it is not built in
 * @p: aligned to a page
 */
struct way {
	const char *name;
	const char *kind;
	enum cpu_need needs;
	size_t chunk;
	bool (*run)(void *p, size_t len);
};

/* End with an empty one. */
extern const struct way scan_ways[], read_ways[], clear_ways[];

/* Of @way: what is missing here, or NULL. */
const char *way_missing(const struct way *way);

/* @size bytes in 2 MiB pages if they can be had, all zero and all there. */
void *speed_memory(size_t size);

/* Is @mem, which speed_memory() made, in 2 MiB pages throughout? */
bool speed_is_huge(size_t size);

/* Seconds that this thread has run: what others take from it does not count. */
double speed_now(void);

/* GiB/s over @size bytes, which are gone through until @amount is done. */
double speed_of(const struct way *way, void *mem, size_t size, size_t amount);

#endif /* POD_SPEED_H */
