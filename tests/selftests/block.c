// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "block.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define DISK "/dev/ram0"

int block_open(void)
{
	if (access(DISK, F_OK) &&
	    system("modprobe brd rd_nr=1 rd_size=16384 2>/dev/null"))
		return -1;
	return open(DISK, O_RDWR | O_DIRECT | O_CLOEXEC);
}
