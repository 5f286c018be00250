// SPDX-License-Identifier: GPL-2.0-only
/*
 * memfile: write and check a file whose every page is different.
 *
 *	memfile fill FILE MIB SEED
 *	memfile check FILE MIB SEED
 *	memfile watch FILE MIB SEED END
 *
 * Each 64-bit word depends on the seed and its own position, so that a page
 * that was lost, zeroed, or swapped with another is told by its number. Watch
 * checks again and again, without a new process, until there is a file END.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE_WORDS 512
#define PAGES_PER_MIB 256

static void die(const char *what)
{
	fprintf(stderr, "memfile: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t word_at(uint64_t seed, uint64_t position)
{
	uint64_t x = (seed << 40) + position + 1;

	x *= 0x9e3779b97f4a7c15ULL;
	return x ^ (x >> 29);
}

static void make_page(uint64_t *page, uint64_t seed, uint64_t nr)
{
	for (unsigned int i = 0; i < PAGE_WORDS; i++)
		page[i] = word_at(seed, nr * PAGE_WORDS + i);
}

static void fill(int fd, uint64_t nr_pages, uint64_t seed)
{
	uint64_t page[PAGE_WORDS];

	for (uint64_t nr = 0; nr < nr_pages; nr++) {
		make_page(page, seed, nr);
		if (write(fd, page, sizeof(page)) != sizeof(page))
			die("write");
	}
}

static uint64_t check(int fd, uint64_t nr_pages, uint64_t seed)
{
	uint64_t want[PAGE_WORDS], page[PAGE_WORDS], nr_bad = 0;

	for (uint64_t nr = 0; nr < nr_pages; nr++) {
		make_page(want, seed, nr);
		if (read(fd, page, sizeof(page)) != sizeof(page))
			die("read");
		if (memcmp(page, want, sizeof(page)) == 0)
			continue;
		if (nr_bad++ < 5)
			printf("page %" PRIu64 " is wrong: %016" PRIx64 " instead of %016" PRIx64 "\n",
			       nr, page[0], want[0]);
	}
	return nr_bad;
}

static uint64_t watch(int fd, uint64_t nr_pages, uint64_t seed, const char *end)
{
	uint64_t nr_bad, rounds = 0;

	do {
		if (lseek(fd, 0, SEEK_SET))
			die("lseek");
		nr_bad = check(fd, nr_pages, seed);
		rounds++;
	} while (!nr_bad && access(end, F_OK));
	printf("%" PRIu64 " rounds\n", rounds);
	return nr_bad;
}

int main(int argc, char **argv)
{
	uint64_t nr_pages, seed, nr_bad;
	int fd, filling, watching;

	watching = argc == 6 && strcmp(argv[1], "watch") == 0;
	if (argc != 5 && !watching) {
		fprintf(stderr, "usage: memfile fill|check|watch FILE MIB SEED [END]\n");
		return 2;
	}
	filling = strcmp(argv[1], "fill") == 0;
	nr_pages = strtoull(argv[3], NULL, 0) * PAGES_PER_MIB;
	seed = strtoull(argv[4], NULL, 0);
	fd = open(argv[2], filling ? O_WRONLY | O_CREAT | O_TRUNC : O_RDONLY, 0600);
	if (fd < 0)
		die(argv[2]);
	if (filling) {
		fill(fd, nr_pages, seed);
		return 0;
	}
	nr_bad = watching ? watch(fd, nr_pages, seed, argv[5]) : check(fd, nr_pages, seed);
	printf("%" PRIu64 " of %" PRIu64 " pages wrong\n", nr_bad, nr_pages);
	return nr_bad != 0;
}
