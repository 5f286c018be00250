/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What this machine was started with: its memory and its command line.
 *
 * Pages are counted from physical address 0, a *block* is 2 MiB. Memory that
 * the guest itself lies in, and the first 64 KiB, are not usable.
 */
#ifndef POD_GUESTS_MEMORY_H
#define POD_GUESTS_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#define PAGE_SIZE	4096UL
#define PAGE_WORDS	(PAGE_SIZE / sizeof(uint64_t))
#define BLOCK_PAGES	512UL

struct hvm_start_info;

/* To be called once, before anything is written to free memory. */
void memory_init(const struct hvm_start_info *info);

/* All usable pages are below it. */
uint64_t memory_top(void);
uint64_t memory_usable_pages(void);
bool memory_usable(uint64_t page);

static inline uint64_t *memory_words(uint64_t page)
{
	return (uint64_t *)(page * PAGE_SIZE);
}

/* The number behind "name=" on the command line. */
uint64_t option(const char *name, uint64_t fallback);

#endif /* POD_GUESTS_MEMORY_H */
