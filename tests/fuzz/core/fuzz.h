/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A fuzz target: bytes choose operations, and each result is compared with
 * what a naive model says. A difference ends the process, and libFuzzer keeps
 * the input.
 */
#ifndef POD_FUZZ_H
#define POD_FUZZ_H

#include "rnd.h"
#include "test.h"

/* Defined by each target: one run, from nothing, until the bytes are used up. */
void fuzz_run(struct rnd *choices);

/* Does not return. */
void fuzz_fail(const char *what) __attribute__((noreturn));

#endif /* POD_FUZZ_H */
