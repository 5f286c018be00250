/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Repeating something with its first fault injected, its second, and so on
 * until none is left that could be.
 */
#ifndef POD_FAULTS_SEQUENCE_H
#define POD_FAULTS_SEQUENCE_H

#include "inject.h"
#include "pod.h"

/*
 * Call @one with @nth = 0, to see it without faults, and then with 1, 2, ...
 * until it does not set @hit any more. Prints, after @name, how many there
 * were. @one returns what is wrong, or NULL; so does this.
 */
typedef const char *(*one_fn)(const void *arg, unsigned int nth, bool *hit);
const char *each_fault(const char *name, one_fn one, const void *arg);
/* For @one: an error followed from the fault. */
void note_error(void);

/* What may follow from a fault beside "an errno, and nothing has changed". */
enum {
	/* It never fails: what cannot be had is retried or done without. */
	SEQ_NEVER_FAILS = 1 << 0,
	/* What was done until then stays, and is reported. */
	SEQ_PARTIAL = 1 << 1,
	/* A mere hint may be lost: what the pod counts may differ. */
	SEQ_HINT = 1 << 2,
};

/**
 * struct sequence - something done with a pod
 * @name: for people
 * @size: of the pod, 16 MiB if 0
 * @target: of the pod, 8 MiB if 0
 * @policy: of the pod
 * @prepare: what comes before, without faults; may be NULL
 * @run: does it: not negative, or -errno; without any system call that could
 *	be hit beside those that are to be tested
 * @check: is the memory as it should be after it has succeeded? May be NULL.
 * @clean_up: before the pod ends, whatever happened; may be NULL
 * @also: an errno that is right, beside ENOMEM for allocations and EFAULT for
 *	copies
 * @function: what fails with INJECT_FUNCTION, ...
 * @error: ... the errno it fails with, and that @run returns then
 * @burst: how many allocations fail, INJECT_BURST if 0: for what waits long
 *	for each
 * @flags: SEQ_*
 *
 * Each time a new pod is made. A call that failed is made again, without
 * faults, and must succeed. The end is compared to that without faults.
 */
struct sequence {
	const char *name;
	u64 size;
	u64 target;
	enum kvm_pod_policy policy;
	const char *(*prepare)(struct pod *pod);
	long (*run)(struct pod *pod);
	const char *(*check)(struct pod *pod);
	void (*clean_up)(struct pod *pod);
	int also;
	const char *function;
	int error;
	unsigned int burst;
	unsigned int flags;
};

/* inject_begin() comes before. NULL, or what is wrong. */
const char *sequence_run(const struct sequence *seq, enum inject_kind kind);

/* Words for @format, until the next call. */
const char *wrong(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* Give each of the first @nr regions content of its own. */
void fill_regions(struct pod *pod, unsigned int nr);
/* Has region @nr its content still, from offset @from in it on? */
bool is_kept(const struct pod *pod, unsigned int nr, u64 from);

/* The same as parts of a sequence, with two regions. */
const char *fill_two(struct pod *pod);
const char *still_two(struct pod *pod);

/*
 * A program of sequences: the fixture first, then SEQUENCE(name, words, ...)
 * with members of struct sequence: a test with each kind of fault.
 */
#define SEQUENCE_FIXTURE						\
	FIXTURE(faults) {						\
		int unused;						\
	};								\
	FIXTURE_VARIANT(faults) {					\
		enum inject_kind kind;					\
	};								\
	FIXTURE_VARIANT_ADD(faults, allocation) {			\
		.kind = INJECT_ALLOCATION,				\
	};								\
	FIXTURE_VARIANT_ADD(faults, allocations) {			\
		.kind = INJECT_ALLOCATIONS,				\
	};								\
	FIXTURE_VARIANT_ADD(faults, copy) {				\
		.kind = INJECT_COPY,					\
	};								\
	FIXTURE_SETUP(faults)						\
	{								\
		ASSERT_GOOD(inject_begin(variant->kind));		\
	}								\
	FIXTURE_TEARDOWN(faults)					\
	{								\
		inject_end();						\
	}

/* Seconds: each fault makes a pod, and some have to wait. */
#define SEQUENCE_TIMEOUT	600

#define SEQUENCE(seq, words, ...)					\
	static const struct sequence seq;				\
	TEST_F_TIMEOUT(faults, seq, SEQUENCE_TIMEOUT)			\
	{								\
		ASSERT_GOOD(sequence_run(&seq, variant->kind));		\
	}								\
	static const struct sequence seq = {				\
		.name = words, __VA_ARGS__				\
	}

#endif /* POD_FAULTS_SEQUENCE_H */
