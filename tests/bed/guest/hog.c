// SPDX-License-Identifier: GPL-2.0-only
/*
 * hog: touch memory and hold it.
 *
 *	hog MIB SECONDS [where]
 *
 * Writes one word to each page of MIB anonymous MiB, says so, and sleeps. With
 * "where" it tells first where that memory is, one line "START LENGTH" of
 * physical bytes for each piece; this needs root.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096UL

static uint64_t physical(int pagemap, const char *address)
{
	uint64_t entry = 0;

	if (pread(pagemap, &entry, sizeof(entry), (uintptr_t)address / PAGE * sizeof(entry)) !=
	    sizeof(entry) || !(entry >> 63)) {
		perror("hog: pagemap");
		exit(1);
	}
	return (entry & ((1ULL << 55) - 1)) * PAGE;
}

static void tell_where(const char *memory, size_t bytes)
{
	int pagemap = open("/proc/self/pagemap", O_RDONLY);
	uint64_t start = physical(pagemap, memory), length = PAGE, next;

	for (size_t offset = PAGE; offset < bytes; offset += PAGE, length += PAGE) {
		next = physical(pagemap, memory + offset);
		if (next == start + length)
			continue;
		printf("%llu %llu\n", (unsigned long long)start, (unsigned long long)length);
		start = next;
		length = 0;
	}
	printf("%llu %llu\n", (unsigned long long)start, (unsigned long long)length);
	close(pagemap);
}

int main(int argc, char **argv)
{
	size_t bytes, offset;
	char *memory;

	if (argc != 3 && argc != 4) {
		fprintf(stderr, "usage: hog MIB SECONDS [where]\n");
		return 2;
	}
	bytes = strtoull(argv[1], NULL, 0) << 20;
	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED) {
		perror("hog: mmap");
		return 1;
	}
	for (offset = 0; offset < bytes; offset += 4096)
		*(size_t *)(memory + offset) = offset + 1;
	if (argc == 4)
		tell_where(memory, bytes);
	printf("touched %zu bytes\n", bytes);
	fflush(stdout);
	sleep(strtoul(argv[2], NULL, 0));
	return 0;
}
