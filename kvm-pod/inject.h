/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions that the kernel's fail_function may make fail. Each is marked by
 * pod_injectable and by ALLOW_ERROR_INJECTION(): its failure is hard to come
 * by otherwise, and nothing has changed when it fails. Who calls it undoes the
 * rest. Without such a kernel neither costs anything.
 */
#ifndef POD_INJECT_H
#define POD_INJECT_H

#include <linux/error-injection.h>

/* What is inlined cannot be made to fail. */
#ifdef CONFIG_FUNCTION_ERROR_INJECTION
#define pod_injectable	noinline
#else
#define pod_injectable
#endif

#endif /* POD_INJECT_H */
