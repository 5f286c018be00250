// SPDX-License-Identifier: GPL-2.0-only
/*
 * Started by test.sh through "podctl run": keeps the pod file that it inherits
 * mapped, but not open. Prints its process number, and waits.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int main(void)
{
	int fd = atoi(getenv("KVM_POD_FD"));

	if (mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED)
		return 1;
	close(fd);
	printf("%d\n", getpid());
	fflush(stdout);
	pause();
	return 0;
}
