// SPDX-License-Identifier: GPL-2.0-only
/*
 * The stock owns the free pages of a reserve. It never looks inside a page
 * and never counts what a pod owns: that is the ledger's.
 */
#include "stock.h"

#include <linux/minmax.h>

/* Nodes that move when a shard runs dry: few enough to keep the lock short. */
#define POD_STOCK_BATCH 32

static struct pod_stock_shard *stock_shard(const struct pod_stock *stock,
					   unsigned int shard)
{
	return &stock->shards[shard & (stock->nr_shards - 1)];
}

void pod_stock_init(struct pod_stock *stock, struct pod_stock_shard *shards,
		    unsigned int nr_shards)
{
	unsigned int i, kind;

	stock->shards = shards;
	stock->nr_shards = nr_shards;
	for (i = 0; i < nr_shards; i++) {
		spin_lock_init(&shards[i].lock);
		for (kind = 0; kind < POD_STOCK_NR; kind++) {
			INIT_LIST_HEAD(&shards[i].list[kind]);
			shards[i].nr[kind] = 0;
		}
	}
}

static struct list_head *shard_take(struct pod_stock_shard *s,
				    enum pod_stock_kind kind)
{
	struct list_head *node = NULL;

	spin_lock(&s->lock);
	if (s->nr[kind]) {
		node = s->list[kind].next;
		list_del(node);
		WRITE_ONCE(s->nr[kind], s->nr[kind] - 1);
	}
	spin_unlock(&s->lock);
	return node;
}

static void shard_give(struct pod_stock_shard *s, enum pod_stock_kind kind,
		       struct list_head *nodes, u64 nr)
{
	spin_lock(&s->lock);
	list_splice(nodes, &s->list[kind]);
	WRITE_ONCE(s->nr[kind], s->nr[kind] + nr);
	spin_unlock(&s->lock);
}

/* Move up to half of what @from has, at most a batch, to @batch. */
static u64 shard_take_batch(struct pod_stock_shard *from,
			    enum pod_stock_kind kind, struct list_head *batch)
{
	u64 i, nr;

	spin_lock(&from->lock);
	nr = min_t(u64, (from->nr[kind] + 1) / 2, POD_STOCK_BATCH);
	for (i = 0; i < nr; i++)
		list_move(from->list[kind].next, batch);
	WRITE_ONCE(from->nr[kind], from->nr[kind] - nr);
	spin_unlock(&from->lock);
	return nr;
}

/*
 * The locks of two shards are never held together. Between them the batch is
 * on no list, and a third CPU may see the stock emptier than it is: a caller
 * that gives up on an empty stock looks more than once.
 */
static struct list_head *shard_refill(struct pod_stock_shard *to,
				      struct pod_stock_shard *from,
				      enum pod_stock_kind kind)
{
	struct list_head *node;
	LIST_HEAD(batch);
	u64 nr;

	if (!READ_ONCE(from->nr[kind]))
		return NULL;
	nr = shard_take_batch(from, kind, &batch);
	if (!nr)
		return NULL;
	node = batch.next;
	list_del(node);
	if (nr > 1)
		shard_give(to, kind, &batch, nr - 1);
	return node;
}

struct list_head *pod_stock_take(struct pod_stock *stock, unsigned int shard,
				 enum pod_stock_kind kind)
{
	struct pod_stock_shard *own = stock_shard(stock, shard);
	struct list_head *node = NULL;
	unsigned int i;

	if (READ_ONCE(own->nr[kind]))
		node = shard_take(own, kind);
	for (i = 1; !node && i < stock->nr_shards; i++)
		node = shard_refill(own, stock_shard(stock, shard + i), kind);
	return node;
}

void pod_stock_give(struct pod_stock *stock, unsigned int shard,
		    enum pod_stock_kind kind, struct list_head *node)
{
	LIST_HEAD(nodes);

	list_add(node, &nodes);
	shard_give(stock_shard(stock, shard), kind, &nodes, 1);
}

u64 pod_stock_estimate(const struct pod_stock *stock, unsigned int shard,
		       enum pod_stock_kind kind)
{
	return READ_ONCE(stock_shard(stock, shard)->nr[kind]) *
	       stock->nr_shards;
}

u64 pod_stock_nr(const struct pod_stock *stock, enum pod_stock_kind kind)
{
	u64 nr = 0;
	unsigned int i;

	for (i = 0; i < stock->nr_shards; i++)
		nr += READ_ONCE(stock->shards[i].nr[kind]);
	return nr;
}
