// SPDX-License-Identifier: GPL-2.0-only
/*
 * hog: touch memory and hold it.
 *
 *	hog MIB SECONDS
 *
 * Writes one word to each page of MIB anonymous MiB, says so, and sleeps.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	size_t bytes, offset;
	char *memory;

	if (argc != 3) {
		fprintf(stderr, "usage: hog MIB SECONDS\n");
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
	printf("touched %zu bytes\n", bytes);
	fflush(stdout);
	sleep(strtoul(argv[2], NULL, 0));
	return 0;
}
