/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events: what managers want to know, told to pollers, udev and the journal.
 */
#ifndef POD_EVENT_H
#define POD_EVENT_H

#include "pod.h"

/* The event work: looks what has changed, and says so. */
void pod_event_fn(struct work_struct *work);

#endif /* POD_EVENT_H */
