/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a program's arguments name. One per child. Threads share it without
 * locks: each may find what another is about to take away, as in any program.
 *
 * The content of a pod is known exactly when one thread runs, and else that it
 * is nothing but zeroes and what was written to that page: each page of each
 * pod has a byte of its own, and programs write only that byte or zero.
 */
#ifndef POD_FUZZ_WORLD_H
#define POD_FUZZ_WORLD_H

#include <setjmp.h>

#include <linux/kvm_pod.h>

#include "fuzz.h"

#define NR_SLOTS	8
#define SLOT_DEVICE	6
#define SLOT_OTHER	7
#define NR_MAPS		4
#define NR_PODS		4
#define MODEL_PAGES	4096

/* Each mapping has a window of addresses of its own, unless it asks for none. */
#define ARENA		((u8 *)(1UL << 40))
#define WINDOW		(64UL << 20)

/* Where an argument in memory is. */
enum where {
	PLACE_GOOD, PLACE_NULL, PLACE_UNMAPPED, PLACE_READ_ONLY,
	PLACE_STRADDLE, PLACE_POD, PLACE_ODD, PLACE_KERNEL,
};

/* As the size of a structure: the one that it has, give or take a little. */
#define OWN_SIZE	(1U << 20)

enum file_type { FILE_NONE, FILE_POD, FILE_DEVICE, FILE_OTHER, FILE_PATH };

struct slot {
	int fd;
	enum file_type type;
	bool writes;
	int pod;
};

/**
 * enum content - what a page of a pod may hold
 * @PAGE_ZERO: zeroes
 * @PAGE_FULL: its byte all over
 * @PAGE_EXACT: what is written down for it
 * @PAGE_MIXED: some of both
 * @PAGE_ANY: something else
 */
enum content { PAGE_ZERO, PAGE_FULL, PAGE_EXACT, PAGE_MIXED, PAGE_ANY };

/**
 * struct pod - one that the program made
 * @page: what each page holds, an enum content
 * @touched: pages that ever held something else than zeroes, or might have
 * @exact: which page of known bytes, for PAGE_EXACT
 */
struct pod {
	bool made;
	bool pinnable;
	u32 id;
	u64 size;
	u8 page[MODEL_PAGES];
	bool touched[MODEL_PAGES];
	u8 exact[MODEL_PAGES];
};

struct map {
	u8 *at;
	u64 len;
	u64 offset;
	int pod;
};

/**
 * struct thread - one of a child
 * @single: it is the only one, so that every result can be judged
 * @may_jump: a signal for a bad access ends the access by @jump
 * @in_guest: signals are for KVM_RUN
 */
struct thread {
	unsigned int nr;
	bool single;
	const struct prog *prog;
	volatile bool may_jump;
	volatile bool in_guest;
	sigjmp_buf jump;
};

extern struct slot slots[NR_SLOTS];
extern struct map maps[NR_MAPS];
extern struct pod pods[NR_PODS];
/* A pipe that refers to pages for as long as the program likes. */
extern int held[2];

/* Once in the parent, then in each child. */
void world_reserve(void);
void world_begin(void);
void world_end(void);

struct slot *slot_of(u64 arg);
struct map *map_of(u64 arg);
struct pod *pod_of_slot(const struct slot *slot);
struct pod *pod_of_map(const struct map *map);
/* A file of this pod, or -1. */
int pod_fd(const struct pod *pod);
void slot_set(struct slot *slot, int fd, enum file_type type, bool writes,
	      int pod);

/* Memory of @len bytes for an argument, that is such that @place says. */
enum where place_of(u64 arg);
u8 *place_buffer(struct thread *t, enum where place, u64 len, unsigned int nr);
bool place_is_bad(enum where place, bool write);

/* What happened to the content of bytes of a pod. */
void model_write(struct pod *pod, u64 offset, u64 len, bool zero);
void model_zero(struct pod *pod, u64 offset, u64 len);
/* As if any part of it were done, or none. */
void model_maybe(struct pod *pod, u64 offset, u64 len);
void model_any(struct pod *pod, u64 offset, u64 len);
u8 model_byte(const struct pod *pod, u64 page);
/* Does content read at @offset, within a page, fit? Else it complains. */
void model_check(struct thread *t, const struct pod *pod, u64 offset,
		 const u8 *data, u64 len);
void model_check_all(struct thread *t);

/* Reads the pod; false if it has no file any more. */
bool pod_query(const struct pod *pod, struct kvm_pod_query *q);
void check_query(const struct kvm_pod_query *q);

/* What the header says that the call must do: errnos of which it returns one. */
errset uapi_broken(struct thread *t, const struct uapi_call *u,
		   const struct op *op, const void *in, u64 user_size);
enum where place_arg(const struct op *op, const char *name);
long uapi_run(struct thread *t, const struct op *op);

/* What a system call returned, or -errno. */
long sys_result(long ret);

#define CALL(name) long do_##name(struct thread *t, const u64 *arg)
CALL(ioctl); CALL(mmap); CALL(munmap); CALL(mprotect); CALL(mremap);
CALL(madvise); CALL(store); CALL(load); CALL(vmctl); CALL(fallocate);
CALL(pread); CALL(pwrite); CALL(lseek); CALL(ftruncate); CALL(meta);
CALL(fadvise); CALL(sendfile); CALL(splice); CALL(vmsplice); CALL(dup);
CALL(reopen); CALL(fcntl); CALL(poll); CALL(close); CALL(fork); CALL(attr);
CALL(attr_write); CALL(param); CALL(debugfs); CALL(vm_begin); CALL(vm_memory);
CALL(vm_fill); CALL(vm_end); CALL(sleep); CALL(timer); CALL(rlimit);
CALL(die); CALL(remote); CALL(lockall); CALL(hold);

#endif /* POD_FUZZ_WORLD_H */
