// SPDX-License-Identifier: GPL-2.0-only
#include "memory.h"

#include <stddef.h>

#include "guest.h"

#define FIRST_PAGE	(0x10000 / PAGE_SIZE)
#define LAST_PAGE	(((uint64_t)MAPPED_GIB << 30) / PAGE_SIZE)
#define MAX_RANGES	16
#define MAX_CMDLINE	1024
#define MEMMAP_RAM	1

/* xen/include/public/arch-x86/hvm/start_info.h */
struct hvm_start_info {
	uint32_t magic;
	uint32_t version;
	uint32_t flags;
	uint32_t nr_modules;
	uint64_t modlist_paddr;
	uint64_t cmdline_paddr;
	uint64_t rsdp_paddr;
	uint64_t memmap_paddr;
	uint32_t memmap_entries;
	uint32_t reserved;
};

struct memmap_entry {
	uint64_t addr;
	uint64_t size;
	uint32_t type;
	uint32_t reserved;
};

/* Pages first to end - 1. */
struct range {
	uint64_t first;
	uint64_t end;
};

static struct range ranges[MAX_RANGES];
static unsigned int nr_ranges;
static char cmdline[MAX_CMDLINE];

static void add_range(uint64_t first, uint64_t end)
{
	if (first < FIRST_PAGE)
		first = FIRST_PAGE;
	if (end > LAST_PAGE)
		end = LAST_PAGE;
	if (first < end && nr_ranges < MAX_RANGES)
		ranges[nr_ranges++] = (struct range){ first, end };
}

static void add_around_image(uint64_t first, uint64_t end)
{
	uint64_t image_first = (uintptr_t)image_start / PAGE_SIZE;
	uint64_t image_last = (uintptr_t)image_end / PAGE_SIZE;

	if (end <= image_first || first >= image_last) {
		add_range(first, end);
		return;
	}
	add_range(first, image_first);
	add_range(image_last, end);
}

static void copy_cmdline(const char *text)
{
	for (size_t i = 0; text && text[i] && i < MAX_CMDLINE - 1; i++)
		cmdline[i] = text[i];
}

void memory_init(const struct hvm_start_info *info)
{
	const struct memmap_entry *map = (void *)info->memmap_paddr;

	copy_cmdline((const char *)info->cmdline_paddr);
	for (uint32_t i = 0; i < info->memmap_entries; i++)
		if (map[i].type == MEMMAP_RAM)
			add_around_image((map[i].addr + PAGE_SIZE - 1) / PAGE_SIZE,
					 (map[i].addr + map[i].size) / PAGE_SIZE);
}

uint64_t memory_top(void)
{
	uint64_t top = 0;

	for (unsigned int i = 0; i < nr_ranges; i++)
		if (ranges[i].end > top)
			top = ranges[i].end;
	return top;
}

uint64_t memory_usable_pages(void)
{
	uint64_t pages = 0;

	for (unsigned int i = 0; i < nr_ranges; i++)
		pages += ranges[i].end - ranges[i].first;
	return pages;
}

bool memory_usable(uint64_t page)
{
	for (unsigned int i = 0; i < nr_ranges; i++)
		if (page >= ranges[i].first && page < ranges[i].end)
			return true;
	return false;
}

/* What follows "name=" if text begins with it. */
static const char *value_of(const char *text, const char *name)
{
	while (*name && *text == *name) {
		text++;
		name++;
	}
	return *name || *text != '=' ? NULL : text + 1;
}

uint64_t option(const char *name, uint64_t fallback)
{
	const char *value = NULL;
	uint64_t number = 0;

	for (const char *at = cmdline; *at && !value; at++)
		if (at == cmdline || at[-1] == ' ')
			value = value_of(at, name);
	if (!value)
		return fallback;
	for (; *value >= '0' && *value <= '9'; value++)
		number = number * 10 + *value - '0';
	return number;
}
