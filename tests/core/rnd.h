/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a random test gets its choices from. The same seed, or the same bytes,
 * give the same run on every machine.
 */
#ifndef POD_TEST_RND_H
#define POD_TEST_RND_H

#include <linux/types.h>

/**
 * struct rnd - a source of choices
 * @state: of splitmix64; the seed at first
 * @at: bytes of a fuzzer's input, each choice takes as few as it needs
 * @end: from here on, splitmix64
 */
struct rnd {
	u64 state;
	const u8 *at;
	const u8 *end;
};

/* Any number; takes no bytes. */
u64 rnd_next(struct rnd *rnd);

/* A number below @n, which is not 0. */
u64 rnd_below(struct rnd *rnd, u64 n);

/* Are the bytes used up? */
static inline bool rnd_is_dry(const struct rnd *rnd)
{
	return rnd->at == rnd->end;
}

#endif /* POD_TEST_RND_H */
