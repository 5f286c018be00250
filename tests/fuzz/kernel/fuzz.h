/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A program is a list of calls, each with a thread to run on and arguments. The
 * parent makes programs, forks a child for each, and judges what is left of it;
 * the child has a world of files, mappings and pods that the arguments name.
 */
#ifndef POD_FUZZ_H
#define POD_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t u64;
typedef uint32_t u32;
typedef uint8_t u8;

#define PAGE		4096UL
#define REGION		(2UL << 20)

#define MAX_CALLS	24
#define MAX_ARGS	16
#define NR_THREADS	3
/* Of a program as text. */
#define TEXT_MAX	(16 * 1024)

/* A set of errnos. */
typedef unsigned __int128 errset;
#define ERR(e)		((errset)1 << (e))

/**
 * struct kind - what an argument means
 * @name: in the tables
 * @usual: values that calls are made for
 * @odd: values that they should refuse, or that are at an edge
 * @spread: how far from a usual value another one may be, 0 for not at all
 */
struct kind {
	const char *name;
	const u64 *usual;
	unsigned int nr_usual;
	const u64 *odd;
	unsigned int nr_odd;
	u64 spread;
};

struct arg {
	char name[24];
	const struct kind *kind;
};

struct thread;
typedef long (*call_fn)(struct thread *t, const u64 *arg);

/**
 * struct call - something that a program can do
 * @name: in programs
 * @spec: "name:kind ..." of the arguments
 * @run: does it; a result or -errno
 * @weight: how often it is picked
 * @errnos: what it may fail with
 * @uapi: index of the ioctl, or -1
 */
struct call {
	const char *name;
	const char *spec;
	call_fn run;
	unsigned int weight;
	errset errnos;
	int uapi;
	unsigned int nr_args;
	struct arg arg[MAX_ARGS];
};

extern struct call calls[];
extern unsigned int nr_calls;
void table_init(void);
int call_by_name(const char *name);
const struct kind *kind_by_name(const char *name);

/* What the module's header says of an ioctl; see uapi.py and rules.h. */
enum role { ROLE_IN, ROLE_OUT, ROLE_SIZE, ROLE_PTR, ROLE_LABEL };
enum check { CHECK_NONE, CHECK_ZERO, CHECK_MASK, CHECK_MOST, CHECK_UNITS };

struct rule {
	enum role role;
	const char *kind;
	enum check check;
	u64 limit;
	u64 unit;
};

struct field {
	const char *name;
	unsigned int offset;
	unsigned int size;
	struct rule rule;
};

struct uapi_call {
	const char *name;
	unsigned int cmd;
	unsigned int size;
	bool of_device;
	bool writes;
	errset errnos;
	const struct field *fields;
	unsigned int nr_fields;
};

extern const struct uapi_call uapi_calls[];
extern const unsigned int nr_uapi_calls;
extern const errset uapi_errnos;

/* Programs */
struct op {
	u8 call;
	u8 thread;
	u64 arg[MAX_ARGS];
};

/**
 * struct prog - a program
 * @user: run without rights, but in the device's group
 */
struct prog {
	bool user;
	unsigned int nr;
	struct op op[MAX_CALLS];
};

/* An argument; 0 if the call has none of that name, which op_set() ignores. */
u64 op_arg(const struct op *op, const char *name);
void op_set(struct op *op, const char *name, u64 value);
bool prog_is_single(const struct prog *p);
bool prog_has(const struct prog *p, const char *name);
/* Text with a call per line; @end is "\n" or ";". Returns its length. */
size_t prog_print(const struct prog *p, char *text, size_t room,
		  const char *end);
/* Reads one program up to an empty line; where it ended, or NULL if none. */
const char *prog_parse(struct prog *p, const char *text);

void random_seed(u64 seed);
u64 random_below(u64 n);
void prog_generate(struct prog *p);
void prog_mutate(struct prog *p, const struct prog *other);
void prog_remove(struct prog *p, unsigned int at, unsigned int nr);
/* Makes the arguments of @op fit what @p has after its first @at calls. */
void aim_op(const struct prog *p, unsigned int at, struct op *op);

/**
 * struct report - what a child tells its parent, in shared memory
 * @progress: calls done by all threads, so that the parent sees a hang
 * @result: of each call, or NOT_RUN
 * @complaint: the first thing that was wrong
 */
struct report {
	volatile unsigned int progress;
	long result[MAX_CALLS];
	volatile int complained;
	char complaint[256];
};

#define NOT_RUN		(1L << 40)

extern struct report *report;
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Child's end: run it, talk to the parent through @from and @to. */
void child_run(const struct prog *p, int from, int to)
	__attribute__((noreturn));

/**
 * enum outcome - how a run of a program ended
 * @RUN_OK: nothing was wrong
 * @RUN_WRONG: a promise was broken; what, is in report->complaint
 * @RUN_LOST: nothing more can be run: hangs, or memory is gone
 */
enum outcome { RUN_OK, RUN_WRONG, RUN_LOST };

void run_init(void);
enum outcome run_prog(const struct prog *p);

/* Coverage: places in the module, or results of calls where there is none. */
bool cover_init(void);
void cover_begin(void);
void cover_thread(unsigned int nr);
void cover_thread_end(void);
/* The numbers of all places that the last run reached; their count. */
unsigned int cover_end(const struct prog *p, unsigned int *places,
		       unsigned int room);
void cover_print(void);
unsigned int cover_full(void);
unsigned int cover_known(void);

#define MAX_PLACES	16384

/* The programs that are kept. */
void corpus_add(const struct prog *p, const unsigned int *places,
		unsigned int nr);
const struct prog *corpus_pick(void);
unsigned int corpus_size(void);
bool corpus_is_new(unsigned int place);
void corpus_print(void);

#endif /* POD_FUZZ_H */
