// SPDX-License-Identifier: GPL-2.0-only
/*
 * A sweep of blocks: each wholly zero, or with data in the first page, or in
 * the last. Per 2 MiB.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/zero.h"
#include "memory.h"
#include "pod.h"
#include "rows.h"
#include "sample.h"

#define BLOCKS	64
#define ROUNDS	5

/* Zeroes that were reclaimed have to be touched again. */
static void prepare(uint8_t *mem, long data_at)
{
	unsigned int i;

	for (i = 0; i < BLOCKS; i++) {
		memset(mem + i * REGION, 0, REGION);
		if (data_at >= 0)
			mem[i * REGION + data_at] = 1;
	}
}

static void sweep_blocks(const char *name, long data_at)
{
	struct samples s;
	struct memory m;
	struct pod pod;
	uint64_t from;
	unsigned int i;

	if (memory_begin(&m, kind_named("pod", "2m"), BLOCKS * REGION))
		return;
	pod = (struct pod){ .fd = m.fd, .size = m.size, .mem = m.mem };
	samples_begin(&s, ROUNDS);
	for (i = 0; i < ROUNDS; i++) {
		prepare(m.mem, data_at);
		from = ticks();
		pod_must(pod_sweep(&pod, 0, 0, 0, NULL), "KVM_POD_SWEEP");
		samples_add(&s, ticks() - from);
	}
	samples_print(&s, "sweep", name, "2m", BLOCKS);
	memory_end(&m);
}

static uint8_t block[REGION] __attribute__((aligned(REGION)));

/* What of that is the scan's: the same code, by the same registers. */
static void scan_block(void)
{
	bool vector = __builtin_cpu_supports("avx2");
	struct samples s;
	uint64_t from;
	size_t at;
	int i;

	memset(block, 0, REGION);
	samples_begin(&s, ROUNDS);
	for (i = 0; i < ROUNDS; i++) {
		from = ticks();
		for (at = 0; at < REGION; at += PAGE)
			if (!(vector ? pod_is_zero_avx2 :
				       pod_is_zero_generic)(block + at, PAGE))
				abort();
		samples_add(&s, ticks() - from);
	}
	samples_print(&s, "sweep", "the scan alone", "2m", 1);
}

void row_sweep(void)
{
	sweep_blocks("zeroes", -1);
	sweep_blocks("data-first", 0);
	sweep_blocks("data-last", REGION - 1);
	scan_block();
}
