// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "attempt.h"

#include <errno.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "sys.h"

int try_create(void *arg)
{
	struct attempt *a = arg;
	struct kvm_pod_create args = pod_create_args(a->size,
						     a->target ?: a->size);
	struct rlimit limit = { a->memlock, a->memlock };

	args.flags = a->flags;
	if (a->memlock && setrlimit(RLIMIT_MEMLOCK, &limit))
		return 98;
	if (ioctl(a->dev, KVM_POD_CREATE, &args) < 0)
		return errno;
	a->fd = args.out_fd;
	return 0;
}

int try_create_without_descriptor(void *arg)
{
	struct attempt *a = arg;
	struct rlimit limit = { a->dev + 1, a->dev + 1 };

	while (dup(a->dev) >= 0)
		;
	setrlimit(RLIMIT_NOFILE, &limit);
	return try_create(a);
}

long long meminfo(const char *name)
{
	return file_field("/proc/meminfo", name) * 1024;
}

/* Pages that each CPU keeps for itself; it may be a tenth of all memory. */
static long long pages_of_cpus(void)
{
	FILE *file = fopen("/proc/zoneinfo", "r");
	long long pages = 0, nr;
	char line[128];

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, " count: %lld", &nr) == 1)
			pages += nr;
	fclose(file);
	return pages;
}

long long available(void)
{
	return meminfo("MemAvailable") + pages_of_cpus() * (long long)PAGE;
}
