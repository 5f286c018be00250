// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finding a pod file in /proc. Most likely its maker still has it, so that one
 * is asked first; but it may have been handed on, and need not be open where
 * it is mapped.
 */
#include "podfile.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/kvm_pod.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "podctl.h"
#include "sysfs.h"

/* What /proc says of a pod file; podctl's tests build with another name. */
#ifndef POD_LINK
#define POD_LINK "/kvm-pod (deleted)"
#endif

struct search {
	uint32_t id;
	struct podfile found;
	bool denied;	/* something was not for us to look at */
};

static void note_denied(struct search *search)
{
	search->denied |= errno == EACCES || errno == EPERM;
}

/* By its name it may be a pod file; which one it is, it says itself. */
static bool looks_like_one(struct search *search, int directory,
			   const char *name)
{
	char target[sizeof(POD_LINK)];
	ssize_t length = readlinkat(directory, name, target, sizeof(target));

	if (length < 0)
		note_denied(search);
	return length == sizeof(POD_LINK) - 1 &&
	       !memcmp(target, POD_LINK, sizeof(POD_LINK) - 1);
}

static bool is_pod(int fd, uint32_t id)
{
	struct kvm_pod_query query = { .size = sizeof(query) };

	return !ioctl(fd, KVM_POD_QUERY, &query) && query.out_id == id;
}

static bool try_entry(struct search *search, pid_t pid, int directory,
		      const char *name)
{
	struct podfile *found = &search->found;

	if (!looks_like_one(search, directory, name))
		return false;
	found->fd = openat(directory, name, O_RDWR | O_CLOEXEC);
	if (found->fd < 0) {
		note_denied(search);
		return false;
	}
	if (is_pod(found->fd, search->id)) {
		found->pid = pid;
		found->pidfd = pidfd_open(pid, 0);
		if (found->pidfd >= 0)
			return true;
	}
	close(found->fd);
	return false;
}

/* @where: "fd" or "map_files" */
static bool try_process(struct search *search, pid_t pid, const char *where)
{
	struct dirent *entry;
	bool found = false;
	char path[40];
	DIR *directory;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, where);
	directory = opendir(path);
	if (!directory) {
		note_denied(search);
		return false;
	}
	while (!found && (entry = readdir(directory)))
		found = try_entry(search, pid, dirfd(directory), entry->d_name);
	closedir(directory);
	return found;
}

static bool try_maker(struct search *search)
{
	uint64_t pid;

	return !sysfs_read_u64(search->id, "owner_pid", &pid) &&
	       try_process(search, (pid_t)pid, "fd");
}

static bool try_all(struct search *search, const char *where)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	bool found = false;

	while (proc && !found && (entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]))
			found = try_process(search, atoi(entry->d_name), where);
	if (proc)
		closedir(proc);
	return found;
}

static noreturn void die_not_found(const struct search *search)
{
	char pid[SYSFS_VALUE_LEN];

	sysfs_need_pod(search->id);
	if (!search->denied)
		podctl_die(PODCTL_FAILED,
			   "no process here has the file of pod%" PRIu32
			   "; is it in another PID namespace?", search->id);
	if (sysfs_read(search->id, "owner_pid", pid))
		snprintf(pid, sizeof(pid), "?");
	podctl_die(PODCTL_NO_RIGHT,
		   "no right to open the file of pod%" PRIu32
		   ", which process %s made: that is for its user, and for root",
		   search->id, pid);
}

struct podfile podfile_open(uint32_t id)
{
	struct search search = { .id = id };

	sysfs_need_pod(id);
	if (!try_maker(&search) && !try_all(&search, "fd") &&
	    !try_all(&search, "map_files"))
		die_not_found(&search);
	return search.found;
}

bool podfile_is_held(const struct podfile *file)
{
	struct pollfd ended = { .fd = file->pidfd, .events = POLLIN };

	return poll(&ended, 1, 0) <= 0;
}
