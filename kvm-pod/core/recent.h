/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Regions to look at first in a sweep: a scrubber zeroes what it has just
 * touched. Xen's list of the most recently populated entries, one per CPU.
 *
 * A hint, without locks: entries may get lost or be seen twice when several
 * threads use one shard.
 */
#ifndef POD_CORE_RECENT_H
#define POD_CORE_RECENT_H

#include <linux/cache.h>
#include <linux/types.h>

/* As many as Xen remembers; a power of two. */
#define POD_RECENT_NR	32

/**
 * struct pod_recent - a ring of regions
 * @entry: region + 1, 0 = none
 * @head: entries ever made; the next one goes to @head % POD_RECENT_NR
 */
struct pod_recent {
	u32 entry[POD_RECENT_NR];
	unsigned int head;
} ____cacheline_aligned;

/** pod_recent_add() - remember @region, unless it is the last one already */
void pod_recent_add(struct pod_recent *recent, unsigned long region);

/**
 * pod_recent_take() - take out the oldest entry but @age
 *
 * @age 0 is the entry that pod_recent_add() overwrites next.
 *
 * Return: false if there is none.
 */
bool pod_recent_take(struct pod_recent *recent, unsigned int age,
		     unsigned long *region);

#endif /* POD_CORE_RECENT_H */
