// SPDX-License-Identifier: GPL-2.0-only
#include "rnd.h"

u64 rnd_next(struct rnd *rnd)
{
	u64 z = rnd->state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

/* At least one byte: no choice is free, so that inputs come to an end. */
static u64 from_bytes(struct rnd *rnd, u64 n)
{
	u64 left = n - 1, value = 0;

	do {
		value = value << 8 | *rnd->at++;
		left >>= 8;
	} while (left && !rnd_is_dry(rnd));
	return value;
}

u64 rnd_below(struct rnd *rnd, u64 n)
{
	return (rnd_is_dry(rnd) ? rnd_next(rnd) : from_bytes(rnd, n)) % n;
}
