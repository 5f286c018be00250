// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rings of regions. They know nothing of what is there.
 */
#include "recent.h"

static u32 *slot(struct pod_recent *recent, unsigned int i)
{
	return &recent->entry[i % POD_RECENT_NR];
}

void pod_recent_add(struct pod_recent *recent, unsigned long region)
{
	unsigned int head = READ_ONCE(recent->head);

	if (READ_ONCE(*slot(recent, head - 1)) == region + 1)
		return;
	WRITE_ONCE(*slot(recent, head), region + 1);
	WRITE_ONCE(recent->head, head + 1);
}

bool pod_recent_take(struct pod_recent *recent, unsigned int age,
		     unsigned long *region)
{
	u32 *entry = slot(recent, READ_ONCE(recent->head) + age);
	u32 value = READ_ONCE(*entry);

	if (!value)
		return false;
	WRITE_ONCE(*entry, 0);
	*region = value - 1;
	return true;
}
