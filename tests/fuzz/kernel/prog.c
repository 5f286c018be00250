// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs as text:
 *
 *	program user=0
 *	0 create file=6 size=0xfff memory_size=0x800000 ...
 *	1 store map=0 length=0x1000
 *
 * with the thread first. An argument that is not named is 0.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool prog_is_single(const struct prog *p)
{
	unsigned int i;

	for (i = 1; i < p->nr; i++)
		if (p->op[i].thread != p->op[0].thread)
			return false;
	return true;
}

bool prog_has(const struct prog *p, const char *name)
{
	unsigned int i;

	for (i = 0; i < p->nr; i++)
		if (!strcmp(calls[p->op[i].call].name, name))
			return true;
	return false;
}

static size_t op_print(const struct op *op, char *text, size_t room)
{
	const struct call *c = &calls[op->call];
	size_t len = snprintf(text, room, "%u %s", op->thread, c->name);
	unsigned int i;

	for (i = 0; i < c->nr_args && len < room; i++)
		if (op->arg[i])
			len += snprintf(text + len, room - len, " %s=0x%lx",
					c->arg[i].name, op->arg[i]);
	return len;
}

size_t prog_print(const struct prog *p, char *text, size_t room,
		  const char *end)
{
	size_t len = snprintf(text, room, "program user=%d%s", p->user, end);
	unsigned int i;

	for (i = 0; i < p->nr && len < room; i++) {
		len += op_print(&p->op[i], text + len, room - len);
		if (len < room)
			len += snprintf(text + len, room - len, "%s", end);
	}
	return len < room ? len : room - 1;
}

static int arg_by_name(const struct op *op, const char *name)
{
	const struct call *c = &calls[op->call];
	unsigned int i;

	for (i = 0; i < c->nr_args; i++)
		if (!strcmp(c->arg[i].name, name))
			return i;
	return -1;
}

u64 op_arg(const struct op *op, const char *name)
{
	int i = arg_by_name(op, name);

	return i < 0 ? 0 : op->arg[i];
}

void op_set(struct op *op, const char *name, u64 value)
{
	int i = arg_by_name(op, name);

	if (i >= 0)
		op->arg[i] = value;
}

/* Lines of calls that there are no more are left out. */
static bool op_parse(struct op *op, const char *line)
{
	unsigned int thread;
	char name[32], value[32];
	int len, call;

	if (sscanf(line, "%u %31s%n", &thread, name, &len) != 2)
		return false;
	call = call_by_name(name);
	if (call < 0)
		return false;
	*op = (struct op){ .call = call, .thread = thread % NR_THREADS };
	line += len;
	while (sscanf(line, " %31[^= ]=%31[^\n ]%n", name, value, &len) == 2) {
		op_set(op, name, strtoull(value, NULL, 0));
		line += len;
	}
	return true;
}

const char *prog_parse(struct prog *p, const char *text)
{
	char line[1024];
	int user;

	text = strstr(text, "program user=");
	if (!text || sscanf(text, "program user=%d", &user) != 1)
		return NULL;
	*p = (struct prog){ .user = user };
	for (;;) {
		text += strcspn(text, "\n");
		text += *text == '\n';
		if (!*text || *text == '\n' || *text == 'p')
			return text;
		snprintf(line, sizeof(line), "%.*s", (int)strcspn(text, "\n"),
			 text);
		if (p->nr < MAX_CALLS && op_parse(&p->op[p->nr], line))
			p->nr++;
	}
}

void prog_remove(struct prog *p, unsigned int at, unsigned int nr)
{
	memmove(&p->op[at], &p->op[at + nr],
		(p->nr - at - nr) * sizeof(p->op[0]));
	p->nr -= nr;
}
