// SPDX-License-Identifier: GPL-2.0-only
/*
 * fragment: break this machine's memory up.
 *
 *	fragment KEEP_MIB
 *
 * Fills all memory but KEEP_MIB, pins one page in each physical 2 MiB, frees
 * the rest, and takes the 2 MiB blocks that are still whole. Hundreds of MiB
 * are free then, and no order-9 allocation can succeed: the pinned pages sit
 * in pipes, with a reference that compaction cannot move. Says "fragmented"
 * and runs until it is killed. Needs root, for physical addresses.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE 4096UL
#define HUGE (2UL << 20)
#define PIPE_SLOTS 256
#define MAX_BLOCKS 8192

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static unsigned long number_in(const char *path, const char *format)
{
	unsigned long value = 0;
	char line[256];
	FILE *f = fopen(path, "r");

	if (!f)
		die(path);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, format, &value) == 1)
			break;
	fclose(f);
	return value;
}

static char *map(unsigned long bytes, int advice)
{
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED || madvise(memory, bytes, advice))
		die("fragment: mmap");
	return memory;
}

/* Frames of the pages from @address on, as many as are in 2 MiB. */
static void read_frames(int pagemap, const char *address, uint64_t frames[HUGE / PAGE])
{
	off_t at = (uintptr_t)address / PAGE * sizeof(*frames);

	if (pread(pagemap, frames, HUGE / PAGE * sizeof(*frames), at) !=
	    HUGE / PAGE * sizeof(*frames))
		die("fragment: pagemap");
	for (unsigned int i = 0; i < HUGE / PAGE; i++) {
		if (!(frames[i] >> 63))
			die("fragment: pagemap");
		frames[i] &= (1ULL << 55) - 1;
	}
}

/* Holds a reference on the page for as long as the pipe lives. */
static void pin(char *page)
{
	static int ends[2], used = PIPE_SLOTS;
	struct iovec vec = { page, PAGE };

	if (used == PIPE_SLOTS) {
		if (pipe(ends) || fcntl(ends[1], F_SETPIPE_SZ, PIPE_SLOTS * PAGE) < 0)
			die("fragment: pipe");
		used = 0;
	}
	if (vmsplice(ends[1], &vec, 1, 0) != PAGE)
		die("fragment: vmsplice");
	used++;
}

static void break_up(char *memory, unsigned long bytes)
{
	static unsigned char pinned[MAX_BLOCKS];
	uint64_t frames[HUGE / PAGE];
	int pagemap = open("/proc/self/pagemap", O_RDONLY);

	if (pagemap < 0)
		die("fragment: pagemap");
	for (unsigned long offset = 0; offset < bytes; offset += PAGE) {
		uint64_t block;

		if (offset % HUGE == 0)
			read_frames(pagemap, memory + offset, frames);
		block = frames[offset % HUGE / PAGE] * PAGE / HUGE;
		if (block < MAX_BLOCKS && !pinned[block]) {
			pinned[block] = 1;
			pin(memory + offset);
		}
	}
	close(pagemap);
	/* Pages in a pipe stay; only the mapping goes. */
	madvise(memory, bytes, MADV_DONTNEED);
}

static unsigned long my_huge_kib(void)
{
	return number_in("/proc/self/smaps_rollup", "AnonHugePages: %lu");
}

/* Takes whole 2 MiB blocks until the kernel gives small pages instead. */
static unsigned long take_whole_blocks(void)
{
	unsigned long before, taken = 0;
	char *memory;

	do {
		before = my_huge_kib();
		memory = map(2 * HUGE, MADV_HUGEPAGE);
		memory += HUGE - (uintptr_t)memory % HUGE;
		*memory = 1;
		taken++;
	} while (my_huge_kib() > before);
	return taken - 1;
}

/* Moves together what can be moved, with more effort than an allocation makes. */
static void compact(void)
{
	int fd = open("/proc/sys/vm/compact_memory", O_WRONLY);

	if (fd < 0 || write(fd, "1", 1) != 1)
		die("fragment: compact_memory");
	close(fd);
}

static void take_all_whole_blocks(void)
{
	unsigned long taken;

	do {
		compact();
		taken = take_whole_blocks();
		printf("took %lu whole blocks\n", taken);
	} while (taken);
}

int main(int argc, char **argv)
{
	unsigned long keep, mib, bytes;
	char *memory;

	if (argc != 2) {
		fprintf(stderr, "usage: fragment KEEP_MIB\n");
		return 2;
	}
	keep = strtoul(argv[1], NULL, 0);
	mib = number_in("/proc/meminfo", "MemAvailable: %lu") / 1024;
	if (mib <= keep) {
		fprintf(stderr, "fragment: only %lu MiB available\n", mib);
		return 1;
	}
	bytes = ((mib - keep) << 20) / HUGE * HUGE;
	memory = map(bytes, MADV_NOHUGEPAGE);
	if (madvise(memory, bytes, MADV_POPULATE_WRITE))
		die("fragment: populate");
	break_up(memory, bytes);
	take_all_whole_blocks();
	puts("fragmented");
	fflush(stdout);
	pause();
	return 0;
}
