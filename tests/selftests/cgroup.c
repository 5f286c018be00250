// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "cgroup.h"

#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys.h"

#define ROOT "/sys/fs/cgroup"

static int file_in(const struct cgroup *cg, const char *name, char *path,
		   size_t len)
{
	return snprintf(path, len, "%s/%s", cg->path, name);
}

static int cgroup_write(const struct cgroup *cg, const char *name,
			const char *text)
{
	char path[128];

	file_in(cg, name, path, sizeof(path));
	return file_write(path, text);
}

int cgroup_make(struct cgroup *cg)
{
	if (access(ROOT "/cgroup.controllers", F_OK))
		mount("cgroup2", ROOT, "cgroup2", 0, NULL);
	if (file_write(ROOT "/cgroup.subtree_control", "+memory"))
		return -1;
	snprintf(cg->path, sizeof(cg->path), ROOT "/kvm-pod-test-%d", getpid());
	return mkdir(cg->path, 0755);
}

void cgroup_remove(const struct cgroup *cg)
{
	rmdir(cg->path);
}

int cgroup_enter(const struct cgroup *cg)
{
	return cgroup_write(cg, "cgroup.procs", "0");
}

void cgroup_leave(void)
{
	file_write(ROOT "/cgroup.procs", "0");
}

int cgroup_limit(const struct cgroup *cg, unsigned long bytes)
{
	char text[32];

	snprintf(text, sizeof(text), "%lu", bytes);
	return cgroup_write(cg, "memory.max", text);
}

long long cgroup_current(const struct cgroup *cg)
{
	char path[128];

	file_in(cg, "memory.current", path, sizeof(path));
	return file_number(path);
}

long long cgroup_oom_kills(const struct cgroup *cg)
{
	char path[128];

	file_in(cg, "memory.events", path, sizeof(path));
	return file_field(path, "oom_kill");
}
