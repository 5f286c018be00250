// SPDX-License-Identifier: GPL-2.0-only
/*
 * What giving memory up costs: one call for one page, all of it in use before.
 */
#include <err.h>
#include <sched.h>
#include <string.h>

#include "memory.h"
#include "pod.h"
#include "rows.h"
#include "sample.h"

#define SIZE		(64 * REGION)
#define SMALL_SIZE	(8 * REGION)

/* The pod's worker, who clears what was given up, comes after all of a row. */
static void keep_the_cpu(int policy)
{
	struct sched_param param = { .sched_priority = policy == SCHED_FIFO };

	if (sched_setscheduler(0, policy, &param))
		err(1, "sched_setscheduler");
}

/*
 * @length bytes at a time. Pages of a block are given up from one block each, so
 * that none comes to its end.
 */
static void discard_each(const char *row, const struct kind *kind,
			 size_t length, size_t stride, size_t size)
{
	struct samples s;
	struct memory m;
	uint64_t from;
	size_t at;

	if (memory_begin(&m, kind, size))
		return;
	memset(m.mem, 1, size);
	samples_begin(&s, size / stride);
	keep_the_cpu(SCHED_FIFO);
	for (at = 0; at < size; at += stride) {
		from = ticks();
		if (kind->discard(&m, at, length))
			break;
		samples_add(&s, ticks() - from);
	}
	keep_the_cpu(SCHED_OTHER);
	samples_print(&s, row, kind->name, kind->page, 1);
	memory_end(&m);
}

/* hugetlb gives up blocks only; who touches a page again is asked by userfaultfd. */
void row_discard(void)
{
	static const char *const huge[] = {
		"pod", "anonymous", "memfd", "hugetlb"
	};
	static const char *const small[] = { "pod", "anonymous", "memfd" };
	unsigned int i;

	for (i = 0; i < 4; i++)
		discard_each("discard", kind_named(huge[i], "2m"), REGION, REGION,
			     SIZE);
	for (i = 0; i < 3; i++)
		discard_each("discard", kind_named(small[i], "4k"), PAGE, PAGE,
			     SMALL_SIZE);
	/* The first of a block, for which THP and shmem take it apart. */
	for (i = 0; i < 3; i++)
		discard_each("discard-part", kind_named(small[i], "2m"), PAGE,
			     REGION, SIZE);
	/* And those after it. */
	for (i = 0; i < 3; i++)
		discard_each("discard-parts", kind_named(small[i], "2m"), PAGE,
			     PAGE, SMALL_SIZE);
}
