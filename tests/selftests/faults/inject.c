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

#define FUNCTION	"fail_function"

#define NR_OF(array)	(sizeof(array) / sizeof((array)[0]))

static const char *const attrs[] = {
	"failslab", "fail_page_alloc", "fail_usercopy", "fail_futex", FUNCTION,
};

/* The kinds that an attribute is for. */
static const unsigned int kinds_of[] = {
	1 << INJECT_ALLOCATION | 1 << INJECT_ALLOCATIONS,
	1 << INJECT_ALLOCATION | 1 << INJECT_ALLOCATIONS,
	1 << INJECT_COPY,
	0,
	1 << INJECT_FUNCTION,
};

/* Of the calling thread; the process has only one that injects. */
static int nth_fd = -1, task_fd = -1;
static enum inject_kind current_kind;
static unsigned int burst;

/*
 * kmemleak allocates a note for each allocation. That it can do without is not
 * what is tested, and would be half of all trials. This finds where it does so,
 * before main(): that takes long, and each test is a process.
 */
static char notes_start[24] = "0", notes_end[24] = "0";

static void __attribute__((constructor)) find_notes(void)
{
	FILE *file = fopen("/proc/kallsyms", "r");
	char line[256], address[20], name[128];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%19s %*c %127s", address, name) != 2)
			continue;
		found = notes_start[1];
		if (found)
			snprintf(notes_end, sizeof(notes_end), "0x%s", address);
		else if (!strcmp(name, "__alloc_object"))
			snprintf(notes_start, sizeof(notes_start), "0x%s",
				 address);
	}
	if (file)
		fclose(file);
}

static bool set(const char *attr, const char *name, const char *value)
{
	char path[160];

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
	       set(attr, "require-end", ANYWHERE) &&
	       set(attr, "reject-start", notes_start) &&
	       set(attr, "reject-end", notes_end);
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

/* What a path takes: an allocation, and a copy of it. */
static bool works(void)
{
	bool hit;
	int fd;

	inject_arm(1);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	hit = inject_disarm();
	close(fd);
	return fd < 0 && hit;
}

const char *inject_begin(enum inject_kind kind)
{
	if (!set_all(kind))
		return "this kernel has no fault injection";
	current_kind = kind;
	burst = INJECT_BURST;
	nth_fd = open_of_thread("fail-nth");
	task_fd = open_of_thread("make-it-fail");
	if (nth_fd < 0 || task_fd < 0)
		return "no /proc/thread-self/fail-nth";
	return kind == INJECT_FUNCTION || works() ? NULL : "nothing fails";
}

void inject_end(void)
{
	unsigned int i;

	set(FUNCTION, "inject", " ");
	for (i = 0; i < NR_OF(attrs); i++)
		set_defaults(attrs[i]);
	close(nth_fd);
	close(task_fd);
	nth_fd = -1;
	task_fd = -1;
}

void inject_burst(unsigned int nr)
{
	burst = nr;
}

static void set_number(const char *attr, const char *name, long number)
{
	char text[24];

	snprintf(text, sizeof(text), "%ld", number);
	set(attr, name, text);
}

/* The burst's part: what follows the one that fail-nth lets fail. */
static void set_burst(bool on)
{
	set_number("failslab", "times", on ? burst : -1);
	set_number("fail_page_alloc", "times", on ? burst : -1);
	set("failslab", "probability", on ? "100" : "0");
	set("fail_page_alloc", "probability", on ? "100" : "0");
}

static void put(int fd, const char *text)
{
	if (pwrite(fd, text, strlen(text), 0) < 0)
		abort();
}

/* The kernel counts for no thread: its probe is no context of a task. */
static void arm_function(unsigned int nth)
{
	set_number(FUNCTION, "space", nth);
	set_number(FUNCTION, "times", 1);
	set(FUNCTION, "probability", "100");
}

static bool disarm_function(void)
{
	set(FUNCTION, "probability", "0");
	return !file_number(DEBUGFS FUNCTION "/times");
}

void inject_arm(unsigned int nth)
{
	char text[16];

	if (current_kind == INJECT_FUNCTION) {
		arm_function(nth);
		return;
	}
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

	if (current_kind == INJECT_FUNCTION)
		return disarm_function();
	if (current_kind == INJECT_ALLOCATIONS)
		put(task_fd, "0");
	got = pread(nth_fd, text, sizeof(text) - 1, 0);
	if (pwrite(nth_fd, "0", 1, 0) < 0 && pwrite(nth_fd, "0", 1, 0) < 0)
		abort();
	if (current_kind == INJECT_ALLOCATIONS)
		set_burst(false);
	return got > 0 && atoi(text) == 0;
}

const char *inject_function(const char *name, int error)
{
	char path[64], retval[24];

	snprintf(path, sizeof(path), FUNCTION "/%s", name);
	snprintf(retval, sizeof(retval), "%#lx", -(long)error);
	set(FUNCTION, "inject", " ");
	if (!set(FUNCTION, "inject", name) || !set(path, "retval", retval) ||
	    !set(FUNCTION, "task-filter", "N"))
		return "this kernel does not let the function fail";
	return NULL;
}

static const char *const allocation_attrs[] = {
	"failslab", "fail_page_alloc",
};

static bool require_module(const char *attr)
{
	return set(attr, "require-start", MODULES_START) &&
	       set(attr, "require-end", MODULES_END);
}

const char *inject_only_module(void)
{
	unsigned int i;

	if (current_kind == INJECT_COPY)
		return NULL;
	for (i = 0; i < NR_OF(allocation_attrs); i++)
		if (!require_module(allocation_attrs[i]))
			return "this kernel has no fault injection";
	return NULL;
}

const char *inject_background(unsigned int percent)
{
	const char *attr;
	char text[16];
	unsigned int i;

	snprintf(text, sizeof(text), "%u", percent);
	for (i = 0; i < NR_OF(allocation_attrs); i++) {
		attr = allocation_attrs[i];
		if (!set_defaults(attr) || !set_filters() ||
		    !require_module(attr) || !set(attr, "task-filter", "N") ||
		    !set(attr, "probability", text))
			return "this kernel has no fault injection";
	}
	return NULL;
}
