/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Taking the time, and telling what came out. A tick of the TSC is one
 * instruction where QEMU runs with -icount shift=0, else emulated time.
 */
#ifndef POD_BENCH_SAMPLE_H
#define POD_BENCH_SAMPLE_H

#include <stdint.h>

/**
 * struct samples - what one row measured
 * @ticks: one figure each
 * @nr: how many there are
 * @max: for how many there is room
 */
struct samples {
	uint64_t *ticks;
	unsigned int nr;
	unsigned int max;
};

/* All before it is done, and nothing after it has begun. */
static inline uint64_t ticks(void)
{
	uint32_t low, high;

	asm volatile("mfence\n\tlfence\n\trdtsc\n\tlfence"
		     : "=a" (low), "=d" (high) : : "memory");
	return (uint64_t)high << 32 | low;
}

void samples_begin(struct samples *s, unsigned int max);
/* What taking the time itself costs is taken off. */
void samples_add(struct samples *s, uint64_t ticks);

/*
 * One line of JSON: the row, its peer, the page size that it is about, and of
 * the samples, each divided by @per, what is usual. Forgets them.
 */
void samples_print(struct samples *s, const char *row, const char *peer,
		   const char *page, double per);

#endif /* POD_BENCH_SAMPLE_H */
