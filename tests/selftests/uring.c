// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "uring.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static int result(long ret)
{
	return ret < 0 ? -errno : ret;
}

int uring_open(void)
{
	struct io_uring_params params = { };

	return result(syscall(SYS_io_uring_setup, 4, &params));
}

int uring_register(int ring, void *addr, size_t len)
{
	struct iovec iov = { addr, len };

	return result(syscall(SYS_io_uring_register, ring,
			      IORING_REGISTER_BUFFERS, &iov, 1));
}

int uring_unregister(int ring)
{
	return result(syscall(SYS_io_uring_register, ring,
			      IORING_UNREGISTER_BUFFERS, NULL, 0));
}
