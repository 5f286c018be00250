// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pods as sysfs shows them.
 */
#include "sysfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* podctl's tests build with another path. */
#ifndef POD_SYSFS
#define POD_SYSFS "/sys/class/kvm-pod"
#endif

static bool pod_number(const char *name, uint32_t *id)
{
	int end = 0;

	return sscanf(name, "pod%" SCNu32 "%n", id, &end) == 1 && !name[end];
}

static int is_pod(const struct dirent *entry)
{
	uint32_t id;

	return pod_number(entry->d_name, &id);
}

int sysfs_pods(uint32_t **ids)
{
	struct dirent **entries;
	int i, nr;

	nr = scandir(POD_SYSFS, &entries, is_pod, versionsort);
	if (nr < 0)
		return -errno;
	*ids = calloc((size_t)nr + 1, sizeof(**ids));
	for (i = 0; i < nr; i++) {
		if (*ids)
			pod_number(entries[i]->d_name, &(*ids)[i]);
		free(entries[i]);
	}
	free(entries);
	return *ids ? nr : -ENOMEM;
}

static int open_value(uint32_t id, const char *name, int flags)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), POD_SYSFS "/pod%" PRIu32 "/%s", id, name);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int sysfs_read(uint32_t id, const char *name, char value[SYSFS_VALUE_LEN])
{
	ssize_t length;
	int fd, error;

	fd = open_value(id, name, O_RDONLY);
	if (fd < 0)
		return fd;
	length = read(fd, value, SYSFS_VALUE_LEN - 1);
	error = errno;
	close(fd);
	if (length < 0)
		return -error;
	value[length] = '\0';
	value[strcspn(value, "\n")] = '\0';
	return 0;
}

int sysfs_read_u64(uint32_t id, const char *name, uint64_t *value)
{
	char text[SYSFS_VALUE_LEN];
	int error, end = 0;

	error = sysfs_read(id, name, text);
	if (error)
		return error;
	if (sscanf(text, "%" SCNu64 "%n", value, &end) != 1 || text[end])
		return -EINVAL;
	return 0;
}

int sysfs_write_u64(uint32_t id, const char *name, uint64_t value)
{
	char text[24];
	int fd, length, error;

	fd = open_value(id, name, O_WRONLY);
	if (fd < 0)
		return fd;
	length = snprintf(text, sizeof(text), "%" PRIu64, value);
	error = write(fd, text, (size_t)length) == length ? 0 : -errno;
	close(fd);
	return error;
}

bool sysfs_is_there(void)
{
	return !access(POD_SYSFS, F_OK);
}
