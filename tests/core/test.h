/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A test program is a table of functions. Each prints one TAP line; a failed
 * CHECK() ends its test, not the program. So does a skip, with its reason.
 */
#ifndef POD_TEST_H
#define POD_TEST_H

#include <linux/types.h>

#include "rnd.h"

struct test {
	const char *name;
	void (*run)(void);
};

/* Defined by each program; ends with an empty entry. */
extern const struct test tests[];

/* Does not return if @ok is false. Main thread only. */
void test_check(bool ok, const char *what, const char *file, int line);
#define CHECK(cond)	test_check(cond, #cond, __FILE__, __LINE__)

/* Does not return. Main thread only. */
void test_skip(const char *reason) __attribute__((noreturn));

/* For any thread: ends the program. */
#define CHECK_FATAL(cond) do {						\
	if (!(cond))							\
		test_die(#cond, __FILE__, __LINE__);			\
} while (0)
void test_die(const char *what, const char *file, int line)
	__attribute__((noreturn));

/* A TAP comment, shown with the test that prints it. */
void test_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* $SEED, or a new one at every run. Whoever uses it prints it. */
u64 test_seed(void);

#endif /* POD_TEST_H */
