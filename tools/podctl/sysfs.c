// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pods as sysfs shows them.
 */
#include "sysfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "podctl.h"

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

static int list_pods(uint32_t **ids)
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

static noreturn void die_not_loaded(void)
{
	podctl_die(PODCTL_NO_DEVICE,
		   "kvm-pod is not loaded; load it with 'modprobe kvm-pod'");
}

int sysfs_need_pods(uint32_t **ids)
{
	int nr = list_pods(ids);

	if (nr == -ENOENT)
		die_not_loaded();
	if (nr < 0)
		podctl_die(PODCTL_FAILED, "cannot list the pods: %s",
			   strerror(-nr));
	return nr;
}

static int open_path(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int open_value(uint32_t id, const char *name, int flags)
{
	char path[256];

	snprintf(path, sizeof(path), POD_SYSFS "/pod%" PRIu32 "/%s", id, name);
	return open_path(path, flags);
}

/* Closes @fd, which may be a negative errno instead. */
static int read_value(int fd, char value[SYSFS_VALUE_LEN])
{
	ssize_t length;
	int error;

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

static int parse_u64(const char *text, uint64_t *value)
{
	int end = 0;

	if (sscanf(text, "%" SCNu64 "%n", value, &end) != 1 || text[end])
		return -EINVAL;
	return 0;
}

int sysfs_read(uint32_t id, const char *name, char value[SYSFS_VALUE_LEN])
{
	return read_value(open_value(id, name, O_RDONLY), value);
}

int sysfs_read_u64(uint32_t id, const char *name, uint64_t *value)
{
	char text[SYSFS_VALUE_LEN];
	int error = sysfs_read(id, name, text);

	return error ? error : parse_u64(text, value);
}

int sysfs_read_total(const char *name, uint64_t *value)
{
	char path[256], text[SYSFS_VALUE_LEN];
	int error;

	snprintf(path, sizeof(path), POD_SYSFS "/%s", name);
	error = read_value(open_path(path, O_RDONLY), text);
	return error ? error : parse_u64(text, value);
}

int sysfs_write(uint32_t id, const char *name, const char *value)
{
	size_t length = strlen(value);
	int fd, error;

	fd = open_value(id, name, O_WRONLY);
	if (fd < 0)
		return fd;
	error = write(fd, value, length) == (ssize_t)length ? 0 : -errno;
	close(fd);
	return error;
}

int sysfs_write_u64(uint32_t id, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	return sysfs_write(id, name, text);
}

bool sysfs_has_pod(uint32_t id)
{
	char value[SYSFS_VALUE_LEN];

	return sysfs_read(id, "size", value) != -ENOENT;
}

void sysfs_need_pod(uint32_t id)
{
	if (sysfs_has_pod(id))
		return;
	if (access(POD_SYSFS, F_OK))
		die_not_loaded();
	podctl_die(PODCTL_FAILED, "there is no pod%" PRIu32, id);
}

noreturn void sysfs_die(uint32_t id, const char *name, int error)
{
	sysfs_need_pod(id);
	if (error == EACCES || error == EPERM)
		podctl_die(PODCTL_NO_RIGHT,
			   "no right to change the %s of pod%" PRIu32, name,
			   id);
	podctl_die(PODCTL_FAILED, "cannot change the %s of pod%" PRIu32 ": %s",
		   name, id, strerror(error));
}
