// SPDX-License-Identifier: GPL-2.0-only
/*
 * podctl events: how often things happened to a pod, from sysfs; or tell them
 * as they come, from the pod file. An open file hears of what comes after its
 * open only.
 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/kvm_pod.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "args.h"
#include "podctl.h"
#include "podfile.h"
#include "size.h"
#include "sysfs.h"

#define NR_AT_ONCE	16
#define NS_PER_S	1000000000LL
#define NS_PER_MS	1000000LL

/* By enum kvm_pod_event_type. */
static const char *const event_names[] = {
	[KVM_POD_EVENT_LOW] = "low",
	[KVM_POD_EVENT_EXHAUSTED] = "exhausted",
	[KVM_POD_EVENT_RESUMED] = "resumed",
	[KVM_POD_EVENT_PARKED] = "parked",
	[KVM_POD_EVENT_NORMAL] = "normal",
};

#define NR_EVENTS (sizeof(event_names) / sizeof(event_names[0]))

struct events {
	uint32_t id;
	bool follow;
};

static const struct argp_option options[] = {
	{ "follow", 'f', NULL, 0, "Tell events as they come", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct events *events = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		*events = (struct events){ 0 };
		return 0;
	case 'f':
		events->follow = true;
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num)
			argp_error(state, "'%s' is one argument too many", arg);
		events->id = args_pod(state, arg);
		return 0;
	case ARGP_KEY_END:
		if (!state->arg_num)
			argp_error(state, "the pod is missing");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "POD",
	.doc = "Show how often a pod ran low on memory and the like.\v"
	       "With --follow, a line for each event from now on, until the process ends that has the pod file; the file is opened through that process, so this is for its user and for root.",
};

static void show_count(const struct events *events, const char *event)
{
	char name[32], text[SYSFS_VALUE_LEN];

	snprintf(name, sizeof(name), "events_%s", event);
	if (sysfs_read(events->id, name, text))
		snprintf(text, sizeof(text), "-");
	printf("%-10s %s\n", event, text);
}

static void show_counts(const struct events *events)
{
	unsigned int i;

	sysfs_need_pod(events->id);
	for (i = 1; i < NR_EVENTS; i++)
		show_count(events, event_names[i]);
}

static int64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* The kernel's clock counts from the boot; people's does not. */
static void print_time(uint64_t monotonic_ns)
{
	int64_t ns = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC) +
		     (int64_t)monotonic_ns;
	time_t seconds = ns / NS_PER_S;
	struct tm local;
	char text[32];

	localtime_r(&seconds, &local);
	strftime(text, sizeof(text), "%F %T", &local);
	printf("%s.%03d", text, (int)(ns % NS_PER_S / NS_PER_MS));
}

static void print_event(const struct kvm_pod_event *event)
{
	char reserve[SIZE_TEXT_LEN];

	/* A newer kernel knows more. */
	if (!event->type || event->type >= NR_EVENTS)
		return;
	print_time(event->time_ns);
	printf(" %-9s reserve %s", event_names[event->type],
	       size_format(event->reserve, reserve));
	if (event->type == KVM_POD_EVENT_EXHAUSTED)
		printf(", touched 0x%" PRIx64, (uint64_t)event->offset);
	putchar('\n');
}

static noreturn void die_read(const struct events *events, int error)
{
	if (error == ENOTTY)
		podctl_die(PODCTL_FAILED,
			   "this version of kvm-pod has no events to read");
	podctl_die(PODCTL_FAILED, "cannot read the events of pod%" PRIu32
		   ": %s", events->id, strerror(error));
}

/* All that are there. */
static void print_new(const struct events *events, int fd)
{
	struct kvm_pod_event event[NR_AT_ONCE];
	struct kvm_pod_read_events call;
	uint32_t i;

	do {
		call = (struct kvm_pod_read_events){
			.size = sizeof(call),
			.nr_events = NR_AT_ONCE,
			.events_ptr = (uintptr_t)event,
		};
		if (ioctl(fd, KVM_POD_READ_EVENTS, &call))
			die_read(events, errno);
		if (call.out_lost)
			printf("(%" PRIu32 " events were lost)\n",
			       call.out_lost);
		for (i = 0; i < call.out_nr; i++)
			print_event(&event[i]);
	} while (call.out_nr);
	if (fflush(stdout))
		podctl_die(PODCTL_FAILED, "cannot write to stdout");
}

/* This keeps the pod, too: it must not outlive the process that has it. */
static void follow(const struct events *events)
{
	struct podfile file = podfile_open(events->id);
	struct pollfd fds[] = {
		{ .fd = file.fd, .events = POLLPRI },
		{ .fd = file.pidfd, .events = POLLIN },
	};

	do {
		print_new(events, file.fd);
		poll(fds, 2, -1);
		if (fds[0].revents & POLLERR)
			die_read(events, EIO);
	} while (!fds[1].revents);
	print_new(events, file.fd);
	fprintf(stderr, "podctl: process %d, which had the pod, ended\n",
		file.pid);
}

int podctl_events(int argc, char **argv)
{
	struct events events;

	argp_parse(&argp, argc, argv, 0, NULL, &events);
	if (events.follow)
		follow(&events);
	else
		show_counts(&events);
	if (fflush(stdout))
		podctl_die(PODCTL_FAILED, "cannot write to stdout");
	return PODCTL_OK;
}
