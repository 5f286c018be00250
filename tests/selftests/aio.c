// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "aio.h"

#include <errno.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DEPTH 4

int aio_begin(aio_context_t *ctx)
{
	*ctx = 0;
	return syscall(SYS_io_setup, DEPTH, ctx) < 0 ? -errno : 0;
}

void aio_end(aio_context_t ctx)
{
	syscall(SYS_io_destroy, ctx);
}

long aio_read(aio_context_t ctx, int fd, void *mem, size_t len, off_t at)
{
	struct iocb cb = {
		.aio_lio_opcode = IOCB_CMD_PREAD, .aio_fildes = fd,
		.aio_buf = (uintptr_t)mem, .aio_nbytes = len, .aio_offset = at,
	}, *cbs[] = { &cb };
	struct io_event event;

	if (syscall(SYS_io_submit, ctx, 1, cbs) != 1 ||
	    syscall(SYS_io_getevents, ctx, 1, 1, &event, NULL) != 1)
		return -errno;
	return event.res;
}
