// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a touch costs: all instructions from before the store to after
 * it, of the processor that does it, other threads and the timer included.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "memory.h"
#include "pod.h"
#include "rows.h"
#include "sample.h"
#include "vm.h"

#define HUGE_PAGES	128
#define SMALL_PAGES	8192

static unsigned int pages_of(const struct kind *kind)
{
	return kind->step == REGION ? HUGE_PAGES : SMALL_PAGES;
}

/* Memory for all touches, whole blocks. */
static int begin(struct memory *m, const struct kind *kind, const char *row)
{
	size_t size = (size_t)pages_of(kind) * kind->step;
	int ret = memory_begin(m, kind, size);

	if (ret)
		printf("{\"row\": \"%s\", \"peer\": \"%s\", \"page\": \"%s\", \"absent\": \"%s\"}\n",
		       row, kind->name, kind->page, strerror(-ret));
	return ret;
}

static void store_all(const struct memory *m, const char *row)
{
	const struct kind *kind = m->kind;
	unsigned int i, nr = pages_of(kind);
	struct samples s;
	uint64_t from;

	samples_begin(&s, nr);
	for (i = 0; i < nr; i++) {
		from = ticks();
		__atomic_store_n(m->mem + i * kind->step, 1, __ATOMIC_RELAXED);
		samples_add(&s, ticks() - from);
	}
	samples_print(&s, row, kind->name, kind->page, 1);
}

/* Once more with the memory there, and only the mapping gone: not anonymous. */
static void touch_all(const struct kind *kind)
{
	struct memory m;

	if (begin(&m, kind, "touch"))
		return;
	store_all(&m, "touch");
	if (m.fd >= 0 && !madvise(m.mem, m.size, MADV_DONTNEED))
		store_all(&m, "map");
	memory_end(&m);
}

void row_touch(void)
{
	unsigned int i;

	for (i = 0; i < nr_kinds; i++)
		touch_all(&kinds[i]);
}

/* One step of the guest: it is entered, stores, and leaves again. */
static uint64_t enter(struct vm *vm, uint64_t offset)
{
	uint64_t from = ticks();

	vm_fill(vm, offset, REGION, 1);
	return ticks() - from;
}

/*
 * The guest's touches, less what the same costs where there is memory already:
 * the exit, the fault and the way back.
 */
static void guest_touches(struct vm *vm, const struct kind *kind)
{
	unsigned int i, nr = pages_of(kind);
	uint64_t first, second;
	struct samples s;

	samples_begin(&s, nr);
	for (i = 0; i < nr; i++) {
		first = enter(vm, i * kind->step);
		second = enter(vm, i * kind->step);
		samples_add(&s, first > second ? first - second : 0);
	}
	samples_print(&s, "guest", kind->name, kind->page, 1);
}

static void guest_all(const struct kind *kind)
{
	const char *error;
	struct memory m;
	struct vm vm;

	if (begin(&m, kind, "guest"))
		return;
	error = vm_begin(&vm, false);
	if (error)
		fprintf(stderr, "podbench: %s\n", error);
	else if (!vm_set_memory(&vm, m.mem, m.size))
		guest_touches(&vm, kind);
	vm_end(&vm);
	memory_end(&m);
}

void row_guest(void)
{
	unsigned int i;

	for (i = 0; i < nr_kinds; i++)
		guest_all(&kinds[i]);
}
