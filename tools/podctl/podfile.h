/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pod file of a pod that somebody else made. No path leads to it but those
 * of the processes that have it open or mapped.
 */
#ifndef PODCTL_PODFILE_H
#define PODCTL_PODFILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A pod file that was opened a second time. The pod lives while this is open:
 * whoever keeps it for long watches whether @pid, who had it, is still there,
 * or a killed VMM's memory stays.
 */
struct podfile {
	int fd;		/* open for reading and writing */
	int pidfd;	/* readable once @pid has ended */
	pid_t pid;
};

/* Opens the pod file of pod<@id>, or ends the program with a sentence. */
struct podfile podfile_open(uint32_t id);

/* Is the process that had the file still there? */
bool podfile_is_held(const struct podfile *file);

#endif /* PODCTL_PODFILE_H */
