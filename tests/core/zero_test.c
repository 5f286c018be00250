// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every way to scan for zeroes, against a loop over the bytes. One that this
 * CPU lacks is skipped.
 */
#include <string.h>

#include "scans.h"
#include "test.h"

static bool scan(enum pod_zero_kind kind, const void *p, size_t len)
{
	if (!cpu_has(kind))
		test_skip("this CPU lacks it");
	return pod_zero_scans[kind].is_zero(p, len);
}

/* Each bit of a page alone, and nothing. */
static void check_single_bits(enum pod_zero_kind kind)
{
	u8 *page = fenced_pages();
	unsigned int bit;

	CHECK(scan(kind, page, PAGE));
	for (bit = 0; bit < PAGE * 8; bit++) {
		page[bit / 8] = 1 << bit % 8;
		CHECK(!scan(kind, page, PAGE));
		page[bit / 8] = 0;
	}
	CHECK(scan(kind, page, PAGE));
}

/* What begins or ends just outside must not count, what is inside must. */
static void check_edges(enum pod_zero_kind kind, size_t at, size_t len)
{
	u8 *p = fenced_pages();

	memset(p, 0xff, at);
	memset(p + at + len, 0xff, FENCED - at - len);
	CHECK(scan(kind, p + at, len));
	if (!len)
		return;
	p[at] = 1;
	CHECK(!scan(kind, p + at, len));
	p[at] = 0;
	p[at + len - 1] = 0x80;
	CHECK(!scan(kind, p + at, len));
}

/* Every length that ends at the fence, every one that begins there. */
static void check_lengths(enum pod_zero_kind kind)
{
	size_t len, at;

	for (len = 0; len <= FENCED; len += POD_ZERO_STEP) {
		check_edges(kind, FENCED - len, len);
		check_edges(kind, 0, len);
	}
	for (at = 0; at <= PAGE; at += POD_ZERO_ALIGN)
		check_edges(kind, at, PAGE);
}

static void check_random(enum pod_zero_kind kind)
{
	struct rnd rnd = { .state = test_seed() };
	u64 seed = rnd.state;
	u8 *p = fenced_pages();
	size_t at, len;
	int i, n;

	test_note("SEED=%llu", (unsigned long long)seed);
	for (i = 0; i < 20000; i++) {
		for (n = rnd_below(&rnd, 4); n; n--)
			p[rnd_below(&rnd, FENCED)] = 1 << rnd_below(&rnd, 8);
		at = rnd_below(&rnd, PAGE / POD_ZERO_ALIGN) * POD_ZERO_ALIGN;
		len = rnd_below(&rnd, (FENCED - at) / POD_ZERO_STEP + 1) *
		      POD_ZERO_STEP;
		CHECK(scan(kind, p + at, len) == bytes_are_zero(p + at, len));
		if (i % 4 == 0)
			memset(p, 0, FENCED);
	}
}

static bool bytes_are(const u8 *p, u8 value, size_t len)
{
	while (len && *p == value)
		p++, len--;
	return !len;
}

/* All of it, and nothing before or behind. */
static void check_clear(enum pod_zero_kind kind, size_t at, size_t len)
{
	u8 *p = fenced_pages();

	memset(p, 0xff, FENCED);
	pod_zero_scans[kind].clear(p + at, len);
	CHECK(bytes_are(p, 0xff, at));
	CHECK(bytes_are(p + at, 0, len));
	CHECK(bytes_are(p + at + len, 0xff, FENCED - at - len));
	memset(p, 0, FENCED);
}

static void check_clears(enum pod_zero_kind kind)
{
	size_t len, at;

	if (!cpu_has(kind))
		test_skip("this CPU lacks it");
	for (len = POD_ZERO_STEP; len <= FENCED; len += POD_ZERO_STEP) {
		check_clear(kind, FENCED - len, len);
		check_clear(kind, 0, len);
	}
	for (at = 0; at <= PAGE; at += POD_ZERO_ALIGN)
		check_clear(kind, at, PAGE);
}

#define TEST_OF(name, check, kind)					\
static void name##_##check(void) { check_##check(kind); }

TEST_OF(generic, single_bits, POD_ZERO_GENERIC)
TEST_OF(generic, lengths, POD_ZERO_GENERIC)
TEST_OF(generic, random, POD_ZERO_GENERIC)
TEST_OF(generic, clears, POD_ZERO_GENERIC)
TEST_OF(avx2, single_bits, POD_ZERO_AVX2)
TEST_OF(avx2, lengths, POD_ZERO_AVX2)
TEST_OF(avx2, random, POD_ZERO_AVX2)
TEST_OF(avx2, clears, POD_ZERO_AVX2)
TEST_OF(avx512, single_bits, POD_ZERO_AVX512)
TEST_OF(avx512, lengths, POD_ZERO_AVX512)
TEST_OF(avx512, random, POD_ZERO_AVX512)
TEST_OF(avx512, clears, POD_ZERO_AVX512)

static void test_table(void)
{
	CHECK(!strcmp(pod_zero_scans[POD_ZERO_GENERIC].name, "generic"));
	CHECK(!strcmp(pod_zero_scans[POD_ZERO_AVX2].name, "avx2"));
	CHECK(!strcmp(pod_zero_scans[POD_ZERO_AVX512].name, "avx512"));
	CHECK(!pod_zero_scans[POD_ZERO_GENERIC].vector);
	CHECK(pod_zero_scans[POD_ZERO_AVX2].vector);
	CHECK(pod_zero_scans[POD_ZERO_AVX512].vector);
}

/* Any bit of what it reads counts, none of what it does not read. */
static void test_look(void)
{
	u8 *page = fenced_pages();
	unsigned int bit;

	for (bit = 0; bit < PAGE * 8; bit++) {
		page[bit / 8] = 1 << bit % 8;
		CHECK(pod_looks_zero(page) == (bit / 8 >= POD_ZERO_LOOK));
		page[bit / 8] = 0;
	}
	CHECK(pod_looks_zero(page + FENCED - POD_ZERO_LOOK));
}

const struct test tests[] = {
	{ "generic: each single bit is found", generic_single_bits },
	{ "generic: lengths and edges", generic_lengths },
	{ "generic: random pages", generic_random },
	{ "generic: clears that, and no more", generic_clears },
	{ "avx2: each single bit is found", avx2_single_bits },
	{ "avx2: lengths and edges", avx2_lengths },
	{ "avx2: random pages", avx2_random },
	{ "avx2: clears that, and no more", avx2_clears },
	{ "avx512: each single bit is found", avx512_single_bits },
	{ "avx512: lengths and edges", avx512_lengths },
	{ "avx512: random pages", avx512_random },
	{ "avx512: clears that, and no more", avx512_clears },
	{ "the table is in order", test_table },
	{ "a look reads the beginning of a page only", test_look },
	{}
};
