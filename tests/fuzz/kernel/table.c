// SPDX-License-Identifier: GPL-2.0-only
/*
 * The calls, and what they may fail with. Of the module's own calls the header
 * tells that; of others the manual pages, where it is not the module's choice.
 */
#include "fuzz.h"

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "world.h"

#define MAX_CALL_KINDS	64

#define E_FILE		(ERR(EBADF) | ERR(EINVAL) | ERR(EINTR))
#define E_MAP		(ERR(EINVAL) | ERR(ENOMEM) | ERR(EACCES) | ERR(EAGAIN))
#define E_DATA		(E_FILE | ERR(EFAULT) | ERR(ENOSPC) | ERR(EFBIG) | \
			 ERR(EOVERFLOW) | ERR(ESPIPE))
#define E_ATTR		(ERR(ENOENT) | ERR(EACCES) | ERR(EINVAL) | \
			 ERR(ERANGE) | ERR(ENOMEM) | ERR(EINTR) | ERR(EBUSY) | \
			 ERR(EPERM) | ERR(EIO) | ERR(ENODEV) | ERR(ENXIO))
#define E_ALL		(~(errset)0)

struct call calls[MAX_CALL_KINDS] = {
	{ "ioctl", "slot:pod cmd:cmd at:place value:offset", do_ioctl, 1,
	  E_ALL },
	{ "mmap", "map:map slot:pod offset:offset length:length prot:prot"
	  " flags:mflags where:where", do_mmap, 10,
	  E_MAP | ERR(EBADF) | ERR(EPERM) | ERR(ENODEV) | ERR(EOVERFLOW) |
	  ERR(EOPNOTSUPP) | ERR(EEXIST) },
	{ "munmap", "map:map offset:offset length:length", do_munmap, 3,
	  E_MAP },
	{ "mprotect", "map:map offset:offset length:length prot:prot",
	  do_mprotect, 2, E_MAP },
	{ "mremap", "map:map offset:offset length:length new:length"
	  " flags:rflags to:map", do_mremap, 2, E_MAP | ERR(EFAULT) },
	{ "madvise", "map:map offset:offset length:length advice:advice",
	  do_madvise, 6, E_MAP | ERR(EBUSY) | ERR(EFAULT) | ERR(EIO) |
	  ERR(EBADF) | ERR(EPERM) | ERR(EINTR) | ERR(EOPNOTSUPP) },
	{ "store", "map:map offset:offset length:length how:data", do_store,
	  14, ERR(EFAULT) },
	{ "load", "map:map offset:offset length:length how:how", do_load, 7,
	  ERR(EFAULT) },
	{ "vmctl", "op:choice map:map offset:offset length:length", do_vmctl,
	  3, E_ALL },
	{ "fallocate", "slot:pod mode:fmode offset:byte length:bytes",
	  do_fallocate, 8, E_FILE | ERR(EOPNOTSUPP) | ERR(EFBIG) |
	  ERR(EBUSY) | ERR(ENODEV) | ERR(ESPIPE) | ERR(EPERM) |
	  ERR(ENOSPC) | ERR(ENOMEM) },
	{ "pread", "slot:pod at:place offset:byte length:bytes", do_pread,
	  6, E_DATA },
	{ "pwrite", "slot:pod at:place offset:byte length:bytes how:data",
	  do_pwrite, 6, E_DATA },
	{ "lseek", "slot:pod offset:offset whence:whence", do_lseek, 4,
	  E_FILE | ERR(ENXIO) | ERR(EOVERFLOW) | ERR(ESPIPE) },
	{ "ftruncate", "slot:pod length:length", do_ftruncate, 1,
	  E_FILE | ERR(EFBIG) | ERR(EPERM) | ERR(ETXTBSY) },
	{ "meta", "slot:pod op:choice value:bits", do_meta, 2, E_ALL },
	{ "fadvise", "slot:pod offset:offset length:slength advice:fadvice",
	  do_fadvise, 3, E_FILE | ERR(ESPIPE) },
	{ "sendfile", "out:slot in:slot offset:offset length:length",
	  do_sendfile, 2, E_DATA | ERR(EAGAIN) | ERR(ENOMEM) | ERR(EPERM) },
	{ "splice", "slot:slot offset:offset length:length how:how", do_splice,
	  2, E_DATA | ERR(EAGAIN) | ERR(ENOMEM) },
	{ "vmsplice", "map:map offset:offset length:length how:how",
	  do_vmsplice, 2, E_DATA | ERR(EAGAIN) | ERR(ENOMEM) },
	{ "hold", "map:map offset:offset length:length how:how", do_hold, 4,
	  E_DATA | ERR(EAGAIN) | ERR(ENOMEM) },
	{ "remote", "map:map offset:offset length:length how:how", do_remote,
	  2, ERR(EFAULT) | ERR(EPERM) | ERR(ENOMEM) | ERR(EINVAL) },
	{ "dup", "to:slot from:slot", do_dup, 1,
	  E_FILE | ERR(EMFILE) | ERR(EBUSY) },
	{ "reopen", "to:slot from:pod how:how", do_reopen, 2, E_FILE |
	  ERR(EMFILE) | ERR(ENFILE) | ERR(EACCES) | ERR(ENOENT) |
	  ERR(ENXIO) | ERR(ENOMEM) | ERR(EPERM) | ERR(EBUSY) },
	{ "fcntl", "slot:pod op:choice value:bits", do_fcntl, 1, E_ALL },
	{ "poll", "slot:pod events:bits how:how", do_poll, 1, E_ALL },
	{ "close", "slot:pod", do_close, 2, ERR(EBADF) },
	{ "fork", "how:how", do_fork, 1, ERR(EAGAIN) | ERR(ENOMEM) },
	{ "attr", "slot:pod attr:rattr", do_attr, 4, E_ATTR },
	{ "attr_write", "slot:pod attr:attr text:text value:target",
	  do_attr_write, 4, E_ATTR },
	{ "param", "param:param text:ptext value:limit", do_param, 2,
	  E_ATTR },
	{ "debugfs", "slot:pod file:how", do_debugfs, 2, E_ATTR },
	{ "vm_begin", "apic:how", do_vm_begin, 1, E_ALL },
	{ "vm_memory", "map:map offset:offset length:length", do_vm_memory, 1,
	  E_ALL },
	{ "vm_fill", "offset:offset stride:length steps:steps", do_vm_fill, 2,
	  E_ALL },
	{ "vm_end", "", do_vm_end, 1, E_ALL },
	{ "sleep", "us:us", do_sleep, 1, ERR(EINTR) },
	{ "timer", "us:us", do_timer, 1, ERR(EINVAL) },
	{ "rlimit", "limit:how value:limit", do_rlimit, 1, E_ALL },
	{ "lockall", "how:how", do_lockall, 1, E_ALL },
	{ "die", "", do_die, 1, 0 },
};

unsigned int nr_calls;

/* What each ioctl has beside its fields; how often it is picked. */
static const struct {
	const char *name;
	const char *spec;
	unsigned int weight;
} ioctl_extras[] = {
	{ "create", "slot:pod mask:mask", 12 },
	{ "balloon", "offset:offset length:length offset2:offset"
	  " length2:length", 10 },
	{ "set_target", "", 8 },
	{ "sweep", "", 6 },
	{ "set_policy", "", 4 },
	{ "read_events", "", 3 },
	{ "query", "", 2 },
	{ "get_info", "", 1 },
};

static void add_arg(struct call *c, const char *name, const char *kind)
{
	struct arg *arg = &c->arg[c->nr_args++];

	snprintf(arg->name, sizeof(arg->name), "%s", name);
	arg->kind = kind_by_name(kind);
	if (c->nr_args > MAX_ARGS || !arg->kind)
		errx(2, "the table of %s: %s:%s", c->name, name, kind);
}

static void add_args(struct call *c, const char *spec)
{
	char name[24], kind[24];
	int len;

	while (sscanf(spec, " %23[^: ]:%23[^ ]%n", name, kind, &len) == 2) {
		add_arg(c, name, kind);
		spec += len;
	}
}

static void add_ioctl(int nr)
{
	const struct uapi_call *u = &uapi_calls[nr];
	struct call *c = &calls[nr_calls++];
	unsigned int i;

	*c = (struct call){ .name = u->name, .uapi = nr, .weight = 2,
			    .errnos = u->errnos | uapi_errnos };
	add_args(c, u->of_device ? "file:device" : "file:pod");
	add_args(c, "at:place fill:fill");
	for (i = 0; i < u->nr_fields; i++)
		if (u->fields[i].rule.role != ROLE_OUT)
			add_arg(c, u->fields[i].name, u->fields[i].rule.kind);
	for (i = 0; i < sizeof(ioctl_extras) / sizeof(ioctl_extras[0]); i++) {
		if (strcmp(ioctl_extras[i].name, u->name))
			continue;
		add_args(c, ioctl_extras[i].spec);
		c->weight = ioctl_extras[i].weight;
	}
}

void table_init(void)
{
	unsigned int i;

	for (nr_calls = 0; calls[nr_calls].name; nr_calls++) {
		calls[nr_calls].uapi = -1;
		add_args(&calls[nr_calls], calls[nr_calls].spec);
	}
	if (nr_calls + nr_uapi_calls > MAX_CALL_KINDS)
		errx(2, "the table of calls is full");
	for (i = 0; i < nr_uapi_calls; i++)
		add_ioctl(i);
}

int call_by_name(const char *name)
{
	unsigned int i;

	for (i = 0; i < nr_calls; i++)
		if (!strcmp(calls[i].name, name))
			return i;
	return -1;
}
