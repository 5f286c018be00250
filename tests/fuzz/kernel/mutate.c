// SPDX-License-Identifier: GPL-2.0-only
/* Making programs, from nothing and from others. */
#include "fuzz.h"

#include <string.h>

static u64 state;

void random_seed(u64 seed)
{
	state = seed * 0x9e3779b97f4a7c15 + 1;
}

/* xorshift64* */
static u64 random_u64(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1d;
}

u64 random_below(u64 n)
{
	return n ? (random_u64() >> 16) % n : 0;
}

static bool one_in(unsigned int n)
{
	return !random_below(n);
}

static u64 any_value(const struct kind *k)
{
	u64 value;

	if (k->nr_odd && one_in(12))
		return k->odd[random_below(k->nr_odd)];
	value = k->usual[random_below(k->nr_usual)];
	if (!k->spread || !one_in(3))
		return value;
	value += random_below(2 * k->spread / PAGE) * PAGE;
	return one_in(4) ? value + random_below(PAGE) : value;
}

static void change_value(const struct kind *k, u64 *value)
{
	switch (random_below(8)) {
	case 0:
		*value += 1;
		return;
	case 1:
		*value -= 1;
		return;
	case 2:
		*value ^= 1UL << random_below(64);
		return;
	case 3:
		*value += PAGE;
		return;
	case 4:
		*value = k->nr_odd ? k->odd[random_below(k->nr_odd)] : 0;
		return;
	default:
		*value = any_value(k);
	}
}

static unsigned int any_call(void)
{
	unsigned int total = 0, i;
	u64 pick;

	for (i = 0; i < nr_calls; i++)
		total += calls[i].weight;
	pick = random_below(total);
	for (i = 0; pick >= calls[i].weight; i++)
		pick -= calls[i].weight;
	return i;
}

static void make_op(struct op *op, unsigned int call, unsigned int threads)
{
	const struct call *c = &calls[call];
	unsigned int i;

	*op = (struct op){ .call = call, .thread = random_below(threads) };
	for (i = 0; i < c->nr_args; i++)
		op->arg[i] = any_value(c->arg[i].kind);
}

static void mutate_arg(struct op *op)
{
	const struct call *c = &calls[op->call];
	unsigned int i;

	if (!c->nr_args)
		return;
	i = random_below(c->nr_args);
	change_value(c->arg[i].kind, &op->arg[i]);
}

/* All right, or all but one thing, or as it comes. */
static void insert_op(struct prog *p, unsigned int at, unsigned int call,
		      unsigned int threads)
{
	if (p->nr == MAX_CALLS)
		return;
	memmove(&p->op[at + 1], &p->op[at], (p->nr - at) * sizeof(p->op[0]));
	make_op(&p->op[at], call, threads);
	if (!one_in(8)) {
		aim_op(p, at, &p->op[at]);
		if (one_in(4))
			mutate_arg(&p->op[at]);
	}
	p->nr++;
}

static void append_op(struct prog *p, const char *call, unsigned int threads)
{
	insert_op(p, p->nr, call_by_name(call), threads);
}

static unsigned int threads_of(const struct prog *p)
{
	unsigned int i, most = 0;

	for (i = 0; i < p->nr; i++)
		if (p->op[i].thread > most)
			most = p->op[i].thread;
	return most + 1;
}

/* Most need a pod that is mapped, some a guest on it. */
void prog_generate(struct prog *p)
{
	unsigned int threads = one_in(3) ? 2 + random_below(2) : 1;
	unsigned int nr = 2 + random_below(MAX_CALLS - 6);

	*p = (struct prog){ .user = one_in(6) };
	append_op(p, "create", 1);
	if (!one_in(8))
		append_op(p, "mmap", 1);
	if (one_in(10)) {
		append_op(p, "vm_begin", 1);
		append_op(p, "vm_memory", 1);
		append_op(p, "vm_fill", 1);
	}
	while (p->nr < nr)
		insert_op(p, p->nr, any_call(), threads);
}

static void splice(struct prog *p, const struct prog *other)
{
	unsigned int at = random_below(p->nr + 1);
	unsigned int from = random_below(other->nr);

	while (at < MAX_CALLS && from < other->nr)
		p->op[at++] = other->op[from++];
	if (at > p->nr)
		p->nr = at;
}

static void mutate_once(struct prog *p, const struct prog *other)
{
	switch (random_below(p->nr ? 12 : 1)) {
	case 0 ... 3:
		return insert_op(p, random_below(p->nr + 1), any_call(),
				 threads_of(p));
	case 4:
		if (p->nr > 1)
			prog_remove(p, random_below(p->nr), 1);
		return;
	case 5:
		return splice(p, other);
	case 6:
		p->op[random_below(p->nr)].thread = random_below(NR_THREADS);
		return;
	case 7:
		if (one_in(4))
			p->user = !p->user;
		return;
	default:
		return mutate_arg(&p->op[random_below(p->nr)]);
	}
}

void prog_mutate(struct prog *p, const struct prog *other)
{
	do {
		mutate_once(p, other);
	} while (!one_in(3));
}
