// SPDX-License-Identifier: GPL-2.0-only
/*
 * The stock: what is given can be taken, once, as what it was given for.
 */
#include <string.h>

#include "fuzz.h"
#include "stock.h"

#define NR_SHARDS	4
#define NR_NODES	160
#define NOWHERE		POD_STOCK_NR

static struct pod_stock_shard shards[NR_SHARDS];
static struct pod_stock stock;

/* @where: the kind it was given as, or NOWHERE. */
static struct node {
	struct list_head list;
	unsigned int where;
} nodes[NR_NODES];

static u64 nr[POD_STOCK_NR];

static void give(unsigned int shard, enum pod_stock_kind kind)
{
	unsigned int i;

	for (i = 0; i < NR_NODES && nodes[i].where != NOWHERE; i++)
		;
	if (i == NR_NODES)
		return;
	nodes[i].where = kind;
	nr[kind]++;
	pod_stock_give(&stock, shard, kind, &nodes[i].list);
}

static void take(unsigned int shard, enum pod_stock_kind kind)
{
	struct list_head *list = pod_stock_take(&stock, shard, kind);
	struct node *node;

	CHECK(!list == !nr[kind]);
	if (!list)
		return;
	node = list_entry(list, struct node, list);
	CHECK(node >= nodes && node < nodes + NR_NODES);
	CHECK(node->where == kind);
	node->where = NOWHERE;
	nr[kind]--;
}

/* Shards that are not alike need many in one. */
static void give_many(unsigned int shard, enum pod_stock_kind kind)
{
	unsigned int i;

	for (i = 0; i < 40; i++)
		give(shard, kind);
}

static void compare(void)
{
	unsigned int kind, i;
	u64 sum;

	for (kind = 0; kind < POD_STOCK_NR; kind++) {
		CHECK(pod_stock_nr(&stock, kind) == nr[kind]);
		sum = 0;
		for (i = 0; i < NR_SHARDS; i++)
			sum += pod_stock_estimate(&stock, i, kind);
		CHECK(sum == nr[kind] * NR_SHARDS);
	}
}

/* Each node is still on a list, and only there. */
static void drain(void)
{
	unsigned int kind, i;

	for (kind = 0; kind < POD_STOCK_NR; kind++)
		while (nr[kind])
			take(nr[kind], kind);
	for (i = 0; i < NR_NODES; i++)
		CHECK(nodes[i].where == NOWHERE);
	compare();
}

void fuzz_run(struct rnd *choices)
{
	static void (*const ops[])(unsigned int shard,
				   enum pod_stock_kind kind) = {
		give, give, take, take, take, give_many,
	};
	unsigned int i, op, shard;

	memset(nr, 0, sizeof(nr));
	memset(shards, 0xa5, sizeof(shards));
	pod_stock_init(&stock, shards, NR_SHARDS);
	for (i = 0; i < NR_NODES; i++)
		nodes[i].where = NOWHERE;
	while (!rnd_is_dry(choices)) {
		op = rnd_below(choices, 6);
		shard = rnd_below(choices, 2 * NR_SHARDS);
		ops[op](shard, rnd_below(choices, POD_STOCK_NR));
		compare();
	}
	drain();
}
