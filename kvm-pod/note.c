// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notes of threads. The task is compared, never looked into.
 */
#include "note.h"

#include <linux/hash.h>
#include <linux/sched.h>

#define POD_NOTE_BITS	8

struct pod_note_slot {
	struct task_struct *task;
	unsigned long address;
};

static struct pod_note_slot notes[POD_NOTE_NR][1 << POD_NOTE_BITS];

static struct pod_note_slot *slot_of_current(enum pod_note note)
{
	return &notes[note][hash_ptr(current, POD_NOTE_BITS)];
}

void pod_note_set(enum pod_note note, unsigned long address)
{
	struct pod_note_slot *slot = slot_of_current(note);

	WRITE_ONCE(slot->task, current);
	WRITE_ONCE(slot->address, address);
}

bool pod_note_is_set(enum pod_note note, unsigned long address)
{
	struct pod_note_slot *slot = slot_of_current(note);

	return READ_ONCE(slot->task) == current &&
	       READ_ONCE(slot->address) == address;
}

void pod_note_clear(enum pod_note note)
{
	struct pod_note_slot *slot = slot_of_current(note);

	/* Mostly there is none: leave the line to its readers. */
	if (READ_ONCE(slot->task) == current)
		WRITE_ONCE(slot->task, NULL);
}
