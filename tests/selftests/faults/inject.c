// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "inject.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys.h"

#define DEBUGFS	"/sys/kernel/debug/"

/* Where modules are, whatever the kernel's own text is moved to. */
#define MODULES_START	"0xffffffffa0000000"
#define MODULES_END	"0xffffffffff000000"
#define ANYWHERE	"0xffffffffffffffff"

#define NR_OF(array)	(sizeof(array) / sizeof((array)[0]))

static const char *const attrs[] = {
	"failslab", "fail_page_alloc", "fail_usercopy", "fail_futex",
};

/* The kinds that an attribute is for. */
static const unsigned int kinds_of[] = {
	1 << INJECT_ALLOCATION | 1 << INJECT_ALLOCATIONS,
	1 << INJECT_ALLOCATION | 1 << INJECT_ALLOCATIONS,
	1 << INJECT_COPY,
	0,
};

/* Of the calling thread; the process has only one that injects. */
static int nth_fd = -1, task_fd = -1;
static enum inject_kind current_kind;

static bool set(const char *attr, const char *name, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), DEBUGFS "%s/%s", attr, name);
	return !file_write(path, value);
}

/* Nothing fails by chance, nothing is told, nothing is left out. */
static bool set_defaults(const char *attr)
{
	return set(attr, "probability", "0") && set(attr, "interval", "1") &&
	       set(attr, "times", "-1") && set(attr, "space", "0") &&
	       set(attr, "verbose", "0") && set(attr, "task-filter", "Y") &&
	       set(attr, "stacktrace-depth", "32") &&
	       set(attr, "require-start", "0") &&
	       set(attr, "require-end", ANYWHERE);
}

static bool set_filters(void)
{
	return set("failslab", "ignore-gfp-wait", "N") &&
	       set("failslab", "cache-filter", "N") &&
	       set("fail_page_alloc", "ignore-gfp-wait", "N") &&
	       set("fail_page_alloc", "ignore-gfp-highmem", "N") &&
	       set("fail_page_alloc", "min-order", "0");
}

/* Required is a caller where there is none. */
static bool exclude(const char *attr)
{
	return set(attr, "require-start", "1") && set(attr, "require-end", "2");
}

static bool set_all(enum inject_kind kind)
{
	unsigned int i;

	for (i = 0; i < NR_OF(attrs); i++) {
		if (!set_defaults(attrs[i]))
			return false;
		if (!(kinds_of[i] & 1 << kind) && !exclude(attrs[i]))
			return false;
	}
	return set_filters();
}

static int open_of_thread(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/thread-self/%s", name);
	return open(path, O_RDWR | O_CLOEXEC);
}

const char *inject_begin(enum inject_kind kind)
{
	if (!set_all(kind))
		return "this kernel has no fault injection";
	current_kind = kind;
	nth_fd = open_of_thread("fail-nth");
	task_fd = open_of_thread("make-it-fail");
	return nth_fd < 0 || task_fd < 0 ? "no /proc/thread-self/fail-nth" :
					   NULL;
}

void inject_end(void)
{
	unsigned int i;

	for (i = 0; i < NR_OF(attrs); i++)
		set_defaults(attrs[i]);
	close(nth_fd);
	close(task_fd);
	nth_fd = -1;
	task_fd = -1;
}

/* The burst's part: what follows the one that fail-nth lets fail. */
static void set_burst(bool on)
{
	char times[16];

	snprintf(times, sizeof(times), "%d", on ? INJECT_BURST : -1);
	set("failslab", "times", times);
	set("fail_page_alloc", "times", times);
	set("failslab", "probability", on ? "100" : "0");
	set("fail_page_alloc", "probability", on ? "100" : "0");
}

static void put(int fd, const char *text)
{
	if (pwrite(fd, text, strlen(text), 0) < 0)
		abort();
}

void inject_arm(unsigned int nth)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", nth);
	if (current_kind == INJECT_ALLOCATIONS)
		set_burst(true);
	put(nth_fd, text);
	/* As long as fail-nth counts, nothing fails by chance. */
	if (current_kind == INJECT_ALLOCATIONS)
		put(task_fd, "1");
}

/*
 * Reading copies too, and may be hit in place of what was to be tested; so
 * does the write that ends the counting.
 */
bool inject_disarm(void)
{
	char text[16] = "";
	ssize_t got;

	if (current_kind == INJECT_ALLOCATIONS)
		put(task_fd, "0");
	got = pread(nth_fd, text, sizeof(text) - 1, 0);
	if (pwrite(nth_fd, "0", 1, 0) < 0 && pwrite(nth_fd, "0", 1, 0) < 0)
		abort();
	if (current_kind == INJECT_ALLOCATIONS)
		set_burst(false);
	return got > 0 && atoi(text) == 0;
}

const char *inject_background(unsigned int percent)
{
	static const char *const some[] = { "failslab", "fail_page_alloc" };
	char text[16];
	unsigned int i;

	snprintf(text, sizeof(text), "%u", percent);
	for (i = 0; i < NR_OF(some); i++) {
		if (!set_defaults(some[i]) || !set_filters() ||
		    !set(some[i], "require-start", MODULES_START) ||
		    !set(some[i], "require-end", MODULES_END) ||
		    !set(some[i], "task-filter", "N") ||
		    !set(some[i], "probability", text))
			return "this kernel has no fault injection";
	}
	return NULL;
}
