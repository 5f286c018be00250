// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "trace.h"

#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys.h"

#define TRACEFS	"/sys/kernel/tracing/"
#define EVENTS	TRACEFS "events/kvm_pod/"

static int enable(const char *value)
{
	int ret = file_write(EVENTS "kvm_pod_sweep/enable", value);

	return ret ?: file_write(EVENTS "kvm_pod_wait/enable", value);
}

int trace_begin(void)
{
	int ret = file_write(TRACEFS "trace", "\n");

	return ret ?: enable("1");
}

static void add_line(struct sweep_trace *sum, const char *line,
		     long long *since_wait)
{
	const char *scanned = strstr(line, " scanned=");
	long long nr;

	if (strstr(line, " kvm_pod_wait: ")) {
		sum->waits++;
		*since_wait = 0;
	}
	if (!scanned || sscanf(scanned, " scanned=%lld", &nr) != 1)
		return;
	sum->sweeps++;
	sum->pages += nr;
	*since_wait += nr;
	if (*since_wait > sum->most)
		sum->most = *since_wait;
}

void trace_end(struct sweep_trace *sum)
{
	FILE *file = fopen(TRACEFS "trace", "re");
	char line[512], task[32];
	long long since_wait = 0;

	enable("0");
	memset(sum, 0, sizeof(*sum));
	if (!file)
		return;
	snprintf(task, sizeof(task), "-%ld ", syscall(SYS_gettid));
	while (fgets(line, sizeof(line), file))
		if (strstr(line, task))
			add_line(sum, line, &since_wait);
	fclose(file);
}

int trace_populate_begin(void)
{
	int ret = file_write(TRACEFS "trace", "\n");

	return ret ?: file_write(EVENTS "kvm_pod_populate/enable", "1");
}

void trace_populate_end(unsigned int id, int *its, int *others)
{
	FILE *file = fopen(TRACEFS "trace", "re");
	unsigned int found;
	const char *event;
	char line[512];

	file_write(EVENTS "kvm_pod_populate/enable", "0");
	*its = 0;
	*others = 0;
	while (file && fgets(line, sizeof(line), file)) {
		event = strstr(line, " kvm_pod_populate: pod");
		if (!event || sscanf(event, " kvm_pod_populate: pod%u", &found) != 1)
			continue;
		(*(found == id ? its : others))++;
	}
	if (file)
		fclose(file);
}
