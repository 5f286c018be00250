// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a running guest notices of the sweep in the background: a loop over two
 * arrays tells the time after each round, and touches memory at a steady rate.
 * On one CPU the worker takes turns with the guest. In percent of a round.
 *
 * All bulk memory is in use. The low mark is raised, so that the worker never
 * finds that there is enough; how often it works is the module's decision.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pod.h"
#include "rows.h"
#include "sample.h"
#include "vm.h"

#define ARRAY	MiB
#define STRIDE	(16UL << 10)
#define ROUNDS	6144
/* Where the times go, behind the arrays, and the bulk behind them. */
#define TIMES	REGION
#define BULK	(TIMES + ROUNDS * STRIDE)
#define TARGET	(BULK + 1024 * MiB)
/* More may be touched than there is: else nothing is swept. */
#define SIZE	(TARGET + 1024 * MiB)

/**
 * struct scene - what the memory is like while the loop runs
 * @name: as in the report
 * @low_mark: in bytes; 0: no sweep, TARGET: at each chance
 * @data_at: where each block of the bulk has a byte of data
 * @array: what the arrays are full of
 */
struct scene {
	const char *name;
	u64 low_mark;
	long data_at;
	int array;
};

static void use_memory(u8 *mem, long data_at, int array)
{
	u64 at;

	memset(mem, array, 2 * ARRAY);
	for (at = BULK; at < TARGET; at += REGION)
		mem[at + data_at] = 1;
}

static int compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return (x > y) - (x < y);
}

/* What each round took more than the median. */
static void print_rounds(const char *name, const u8 *mem)
{
	u64 *took = calloc(ROUNDS, sizeof(*took)), median;
	struct samples s;
	unsigned int i;

	if (!took)
		abort();
	for (i = 1; i < ROUNDS; i++)
		took[i - 1] = *(const u64 *)(mem + TIMES + i * STRIDE) -
			      *(const u64 *)(mem + TIMES + (i - 1) * STRIDE);
	qsort(took, ROUNDS - 1, sizeof(*took), compare);
	median = took[ROUNDS / 2];
	samples_begin(&s, ROUNDS);
	for (i = 0; i < ROUNDS - 1; i++)
		samples_add(&s, took[i] > median ? took[i] - median : 0);
	samples_print(&s, "jitter", name, "round", median / 100.0);
	free(took);
}

static void stream(const struct pod *pod, const char *name)
{
	const char *error;
	struct vm vm;

	error = vm_begin(&vm, false);
	if (error)
		fprintf(stderr, "podbench: %s\n", error);
	else if (!vm_set_memory(&vm, pod->mem, pod->size) &&
		 !vm_stream(&vm, 0, ARRAY, TIMES, STRIDE, ROUNDS))
		print_rounds(name, pod->mem);
	vm_end(&vm);
}

static void set_low_mark(const struct pod *pod, u64 bytes)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)bytes);
	pod_must(pod_attr_write(pod, "low_mark", text), "low_mark");
}

static void run_scene(const struct scene *scene)
{
	const char *error;
	struct pod pod;

	error = pod_begin(&pod, SIZE, TARGET);
	if (!error) {
		use_memory(pod.mem, scene->data_at, scene->array);
		set_low_mark(&pod, scene->low_mark);
		stream(&pod, scene->name);
		error = pod_finish(&pod);
	}
	if (error)
		fprintf(stderr, "podbench: %s\n", error);
}

void row_jitter(void)
{
	static const struct scene scenes[] = {
		{ "none", 0, 0, 1 },
		{ "data-first", TARGET, 0, 1 },
		{ "data-last", TARGET, REGION - 1, 1 },
		/* A block that comes back by each sweep, and is touched again. */
		{ "data-last, a block of zeroes", TARGET, REGION - 1, 0 },
	};
	unsigned int i;

	for (i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++)
		run_scene(&scenes[i]);
}
