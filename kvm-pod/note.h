/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Notes that a thread leaves for itself, where no argument can carry them.
 * Kept in small hashed tables, without a lock: a note may get lost when two
 * threads share a slot, and so decides nothing that must be right.
 */
#ifndef POD_NOTE_H
#define POD_NOTE_H

#include <linux/types.h>

/**
 * enum pod_note - what was noted about an address
 * @POD_NOTE_TRIED: KVM tried it without waiting, and was told to come again
 * @POD_NOTE_WRITE: it holds a zero that must not become writable, and was
 *	written to
 * @POD_NOTE_UNMAP: the pod at that address is unmapping pages, in this thread
 */
enum pod_note {
	POD_NOTE_TRIED,
	POD_NOTE_WRITE,
	POD_NOTE_UNMAP,
	POD_NOTE_NR,
};

/* Note it for the current thread. */
void pod_note_set(enum pod_note note, unsigned long address);

/* Did the current thread note it, and nothing of the kind since? */
bool pod_note_is_set(enum pod_note note, unsigned long address);

void pod_note_clear(enum pod_note note);

#endif /* POD_NOTE_H */
