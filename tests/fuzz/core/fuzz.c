// SPDX-License-Identifier: GPL-2.0-only
/*
 * Between libFuzzer and a target; and CHECK(), which has no next test here.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

void fuzz_fail(const char *what)
{
	fprintf(stderr, "fuzz: %s\n", what);
	abort();
}

void test_check(bool ok, const char *what, const char *file, int line)
{
	if (ok)
		return;
	fprintf(stderr, "%s:%d: ", file, line);
	fuzz_fail(what);
}

void test_note(const char *fmt, ...)
{
	(void)fmt;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct rnd choices = { .at = data, .end = data + size };

	fuzz_run(&choices);
	return 0;
}
