/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A pod of the module's core in user space: its structures in the sizes that
 * the module gives them, and what the module asks of the core when a page is
 * touched or given up. Pages are names only, there is no memory behind them.
 */
#ifndef BENCH_UPOD_H
#define BENCH_UPOD_H

#include "journal.h"
#include "ledger.h"
#include "pmt.h"
#include "recent.h"
#include "stock.h"

/* What metadata is for. */
enum meta {
	META_WORDS,
	META_LEAVES,
	META_MARKS,
	META_LOCKS,
	META_LEDGER,
	META_STOCK,
	META_RECENT,
	META_POD,
	META_NR,
};

extern const char *const meta_names[META_NR];

/* A page or block of the reserve: where the kernel has a struct page. */
struct unit {
	struct list_head node;
} ____cacheline_aligned;

/**
 * struct upod - what of struct pod a fault looks at, in its order and place
 * @units: pages and blocks of the reserve; a handle is an index + 1
 * @bytes: allocated now, by what for
 */
struct upod {
	struct pod_ledger ledger;
	struct pod_pmt pmt;
	struct pod_stock stock;
	struct pod_recent *recent;
	unsigned int nr_recent;
	u64 low_mark;

	struct unit *units;
	u64 bytes[META_NR];
} ____cacheline_aligned;

/* As the module makes it on a machine of @nr_cpus; nothing in its reserve. */
void upod_make(struct upod *pod, u64 nr_pages, unsigned int nr_cpus);

/* Put @nr units from @first on into the reserve of CPU @cpu. */
void upod_supply(struct upod *pod, unsigned int cpu, enum pod_stock_kind kind,
		 unsigned long first, unsigned long nr);

/* Gives back what it has; what is populated need not be given up before. */
void upod_end(struct upod *pod);

/* A touch of a HOLE: a block for it, from lookup to the low mark. */
void upod_touch_block(struct upod *pod, unsigned int cpu, unsigned long region);

/* The block goes back to the reserve. */
void upod_drop_block(struct upod *pod, unsigned int cpu, unsigned long region);

/* The same for a page; the first of a region makes it SMALL. */
void upod_touch_page(struct upod *pod, unsigned int cpu, unsigned long index);
void upod_drop_page(struct upod *pod, unsigned int cpu, unsigned long index);

/* A page of a HUGE region is given up in place. */
void upod_mark_page(struct upod *pod, unsigned long index);

/* Bytes in use for all of it. */
u64 upod_bytes(const struct upod *pod);

#endif /* BENCH_UPOD_H */
