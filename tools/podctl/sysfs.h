/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pods as sysfs shows them.
 */
#ifndef PODCTL_SYSFS_H
#define PODCTL_SYSFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SYSFS_VALUE_LEN 128	/* longer than any value of kvm-pod */

/*
 * Fills @ids with the numbers of the pods that live now, in rising order; to
 * be freed by the caller. Returns how many, or a negative errno: -ENOENT if
 * kvm-pod is not loaded.
 */
int sysfs_pods(uint32_t **ids);

/* Reads one value without its newline. Returns 0 or a negative errno. */
int sysfs_read(uint32_t id, const char *name, char value[SYSFS_VALUE_LEN]);

/* As sysfs_read(), for a number; -EINVAL if it is none. */
int sysfs_read_u64(uint32_t id, const char *name, uint64_t *value);

/* Writes one number. Returns 0 or a negative errno. */
int sysfs_write_u64(uint32_t id, const char *name, uint64_t value);

/* True if kvm-pod's class is there at all. */
bool sysfs_is_there(void);

#endif /* PODCTL_SYSFS_H */
