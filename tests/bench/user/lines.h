/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which cache lines an operation reads and writes, and which of them have to
 * come from another CPU. The compiler calls for each access of the core, as it
 * does for ThreadSanitizer; here they go into a model of caches that are large
 * enough for everything and keep coherent: a line that is read may be in many,
 * one that is written is in one only.
 */
#ifndef BENCH_LINES_H
#define BENCH_LINES_H

#include <stdbool.h>
#include <stddef.h>

#define LINES_CPUS_MAX	128

/* What a line belongs to, by the order in which lines_watch() was called. */
#define LINES_KINDS_MAX	16

/**
 * struct lines_count - sums over operations
 * @touched: lines, each once per operation
 * @written: of them
 * @moved: lines that another CPU had written, or had to give up
 * @moved_kind: the same by what they belong to
 * @locks: taken
 * @locks_moved: taken that another CPU had taken last
 * @locks_met: that another CPU had taken in the same turn: at the same time,
 *	were they to run at once
 */
struct lines_count {
	unsigned long touched;
	unsigned long written;
	unsigned long moved;
	unsigned long moved_kind[LINES_KINDS_MAX];
	unsigned long locks;
	unsigned long locks_moved;
	unsigned long locks_met;
};

/* Lines of other memory, as the stack, are not looked at. */
void lines_watch(const char *name, const void *p, size_t size);
const char *lines_name(unsigned int kind);

/* Forget all that is watched, and all caches. */
void lines_forget(void);

/* Each CPU has its next turn. */
void lines_turn(void);

/* From here on it is @cpu that reads and writes, for @count or for nobody. */
void lines_begin(unsigned int cpu, struct lines_count *count);
void lines_end(void);

/* @size bytes at @p are read or written. */
void lines_access(const void *p, size_t size, bool write);

#endif /* BENCH_LINES_H */
