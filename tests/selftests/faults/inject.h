/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Faults on demand in this thread: see the kernel's
 * Documentation/fault-injection. Knows nothing of pods.
 */
#ifndef POD_FAULTS_INJECT_H
#define POD_FAULTS_INJECT_H

#include <stdbool.h>

/**
 * enum inject_kind - what fails
 * @INJECT_ALLOCATION: one allocation, of pages or from a slab, anywhere in the
 *	kernel
 * @INJECT_ALLOCATIONS: that one and those that follow, see inject_burst()
 * @INJECT_COPY: one copy from or to user memory
 * @INJECT_FUNCTION: one call of the function that inject_function() names, by
 *	whatever thread
 */
enum inject_kind {
	INJECT_ALLOCATION,
	INJECT_ALLOCATIONS,
	INJECT_COPY,
	INJECT_FUNCTION,
};

#define INJECT_BURST	16

/*
 * Make the system ready for faults of one kind, in the calling thread, and see
 * that they come. NULL, or what is wrong in words. The settings are the
 * system's: end() undoes them.
 */
const char *inject_begin(enum inject_kind kind);
void inject_end(void);

/*
 * From now on count: the @nth of the kind fails, the first is 1. Of allocations
 * so many, at most, of pages and from slabs each: INJECT_BURST, until told.
 */
void inject_arm(unsigned int nth);
void inject_burst(unsigned int nr);
/* Of allocations only those count for which a module is on the stack. */
const char *inject_only_module(void);

/* No more. Was it injected? If not, there were fewer than @nth. */
bool inject_disarm(void);

/*
 * The one function that fails, with -@error: one that the kernel allows that
 * for. NULL, or what is wrong.
 */
const char *inject_function(const char *name, int error);

/*
 * In kernel threads: of a hundred allocations for which the module is on the
 * stack, @percent fail. 0 ends that.
 */
const char *inject_background(unsigned int percent);

#endif /* POD_FAULTS_INJECT_H */
