// SPDX-License-Identifier: GPL-2.0-only
/* What is known of the content of pods. */
#define _GNU_SOURCE
#include "world.h"

#include <string.h>
#include <unistd.h>

/* Pages of which nothing was ever known, looked at in the end all the same. */
#define SAMPLES		32
/* Pages that can be known byte by byte; the others are PAGE_MIXED. */
#define EXACT_PAGES	64

static u8 exact[EXACT_PAGES][PAGE];
static unsigned int nr_exact;

u8 model_byte(const struct pod *pod, u64 page)
{
	return 0x80 | ((page * 37 + (pod - pods) * 101 + 1) & 0x7f);
}

static void set_page(struct pod *pod, u64 page, enum content to)
{
	if (page >= MODEL_PAGES)
		return;
	pod->page[page] = to;
	pod->touched[page] = true;
}

static enum content content(const struct pod *pod, u64 page)
{
	return page < MODEL_PAGES ? pod->page[page] : PAGE_ANY;
}

static u8 value_of(const struct pod *pod, u64 page, enum content what)
{
	return what == PAGE_FULL ? model_byte(pod, page) : 0;
}

/* What is known of each byte of a page, if there is room for that. */
static u8 *bytes_of(struct pod *pod, u64 page)
{
	enum content now = content(pod, page);
	unsigned int nr;

	if (now == PAGE_EXACT)
		return exact[pod->exact[page]];
	if (now > PAGE_EXACT)
		return NULL;
	nr = __sync_fetch_and_add(&nr_exact, 1);
	if (nr >= EXACT_PAGES)
		return NULL;
	memset(exact[nr], value_of(pod, page, now), PAGE);
	pod->exact[page] = nr;
	set_page(pod, page, PAGE_EXACT);
	return exact[nr];
}

/* Bytes of a page became zero, or the page's own; false if that is not known. */
static bool change_bytes(struct pod *pod, u64 offset, u64 end,
			 enum content to)
{
	u64 page = offset / PAGE;
	u8 *bytes;

	if (to > PAGE_FULL || content(pod, page) == to)
		return false;
	bytes = bytes_of(pod, page);
	if (bytes)
		memset(bytes + offset % PAGE, value_of(pod, page, to),
		       end - offset);
	return bytes;
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
		bool whole = !(offset % PAGE);

		next = (offset | (PAGE - 1)) + 1;
		whole = whole && next <= end;
		if (whole || !surely ||
		    !change_bytes(pod, offset, next < end ? next : end, to))
			change(pod, offset / PAGE, to, surely && whole);
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
	if (what == PAGE_EXACT ?
	    memcmp(data, exact[pod->exact[page]] + offset % PAGE, len) :
	    !fits(what, data, len, model_byte(pod, page)))
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
		if (pod->touched[page] || !(page % (pages / SAMPLES + 1)))
			check_page(t, pod, fd, page);
}

void model_check_all(struct thread *t)
{
	unsigned int i;

	for (i = 0; i < NR_PODS; i++)
		if (pods[i].made)
			check_pod(t, &pods[i]);
}
