/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Long-term pins straight from the kernel, by its own gup_test: nothing else
 * pins for reading alone and lets us look through the pin.
 */
#ifndef POD_SELFTEST_LONGTERM_H
#define POD_SELFTEST_LONGTERM_H

#include <stdbool.h>
#include <stddef.h>

#define LONGTERM_WRITE	1
/* Try without the mmap lock first, as most drivers do. */
#define LONGTERM_FAST	2

/* A file, or -ENODEV where the kernel has no gup_test. */
int longterm_open(void);
/* One pin at a time; also ends with the file. All return -errno. */
int longterm_pin(int fd, const void *addr, size_t len, unsigned int flags);
int longterm_unpin(int fd);
/* Copy what is in the pinned pages, wherever the mapping leads by now. */
int longterm_read(int fd, void *to);

/* Pages pinned, by anybody, and not yet given back. */
long long pages_pinned(void);

#endif /* POD_SELFTEST_LONGTERM_H */
