// SPDX-License-Identifier: GPL-2.0-only
/*
 * The stock alone: nothing is lost, nothing is handed out twice, and a shard
 * that is dry finds what the others have.
 */
#include "stock.h"

#include "test.h"

#define NR_SHARDS 4
#define NR_NODES  200

struct node {
	struct list_head list;
	bool taken;
};

static struct pod_stock_shard shards[NR_SHARDS];
static struct node nodes[NR_NODES];
static struct pod_stock stock;

static void stock_make(void)
{
	unsigned int i;

	pod_stock_init(&stock, shards, NR_SHARDS);
	for (i = 0; i < NR_NODES; i++)
		nodes[i].taken = true;
}

static void give(unsigned int shard, enum pod_stock_kind kind, unsigned int i)
{
	CHECK(nodes[i].taken);
	nodes[i].taken = false;
	pod_stock_give(&stock, shard, kind, &nodes[i].list);
}

static struct node *take(unsigned int shard, enum pod_stock_kind kind)
{
	struct list_head *list = pod_stock_take(&stock, shard, kind);
	struct node *node;

	if (!list)
		return NULL;
	node = list_entry(list, struct node, list);
	CHECK(!node->taken);
	node->taken = true;
	return node;
}

static void empty_gives_nothing(void)
{
	unsigned int kind;

	stock_make();
	for (kind = 0; kind < POD_STOCK_NR; kind++) {
		CHECK(!pod_stock_take(&stock, 1, kind));
		CHECK(pod_stock_nr(&stock, kind) == 0);
	}
}

static void kinds_do_not_mix(void)
{
	stock_make();
	give(0, POD_STOCK_HUGE, 0);
	give(0, POD_STOCK_HUGE_DIRTY, 1);
	CHECK(!take(0, POD_STOCK_SMALL));
	CHECK(take(0, POD_STOCK_HUGE) == &nodes[0]);
	CHECK(take(0, POD_STOCK_HUGE_DIRTY) == &nodes[1]);
}

/* All in one shard, all taken through another: batches move, none is lost. */
static void dry_shard_takes_from_others(void)
{
	unsigned int i;

	stock_make();
	for (i = 0; i < NR_NODES; i++)
		give(3, POD_STOCK_SMALL, i);
	for (i = 0; i < NR_NODES; i++) {
		CHECK(pod_stock_nr(&stock, POD_STOCK_SMALL) == NR_NODES - i);
		CHECK(take(1, POD_STOCK_SMALL));
	}
	CHECK(!take(1, POD_STOCK_SMALL));
	for (i = 0; i < NR_NODES; i++)
		CHECK(nodes[i].taken);
}

static void shard_number_is_folded(void)
{
	stock_make();
	give(1234567, POD_STOCK_HUGE, 5);
	CHECK(take(7654321, POD_STOCK_HUGE) == &nodes[5]);
}

/* Exact when all shards have the same, and never from another shard. */
static void estimate_reads_one_shard(void)
{
	unsigned int i;

	stock_make();
	for (i = 0; i < 3 * NR_SHARDS; i++)
		give(i, POD_STOCK_HUGE, i);
	for (i = 0; i < NR_SHARDS; i++)
		CHECK(pod_stock_estimate(&stock, i, POD_STOCK_HUGE) ==
		      3 * NR_SHARDS);
	give(1, POD_STOCK_HUGE, i + 100);
	CHECK(pod_stock_estimate(&stock, 0, POD_STOCK_HUGE) == 3 * NR_SHARDS);
	CHECK(pod_stock_estimate(&stock, 0, POD_STOCK_SMALL) == 0);
}

static void random_traffic_keeps_count(void)
{
	struct rnd rnd = { .state = test_seed() };
	unsigned int i, n = 0, shard;
	struct node *node;

	test_note("SEED=%#llx", (unsigned long long)rnd.state);
	stock_make();
	for (i = 0; i < 100000; i++) {
		shard = rnd_below(&rnd, 8);
		node = &nodes[rnd_below(&rnd, NR_NODES)];
		if (node->taken) {
			give(shard, POD_STOCK_SMALL, node - nodes);
			n++;
		} else {
			CHECK(take(shard, POD_STOCK_SMALL));
			n--;
		}
		CHECK(pod_stock_nr(&stock, POD_STOCK_SMALL) == n);
	}
}

const struct test tests[] = {
	{ "stock: an empty one gives nothing", empty_gives_nothing },
	{ "stock: kinds do not mix", kinds_do_not_mix },
	{ "stock: a dry shard takes from the others",
	  dry_shard_takes_from_others },
	{ "stock: any shard number is folded", shard_number_is_folded },
	{ "stock: an estimate reads one shard", estimate_reads_one_shard },
	{ "stock: random traffic keeps count", random_traffic_keeps_count },
	{ }
};
