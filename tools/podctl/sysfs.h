/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pods as sysfs shows them.
 */
#ifndef PODCTL_SYSFS_H
#define PODCTL_SYSFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>

#define SYSFS_VALUE_LEN 128	/* longer than any value of kvm-pod */

/*
 * Fills @ids with the numbers of the pods that live now, in rising order; to
 * be freed by the caller. Returns how many, or ends the program with a
 * sentence.
 */
int sysfs_need_pods(uint32_t **ids);

/* It may have ended since it was listed. */
bool sysfs_has_pod(uint32_t id);

/* Reads one value without its newline. Returns 0 or a negative errno. */
int sysfs_read(uint32_t id, const char *name, char value[SYSFS_VALUE_LEN]);

/* As sysfs_read(), for a number; -EINVAL if it is none. */
int sysfs_read_u64(uint32_t id, const char *name, uint64_t *value);

/* The same for a total of all pods. */
int sysfs_read_total(const char *name, uint64_t *value);

/* Writes one value. Returns 0 or a negative errno. */
int sysfs_write(uint32_t id, const char *name, const char *value);
int sysfs_write_u64(uint32_t id, const char *name, uint64_t value);

/* Ends the program with a sentence if there is no such pod. */
void sysfs_need_pod(uint32_t id);

/* Ends it: @name could not be changed, with @error, an errno. */
noreturn void sysfs_die(uint32_t id, const char *name, int error);

#endif /* PODCTL_SYSFS_H */
