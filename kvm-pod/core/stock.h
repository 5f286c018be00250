/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The stock: a reserve's lists of free pages.
 *
 * Pages are known here by a list node only. A node on a list belongs to the
 * stock; taking it hands it to the caller. Lists are sharded, so that vCPUs
 * that fault in different regions take from different locks; a shard that
 * runs dry moves a batch over from another.
 */
#ifndef POD_CORE_STOCK_H
#define POD_CORE_STOCK_H

#include <linux/cache.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

/**
 * enum pod_stock_kind - what lies on a list
 * @POD_STOCK_HUGE: 2 MiB blocks, all zero
 * @POD_STOCK_SMALL: single pages, all zero
 * @POD_STOCK_HUGE_DIRTY: 2 MiB blocks still to be cleared
 */
enum pod_stock_kind {
	POD_STOCK_HUGE,
	POD_STOCK_SMALL,
	POD_STOCK_HUGE_DIRTY,
	POD_STOCK_NR,
};

struct pod_stock_shard {
	spinlock_t lock;
	struct list_head list[POD_STOCK_NR];
	u64 nr[POD_STOCK_NR];
} ____cacheline_aligned;

/**
 * struct pod_stock - the lists of one pod
 * @shards: owned by the caller of pod_stock_init()
 * @nr_shards: a power of two
 */
struct pod_stock {
	struct pod_stock_shard *shards;
	unsigned int nr_shards;
};

void pod_stock_init(struct pod_stock *stock, struct pod_stock_shard *shards,
		    unsigned int nr_shards);

/**
 * pod_stock_take() - take a node, from another shard if need be
 *
 * Return: a node that the caller owns, or NULL if all shards looked empty.
 */
struct list_head *pod_stock_take(struct pod_stock *stock, unsigned int shard,
				 enum pod_stock_kind kind);

void pod_stock_give(struct pod_stock *stock, unsigned int shard,
		    enum pod_stock_kind kind, struct list_head *node);

/**
 * pod_stock_estimate() - about how many nodes of @kind there are
 *
 * Looks at one shard only, and takes it for the average: for the fault path,
 * which must not read what other CPUs write.
 */
u64 pod_stock_estimate(const struct pod_stock *stock, unsigned int shard,
		       enum pod_stock_kind kind);

/** pod_stock_nr() - nodes of @kind, exact when nothing moves */
u64 pod_stock_nr(const struct pod_stock *stock, enum pod_stock_kind kind);

#endif /* POD_CORE_STOCK_H */
