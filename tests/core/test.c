// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the tests of one program; with $T, only those whose name contains it.
 */
#include "test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static jmp_buf ended;
static const char *skipped;

enum verdict { PASSED, FAILED, SKIPPED };

void test_check(bool ok, const char *what, const char *file, int line)
{
	if (ok)
		return;
	test_note("%s:%d: not true: %s", file, line, what);
	longjmp(ended, FAILED);
}

void test_skip(const char *reason)
{
	skipped = reason;
	longjmp(ended, SKIPPED);
}

void test_die(const char *what, const char *file, int line)
{
	test_note("%s:%d: not true: %s", file, line, what);
	abort();
}

void test_note(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	printf("# ");
	vprintf(fmt, args);
	printf("\n");
	va_end(args);
	fflush(stdout);
}

u64 test_seed(void)
{
	const char *env = getenv("SEED");
	u64 seed;

	if (env)
		return strtoull(env, NULL, 0);
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		abort();
	return seed;
}

static enum verdict test_run(const struct test *test)
{
	switch (setjmp(ended)) {
	case PASSED:
		test->run();
		return PASSED;
	case SKIPPED:
		return SKIPPED;
	default:
		return FAILED;
	}
}

static void print_verdict(enum verdict verdict, int nr, const char *name)
{
	printf("%sok %d %s", verdict == FAILED ? "not " : "", nr, name);
	if (verdict == SKIPPED)
		printf(" # SKIP %s", skipped);
	printf("\n");
	fflush(stdout);
}

static bool wanted(const struct test *test)
{
	const char *filter = getenv("T");

	return !filter || strstr(test->name, filter);
}

int main(void)
{
	const struct test *test;
	enum verdict verdict;
	int nr = 0, bad = 0;

	for (test = tests; test->name; test++)
		nr += wanted(test);
	printf("TAP version 13\n1..%d\n", nr);
	nr = 0;
	for (test = tests; test->name; test++) {
		if (!wanted(test))
			continue;
		verdict = test_run(test);
		print_verdict(verdict, ++nr, test->name);
		bad += verdict == FAILED;
	}
	return bad ? 1 : 0;
}
