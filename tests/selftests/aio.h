/* SPDX-License-Identifier: GPL-2.0-only */
/* Linux AIO by its system calls, as libaio uses it. */
#ifndef POD_SELFTEST_AIO_H
#define POD_SELFTEST_AIO_H

#include <linux/aio_abi.h>
#include <stddef.h>
#include <sys/types.h>

/* 0 or -errno. */
int aio_begin(aio_context_t *ctx);
void aio_end(aio_context_t ctx);

/* Read, wait for it: bytes or -errno. In between the page is the device's. */
long aio_read(aio_context_t ctx, int fd, void *mem, size_t len, off_t at);

#endif /* POD_SELFTEST_AIO_H */
