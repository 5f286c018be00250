// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pod's files in sysfs and debugfs, and its events, each fault in turn.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pod_test.h"
#include "sequence.h"

SEQUENCE_FIXTURE

#define SYSFS	"/sys/class/kvm-pod"
#define DEBUGFS	"/sys/kernel/debug/kvm-pod"

static long read_file(const char *path)
{
	static char text[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	long ret;

	if (fd < 0)
		return -errno;
	ret = read(fd, text, sizeof(text)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

static long read_all(const struct pod *pod, const char *top,
		     const char *const *names)
{
	char path[128];
	long ret = 0;

	for (; *names && !ret; names++) {
		snprintf(path, sizeof(path), "%s/pod%u/%s", top, pod->id,
			 *names);
		ret = read_file(path);
	}
	return ret;
}

/* One of each sort. */
static long read_sysfs(struct pod *pod)
{
	static const char *const names[] = {
		"owned", "target", "waits", "events_low", "policy", "label",
		"reserve_huge", "low_mark", NULL,
	};

	return read_all(pod, SYSFS, names);
}

SEQUENCE(sysfs_reads, "sysfs, reading", .run = read_sysfs);

static long read_totals(struct pod *pod)
{
	return read_file(SYSFS "/pods") ?: read_file(SYSFS "/total_owned");
}

SEQUENCE(sysfs_totals, "the class's totals", .run = read_totals);

static long read_debugfs(struct pod *pod)
{
	static const char *const names[] = {
		"audit", "map", "ept_latency", NULL,
	};

	return read_all(pod, DEBUGFS, names);
}

SEQUENCE(debugfs_reads, "debugfs", .run = read_debugfs);

/* As SET_TARGET: what could be taken stays. */
static long write_target(struct pod *pod)
{
	return pod_attr_write(pod, "target", "12582912");
}

SEQUENCE(sysfs_target, "sysfs, target", .run = write_target,
	 .flags = SEQ_PARTIAL);

static long write_limits(struct pod *pod)
{
	return pod_attr_write(pod, "policy", "wait") ?:
	       pod_attr_write(pod, "low_mark", "4096") ?:
	       pod_attr_write(pod, "overdraft_max", "8192") ?:
	       pod_attr_write(pod, "grow_max", "4096");
}

SEQUENCE(sysfs_limits, "sysfs, policy and limits", .run = write_limits,
	 .flags = SEQ_PARTIAL);

/* The reserve is empty, and somebody knows by now. */
static const char *exhaust(struct pod *pod)
{
	struct pollfd p = { pod->fd, POLLPRI };

	fill(pod->mem, 8 * MiB, 1);
	pwrite(pod->fd, "x", 1, 8 * MiB);
	return poll(&p, 1, 5000) == 1 ? NULL : "no event came";
}

static long poll_events(struct pod *pod)
{
	struct pollfd p = { pod->fd, POLLPRI };

	if (poll(&p, 1, 5000) < 0)
		return -errno;
	return p.revents & POLLPRI ? 0 : -ENODATA;
}

SEQUENCE(event_poll, "poll for events", .prepare = exhaust, .run = poll_events);

static struct kvm_pod_event events[8];

static const char *exhaust_untold(struct pod *pod)
{
	memset(events, 0, sizeof(events));
	return exhaust(pod);
}

/*
 * Those that were not told are told the next time. They have been, where only
 * how many they are could not be.
 */
static long read_events(struct pod *pod)
{
	int got = pod_read_events(pod->fd, events, 8, NULL);

	return got || events[0].seq ? got : -ENODATA;
}

SEQUENCE(event_read, "read events", .prepare = exhaust_untold,
	 .run = read_events);

TEST_HARNESS_MAIN
