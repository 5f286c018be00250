/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kinds of memory that a guest can have, made and used in one way.
 */
#ifndef POD_BENCH_MEMORY_H
#define POD_BENCH_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct memory - some memory of a kind
 * @kind: which
 * @mem: mapped, untouched
 * @size: in bytes
 * @fd: its file, or -1
 * @map: what is to be unmapped: @mem and what surrounds it
 * @map_size: in bytes
 */
struct memory {
	const struct kind *kind;
	uint8_t *mem;
	size_t size;
	int fd;
	void *map;
	size_t map_size;
};

/**
 * struct kind - a kind of memory
 * @name: as in the report
 * @page: how the report calls a page that a touch gets
 * @step: its size
 * @make: memory of m->size; 0, or -errno if this kernel has it not
 * @discard: give up what is behind a range; 0 or -errno
 * @end: what unmapping and closing leave, or NULL
 */
struct kind {
	const char *name;
	const char *page;
	size_t step;
	int (*make)(struct memory *m);
	int (*discard)(struct memory *m, size_t offset, size_t length);
	void (*end)(struct memory *m);
};

extern const struct kind kinds[];
extern const unsigned int nr_kinds;

/* By the names; ends the program if there is none. */
const struct kind *kind_named(const char *name, const char *page);

/* 0 or -errno. */
int memory_begin(struct memory *m, const struct kind *kind, size_t size);
void memory_end(struct memory *m);

#endif /* POD_BENCH_MEMORY_H */
