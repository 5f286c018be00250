// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arguments that fit what a program has by then: its pods, its mappings, and
 * what fields ask of each other. Values that come by chance break a rule in
 * most calls, and the rest of the program then has nothing to work on.
 */
#include "world.h"

#include <string.h>
#include <sys/mman.h>

/**
 * struct aim - what there is, as far as can be told without running
 * @size: of the pod in each slot, 0 for none
 * @mapped: how much of a pod each mapping has
 */
struct aim {
	u64 size[NR_SLOTS];
	u64 mapped[NR_MAPS];
};

static void follow(struct aim *a, const struct op *op)
{
	const char *name = calls[op->call].name;
	u64 to = op_arg(op, "to") % SLOT_DEVICE;
	u64 from = op_arg(op, "from") % NR_SLOTS;
	u64 slot = op_arg(op, "slot");

	if (!strcmp(name, "create"))
		a->size[slot % SLOT_DEVICE] = op_arg(op, "memory_size");
	else if (!strcmp(name, "dup") || !strcmp(name, "reopen"))
		a->size[to] = a->size[from];
	else if (!strcmp(name, "close"))
		a->size[slot % SLOT_DEVICE] = 0;
	else if (!strcmp(name, "mmap"))
		a->mapped[op_arg(op, "map") % NR_MAPS] =
			a->size[slot % NR_SLOTS] ? op_arg(op, "length") : 0;
}

/* One that is not 0; the first if there is none. */
static unsigned int pick(const u64 *sizes, unsigned int nr)
{
	unsigned int from = random_below(nr), i;

	for (i = 0; i < nr; i++)
		if (sizes[(from + i) % nr])
			return (from + i) % nr;
	return 0;
}

/*
 * The edges of regions are where most happens, and calls have to meet: half of
 * them do in the first region, and most in the first pages of one.
 */
static u64 page_below(u64 size)
{
	u64 at = random_below(2) * random_below(size / REGION) * REGION;

	if (random_below(2))
		at += random_below(4) * PAGE;
	else if (!random_below(4))
		at += random_below(REGION / PAGE) * PAGE;
	return at < size ? at : 0;
}

static void aim_range(struct op *op, const char *offset, const char *length,
		      u64 size)
{
	u64 from = page_below(size);
	u64 len = op_arg(op, length);

	if (!len || len % PAGE || len > size - from)
		len = (1 + random_below(8)) * PAGE;
	op_set(op, offset, from);
	op_set(op, length, len < size - from ? len : size - from);
}

static void aim_create(struct op *op, u64 size)
{
	static const u64 sizes[] = { 1, 2, 2, 3, 4, 4, 4, 8 };
	u64 regions = sizes[random_below(8)];
	u64 target = (1 + random_below(regions)) * REGION;

	if (op_arg(op, "flags") & KVM_POD_F_PINNABLE)
		target = regions * REGION;
	else if (target < regions * REGION && !random_below(4))
		target += random_below(REGION / PAGE) * PAGE;
	op_set(op, "memory_size", regions * REGION);
	op_set(op, "target", target);
	op_set(op, "node_mask_words", 0);
	op_set(op, "node_mask_ptr", PLACE_NULL);
}

static void aim_mmap(struct op *op, u64 size)
{
	u64 from = random_below(3) ? 0 : page_below(size);

	op_set(op, "offset", from);
	op_set(op, "length", size - from);
	if (random_below(4))
		op_set(op, "prot", PROT_READ | PROT_WRITE);
}

static void aim_target(struct op *op, u64 size)
{
	u64 pages = (size - REGION) / PAGE;

	if (op_arg(op, "target") > size)
		op_set(op, "target", REGION + random_below(pages + 1) * PAGE);
}

static void aim_policy(struct op *op, u64 size)
{
	u64 flags = op_arg(op, "flags");
	u64 limit = random_below(size / PAGE + 1) * PAGE;

	op_set(op, "overdraft_max",
	       flags & KVM_POD_SET_OVERDRAFT_MAX ? limit : 0);
	op_set(op, "grow_max", flags & KVM_POD_SET_GROW_MAX ? limit : 0);
}

static void aim_balloon(struct op *op, u64 size)
{
	bool reset = op_arg(op, "op") == KVM_POD_BALLOON_RESET;

	aim_range(op, "offset", "length", size);
	aim_range(op, "offset2", "length2", size);
	op_set(op, "nr_ranges", reset ? 0 : 1 + random_below(2));
	op_set(op, "ranges_ptr", reset ? PLACE_NULL : PLACE_GOOD);
}

/* To move it is all that mremap() could do with it. */
static void aim_mremap(struct op *op, u64 size)
{
	op_set(op, "new", op_arg(op, "length"));
}

static void aim_touch(struct op *op, u64 size)
{
	aim_range(op, "offset", "length", size);
}

static void aim_sweep(struct op *op, u64 size)
{
	if (op_arg(op, "length"))
		aim_range(op, "offset", "length", size);
}

/* Every other one begins or ends within a page. */
static void aim_bytes(struct op *op, u64 size)
{
	aim_range(op, "offset", "length", size);
	if (random_below(2))
		op_set(op, "offset", op_arg(op, "offset") + random_below(PAGE));
	if (random_below(2))
		op_set(op, "length", op_arg(op, "length") - random_below(PAGE));
}

static const struct {
	const char *name;
	void (*aim)(struct op *op, u64 size);
} aims[] = {
	{ "create", aim_create },
	{ "mmap", aim_mmap },
	{ "store", aim_touch },
	{ "load", aim_touch },
	{ "madvise", aim_touch },
	{ "remote", aim_touch },
	{ "hold", aim_touch },
	{ "mremap", aim_mremap },
	{ "set_target", aim_target },
	{ "set_policy", aim_policy },
	{ "balloon", aim_balloon },
	{ "sweep", aim_sweep },
	{ "fallocate", aim_bytes },
	{ "pread", aim_bytes },
	{ "pwrite", aim_bytes },
};

/* Slots and mappings that hold something. Returns the size of what is meant. */
static u64 aim_names(const struct aim *a, struct op *op, bool makes_map)
{
	const struct call *c = &calls[op->call];
	u64 size = 0;
	unsigned int i;

	for (i = 0; i < c->nr_args; i++) {
		const char *kind = c->arg[i].kind->name;

		if (!strcmp(kind, "map") && !makes_map) {
			op->arg[i] = pick(a->mapped, NR_MAPS);
			size = a->mapped[op->arg[i]];
		}
		if (strcmp(kind, "pod"))
			continue;
		op->arg[i] = pick(a->size, NR_SLOTS);
		size = a->size[op->arg[i]];
	}
	return size;
}

void aim_op(const struct prog *p, unsigned int at, struct op *op)
{
	const char *name = calls[op->call].name;
	u64 size = REGION;
	struct aim a = {};
	unsigned int i;

	for (i = 0; i < at; i++)
		follow(&a, &p->op[i]);
	if (strcmp(name, "create"))
		size = aim_names(&a, op, !strcmp(name, "mmap"));
	if (size < REGION || size > MODEL_PAGES * PAGE)
		return;
	for (i = 0; i < sizeof(aims) / sizeof(aims[0]); i++)
		if (!strcmp(aims[i].name, name))
			aims[i].aim(op, size);
}
