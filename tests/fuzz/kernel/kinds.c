// SPDX-License-Identifier: GPL-2.0-only
/* Values to try. Sizes are a few regions: a program takes milliseconds. */
#define _GNU_SOURCE
#include "fuzz.h"

#include <fcntl.h>
#include <linux/fadvise.h>
#include <linux/falloc.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "world.h"

/* What the C library of Debian 12 does not know. */
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

#define ARRAY(...)	((const u64[]){ __VA_ARGS__ })
#define COUNT(...)	(sizeof(ARRAY(__VA_ARGS__)) / sizeof(u64))
#define USUAL(...)	.usual = ARRAY(__VA_ARGS__), \
			.nr_usual = COUNT(__VA_ARGS__)
#define ODD(...)	.odd = ARRAY(__VA_ARGS__), .nr_odd = COUNT(__VA_ARGS__)

#define U64_MAX		UINT64_MAX
#define EDGES		0, 1, PAGE - 1, PAGE + 1, REGION - 1, REGION + 1, \
			8 * REGION + 1, 1UL << 44, (1UL << 44) + REGION, \
			1UL << 62, 1UL << 63, U64_MAX - PAGE + 1, U64_MAX
#define ODD_BITS	1U << 2, 1U << 5, 1U << 30, 1U << 31, UINT32_MAX
#define ODD_NUMBERS	UINT32_MAX, 1U << 31, INT32_MAX

static const struct kind kinds[] = {
	{ "pod", USUAL(0, 0, 0, 1, 1, 2), ODD(3, 4, 5, 6, 7) },
	{ "slot", USUAL(0, 1, 2, 4, 5), ODD(3, 6, 7) },
	{ "device", USUAL(SLOT_DEVICE), ODD(0, 5, 7) },
	{ "map", USUAL(0, 0, 1, 2), ODD(3) },
	{ "offset", USUAL(0, PAGE, REGION, 2 * REGION, 3 * REGION,
			  REGION - PAGE, 5 * PAGE), ODD(EDGES),
	  .spread = 8 * PAGE },
	{ "length", USUAL(PAGE, 2 * PAGE, 16 * PAGE, REGION, 2 * REGION,
			  4 * REGION, 300 * PAGE, REGION + PAGE), ODD(EDGES),
	  .spread = 8 * PAGE },
	{ "byte", USUAL(0, PAGE, 100, PAGE + 100, 2 * PAGE - 1, REGION - 1,
			3 * PAGE + 8), ODD(EDGES), .spread = 8 * PAGE },
	{ "bytes", USUAL(PAGE, 1, 100, 2 * PAGE + 1, PAGE - 1, REGION,
			 3 * PAGE - 8), ODD(EDGES), .spread = 8 * PAGE },
	{ "slength", USUAL(0, 0, REGION, PAGE, 2 * REGION), ODD(EDGES),
	  .spread = 8 * PAGE },
	{ "size", USUAL(REGION, 2 * REGION, 4 * REGION, 4 * REGION,
			8 * REGION), ODD(EDGES, 1UL << 40), },
	{ "target", USUAL(REGION, REGION, 2 * REGION, 3 * REGION, 4 * REGION,
			  REGION + PAGE), ODD(EDGES), .spread = 8 * PAGE },
	{ "limit", USUAL(0, 0, PAGE, 16 * PAGE, REGION), ODD(EDGES),
	  .spread = 8 * PAGE },
	{ "ssize", USUAL(OWN_SIZE),
	  ODD(0, 1, 3, 4, 7, 8, 16, 4096, 4097, UINT32_MAX, OWN_SIZE - 1,
	      OWN_SIZE - 8, OWN_SIZE - 16, OWN_SIZE - 64, OWN_SIZE + 1,
	      OWN_SIZE + 8) },
	{ "zero", USUAL(0, 0, 0, 0, 0, 0, 0, 0), ODD(1, ODD_BITS) },
	{ "fill", USUAL(0, 0, 0, 1), ODD(2, 3) },
	{ "place", USUAL(PLACE_GOOD, PLACE_GOOD, PLACE_GOOD, PLACE_GOOD),
	  ODD(PLACE_NULL, PLACE_UNMAPPED, PLACE_READ_ONLY, PLACE_STRADDLE,
	      PLACE_POD, PLACE_ODD, PLACE_KERNEL) },
	{ "nplace", USUAL(PLACE_NULL, PLACE_NULL, PLACE_GOOD),
	  ODD(PLACE_UNMAPPED, PLACE_READ_ONLY, PLACE_STRADDLE, PLACE_POD,
	      PLACE_KERNEL) },
	{ "words", USUAL(0, 0, 1), ODD(2, 16, 17, ODD_NUMBERS) },
	{ "label", USUAL(0, 1, 2), ODD(3, 4, 5, 6) },
	{ "cflags", USUAL(0, 0, 0, 1), ODD(3, ODD_BITS) },
	{ "oflags", USUAL(0, O_CLOEXEC), ODD(O_RDWR, O_NONBLOCK, O_TRUNC,
					     UINT32_MAX) },
	{ "policy", USUAL(2, 2, 2, 1, 0), ODD(3, 4, ODD_NUMBERS) },
	{ "pflags", USUAL(0, 0, 1, 2, 3), ODD(4, ODD_BITS) },
	{ "sflags", USUAL(0, 1), ODD(2, 3, ODD_BITS) },
	{ "bop", USUAL(0, 0, 0, 1, 1, 2), ODD(3, ODD_NUMBERS) },
	{ "ranges", USUAL(0, 1, 1, 2, 3, 64), ODD(1023, 1024, 1025,
						  ODD_NUMBERS) },
	{ "events", USUAL(1, 4, 64), ODD(0, ODD_NUMBERS) },
	{ "mask", USUAL(1, 1), ODD(0, 2, 3, 1UL << 63, U64_MAX) },
	{ "prot", USUAL(3, 3, 3, 1, 2), ODD(0, 4, 5, 7, 8, 0x1000000) },
	{ "mflags", USUAL(MAP_SHARED, MAP_SHARED, MAP_SHARED,
			  MAP_SHARED | MAP_POPULATE, MAP_SHARED_VALIDATE),
	  ODD(MAP_PRIVATE, 0, MAP_SHARED | MAP_LOCKED,
	      MAP_SHARED | MAP_NORESERVE, MAP_SHARED | MAP_HUGETLB,
	      MAP_SHARED_VALIDATE | MAP_SYNC, MAP_SHARED | MAP_GROWSDOWN,
	      MAP_SHARED | MAP_ANONYMOUS, MAP_SHARED | MAP_NONBLOCK) },
	{ "where", USUAL(0, 0, 0, 1, 2), ODD(3) },
	{ "how", USUAL(0, 1, 2, 3) },
	{ "data", USUAL(0, 0, 0, 1, 2, 3) },
	{ "fmode", USUAL(3, 3, 3), ODD(0, 1, 2, 8, 0x10, 0x11, 0x20, 0x40, 4,
				      UINT32_MAX) },
	{ "whence", USUAL(SEEK_DATA, SEEK_HOLE, SEEK_SET, SEEK_CUR, SEEK_END),
	  ODD(5, 6, UINT32_MAX) },
	{ "advice", USUAL(MADV_DONTNEED, MADV_REMOVE, MADV_POPULATE_READ,
			  MADV_POPULATE_WRITE, MADV_HUGEPAGE, MADV_NOHUGEPAGE,
			  MADV_COLLAPSE, MADV_FREE, MADV_COLD, MADV_PAGEOUT),
	  ODD(MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED,
	      MADV_DONTFORK, MADV_DOFORK, MADV_MERGEABLE, MADV_UNMERGEABLE,
	      MADV_DONTDUMP, MADV_DODUMP, MADV_WIPEONFORK, MADV_KEEPONFORK,
	      24, 26, 99, UINT32_MAX) },
	{ "fadvice", USUAL(POSIX_FADV_WILLNEED, POSIX_FADV_WILLNEED,
			   POSIX_FADV_DONTNEED), ODD(0, 1, 2, 5, 6, 77) },
	{ "rflags", USUAL(0, MREMAP_MAYMOVE, MREMAP_MAYMOVE | MREMAP_FIXED),
	  ODD(MREMAP_MAYMOVE | 4, 8) },
	{ "attr", USUAL(0, 1, 2, 3, 4), ODD(5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
					   15, 16, 17, 18, 19, 20, 21, 22, 23,
					   24, 25, 26, 27, 28, 29, 30, 31, 32,
					   33, 34, 35, 36, 37, 38) },
	{ "rattr", USUAL(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17,
			 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30,
			 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41,
			 42, 43) },
	{ "text", USUAL(0, 0, 0, 1, 2, 3), ODD(4, 5, 6, 7, 8, 9, 10, 11) },
	{ "param", USUAL(0, 1, 2, 3, 4, 5) },
	{ "ptext", USUAL(0, 1, 2, 3, 4, 5, 6) },
	{ "us", USUAL(100, 1000, 2000, 5000) },
	{ "choice", USUAL(0, 1, 2, 3, 4, 5, 6, 7), ODD(8, 9, 10, 11, 12) },
	{ "bits", USUAL(0, 1, 2, 4), ODD(ODD_BITS, 0xffff) },
	{ "steps", USUAL(1, 16, 512, 1024) },
	{ "cmd", USUAL(0xb980, 0xb981, 0xb982, 0xb983, 0xb984, 0xb985, 0xb986,
		       0xb987, 0xb988),
	  ODD(0, 0x5421, 0x541b, 0xc010b981, 0xb97f, 2, 0x80086601, 0x660b,
	      UINT32_MAX) },
};

const struct kind *kind_by_name(const char *name)
{
	unsigned int i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	return NULL;
}
