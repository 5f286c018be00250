/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A pod in one thread: actors take turns, one step each, in an order that a
 * seed decides. A step is what the module does in one locked section, or
 * between two. The core's code is the real one; folios, page tables and locks
 * that sleep are toys.
 */
#ifndef POD_TEST_EXPLORE_H
#define POD_TEST_EXPLORE_H

#include "pmt.h"
#include "stock.h"
#include "test.h"

#define NR_REGIONS	3
#define NR_PAGES	(NR_REGIONS * POD_REGION_PAGES)
#define NR_VIEWS	2
#define NR_FOLIOS	128

/* Deliberate mistakes, each of which the explorer has to find. */
enum mistake {
	NO_MISTAKE,
	ZERO_DECIDED_BEFORE_UNMAP,
	REFERENCES_TESTED_BEFORE_UNMAP,
	NO_REFERENCE_TEST,
	NO_ZERO_CHECK,
	MARKS_ARE_TRUSTED,
	NO_FREEZE,
	FAULT_TRUSTS_ITS_LOOK,
	NO_LOOK_BEFORE_POPULATE,
	NO_RECALL_OF_ZEROES,
	RECALL_WITHOUT_ZERO_LOCK,
	DISCARD_MARKS_ONLY,
	DIRTY_PAGE_AS_CLEAN,
	NR_MISTAKES,
};

/**
 * struct folio - a page, or a block of a region's size
 * @node: in the stock
 * @nr: pages, 0 = not in use
 * @data: what each page holds
 * @refs: the pod's own, one per mapping, one per user
 * @locker: who has it locked, or NULL
 */
struct folio {
	struct list_head node;
	unsigned int nr;
	u8 data[POD_REGION_PAGES];
	int refs;
	struct actor *locker;
};

/* What a page table has for a page. */
struct pte {
	struct folio *folio;
	bool zero;
};

/**
 * struct actor - one thread of the module, of a guest, or of a device
 * @next: the next step; idle when NULL
 * @after: where a step goes on that several sequences share
 *
 * The rest is what the sequence under way has in hand.
 */
struct actor {
	void (*begin)(struct actor *a);
	void (*next)(struct actor *a);
	void (*after)(struct actor *a);
	unsigned int view;
	unsigned long index, first, nr;
	u8 value;
	bool write, given, copy, alone;
	struct folio *folio;
	struct pod_leaf *leaf;
	struct folio *list[POD_REGION_PAGES];
	unsigned int i, nr_list;
	bool data[POD_REGION_PAGES];
	bool was_given[POD_REGION_PAGES];
};

/**
 * struct world - everything
 * @expect: what the guest must find in each page
 * @discarding: nobody may expect anything of this page for now
 * @zero_locker: who has the zero folio locked
 * @spare: the float
 * @float_busy: somebody borrows from it
 * @error: what went wrong first, or NULL
 */
struct world {
	enum mistake mistake;
	struct rnd rnd;
	struct pod_ledger ledger;
	struct pod_pmt pmt;
	struct pod_stock stock;
	struct folio folio[NR_FOLIOS];
	struct pte pte[NR_VIEWS][NR_PAGES];
	u8 expect[NR_PAGES];
	bool discarding[NR_PAGES];
	struct actor *zero_locker;
	struct folio *spare[POD_REGION_PAGES];
	unsigned int nr_spare;
	bool float_busy;
	const char *error;
};

extern struct world w;

/* Run the order that @choices say; what went wrong, or NULL. */
const char *explore(const struct rnd *choices, enum mistake mistake,
		    unsigned int steps);

void fail(const char *what);
bool makes(enum mistake mistake);
unsigned int pick(unsigned int n);

void lock_region(unsigned long region);
void unlock_region(unsigned long region);
struct pod_slot look(unsigned long index);
struct folio *folio_of(u64 handle);
u64 handle_of_folio(const struct folio *folio);
void *zalloc_leaf(size_t size);

struct folio *folio_new(unsigned int nr);
struct folio *stock_take(enum pod_stock_kind kind);
/* The pod's page goes back; @clean: proved to be zero. */
void stock_give(struct folio *folio, bool clean);

void map_folio(unsigned int view, unsigned long index, struct folio *folio);
void unmap_view(unsigned int view, unsigned long first, unsigned long nr);
/* Unmap a->first, a->nr everywhere, a view at a time, then go to @after. */
void unmap_all(struct actor *a, void (*after)(struct actor *a));
/* The same after the zero folio was locked and unlocked. */
void recall(struct actor *a, void (*after)(struct actor *a));

void touch_begin(struct actor *a);
void read_begin(struct actor *a);
void device_begin(struct actor *a);
void demote_begin(struct actor *a);
void sweep_begin(struct actor *a);
void discard_begin(struct actor *a);
void deflate_begin(struct actor *a);
void target_begin(struct actor *a);
void collapse_step(struct actor *a);

#endif /* POD_TEST_EXPLORE_H */
