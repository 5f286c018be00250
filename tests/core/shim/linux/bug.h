/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_BUG_H
#define SHIM_LINUX_BUG_H

#include <stdio.h>
#include <stdlib.h>

/* What the kernel would only report ends a test. */
#define WARN_ON_ONCE(cond) ({						\
	bool __warn = (cond);						\
	if (__warn) {							\
		fprintf(stderr, "WARN_ON(%s) at %s:%d\n", #cond,	\
			__FILE__, __LINE__);				\
		abort();						\
	}								\
	__warn;								\
})
#define WARN_ON(cond)	WARN_ON_ONCE(cond)

#endif
