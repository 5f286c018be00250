// SPDX-License-Identifier: GPL-2.0-only
/* What is known of the content of pods. */
#define _GNU_SOURCE
#include "world.h"

#include <string.h>
#include <unistd.h>

/* Pages that were never written, looked at in the end all the same. */
#define SAMPLES		32

u8 model_byte(const struct pod *pod, u64 page)
{
	return 0x80 | ((page * 37 + (pod - pods) * 101 + 1) & 0x7f);
}

static void set_page(struct pod *pod, u64 page, enum content to)
{
	if (page < MODEL_PAGES)
		pod->page[page] = to;
}

static enum content content(const struct pod *pod, u64 page)
{
	return page < MODEL_PAGES ? pod->page[page] : PAGE_ANY;
}

/* All of a page became @to, or bytes of it did, or it is not known whether. */
static void change(struct pod *pod, u64 page, enum content to, bool surely)
{
	enum content now = content(pod, page);

	if (surely || now == to)
		set_page(pod, page, to);
	else if (now != PAGE_ANY)
		set_page(pod, page, to == PAGE_ANY ? PAGE_ANY : PAGE_MIXED);
}

static void change_range(struct pod *pod, u64 offset, u64 len,
			 enum content to, bool surely)
{
	u64 end = offset + len, next;

	if (!pod || offset >= pod->size)
		return;
	if (end > pod->size || end < offset)
		end = pod->size;
	if (end > MODEL_PAGES * PAGE)
		end = MODEL_PAGES * PAGE;
	for (; offset < end; offset = next) {
		next = (offset | (PAGE - 1)) + 1;
		change(pod, offset / PAGE, to,
		       surely && !(offset % PAGE) && next <= end);
	}
}

void model_write(struct pod *pod, u64 offset, u64 len, bool zero)
{
	change_range(pod, offset, len, zero ? PAGE_ZERO : PAGE_FULL, true);
}

void model_zero(struct pod *pod, u64 offset, u64 len)
{
	change_range(pod, offset, len, PAGE_ZERO, true);
}

void model_maybe(struct pod *pod, u64 offset, u64 len)
{
	change_range(pod, offset, len, PAGE_MIXED, true);
}

void model_any(struct pod *pod, u64 offset, u64 len)
{
	change_range(pod, offset, len, PAGE_ANY, false);
}

static bool all_are(const u8 *data, u64 len, u8 value)
{
	return !len || (data[0] == value && !memcmp(data, data + 1, len - 1));
}

static bool each_is(const u8 *data, u64 len, u8 value)
{
	while (len && (!*data || *data == value)) {
		data++;
		len--;
	}
	return !len;
}

static bool fits(enum content what, const u8 *data, u64 len, u8 value)
{
	switch (what) {
	case PAGE_ZERO:
		return all_are(data, len, 0);
	case PAGE_FULL:
		return all_are(data, len, value);
	case PAGE_MIXED:
		return each_is(data, len, value);
	default:
		return true;
	}
}

void model_check(struct thread *t, const struct pod *pod, u64 offset,
		 const u8 *data, u64 len)
{
	u64 page = offset / PAGE;
	enum content what = content(pod, page);

	/* Others may have changed it since, but not to anything else. */
	if (!t->single && what != PAGE_ANY)
		what = PAGE_MIXED;
	if (!fits(what, data, len, model_byte(pod, page)))
		complain("content: page %lu of pod%u is not as expected (%d)",
			 page, pod->id, what);
}

static void check_page(struct thread *t, const struct pod *pod, int fd,
		       u64 page)
{
	u8 data[PAGE];

	if (pread(fd, data, PAGE, page * PAGE) == PAGE)
		model_check(t, pod, page * PAGE, data, PAGE);
}

static void check_pod(struct thread *t, const struct pod *pod)
{
	u64 pages = pod->size / PAGE, page;
	int fd = pod_fd(pod);

	if (fd < 0)
		return;
	if (pages > MODEL_PAGES)
		pages = MODEL_PAGES;
	for (page = 0; page < pages; page++)
		if (pod->page[page] || !(page % (pages / SAMPLES + 1)))
			check_page(t, pod, fd, page);
}

void model_check_all(struct thread *t)
{
	unsigned int i;

	for (i = 0; i < NR_PODS; i++)
		if (pods[i].made)
			check_pod(t, &pods[i]);
}
