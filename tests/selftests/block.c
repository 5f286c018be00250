// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "block.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DISK "/dev/ram0"
#define LOOP "/dev/loop-control"

int block_open(void)
{
	if (access(DISK, F_OK) &&
	    system("modprobe brd rd_nr=1 rd_size=16384 2>/dev/null"))
		return -1;
	return open(DISK, O_RDWR | O_DIRECT | O_CLOEXEC);
}

static int free_loop(void)
{
	int control, nr;

	if (access(LOOP, F_OK) && system("modprobe loop 2>/dev/null"))
		return -1;
	control = open(LOOP, O_RDWR | O_CLOEXEC);
	nr = ioctl(control, LOOP_CTL_GET_FREE);
	close(control);
	return nr;
}

int block_open_loop(int file)
{
	struct loop_config config = {
		.fd = file, .block_size = 4096,
		.info.lo_flags = LO_FLAGS_AUTOCLEAR,
	};
	int nr = free_loop(), dev;
	char path[32];

	if (nr < 0)
		return -1;
	snprintf(path, sizeof(path), "/dev/loop%d", nr);
	dev = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
	if (dev < 0 || !ioctl(dev, LOOP_CONFIGURE, &config))
		return dev;
	close(dev);
	return -1;
}
