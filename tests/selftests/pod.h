/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every test needs: make a pod, look at it from all sides, end it.
 *
 * Functions that can find something wrong return NULL, or what is wrong in
 * words; the text is valid until the next call. Others return -errno.
 */
#ifndef POD_SELFTEST_POD_H
#define POD_SELFTEST_POD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/kvm_pod.h>

#include "sys.h"

#define PAGE		4096UL
#define REGION		(2UL << 20)
#define MiB		(1UL << 20)

typedef uint64_t u64;
typedef uint8_t u8;

/**
 * struct pod - a pod under test
 * @fd: the pod file
 * @id: N of pod<N>
 * @size: in bytes
 * @mem: all of it mapped shared at a multiple of 2 MiB, or NULL
 */
struct pod {
	int fd;
	unsigned int id;
	u64 size;
	u8 *mem;
};

/* Fills in what KVM_POD_CREATE needs; policy fail, no label. */
struct kvm_pod_create pod_create_args(u64 size, u64 target);
/* Returns the pod file or -errno. */
int pod_create(struct kvm_pod_create *args);

/* A pod, mapped. Remembers the module's totals for pod_finish(). */
const char *pod_begin(struct pod *pod, u64 size, u64 target);
const char *pod_begin_with(struct pod *pod, struct kvm_pod_create *args);

/*
 * The end of every test: audit, the ledger's identities, then unmap, close,
 * and see that sysfs, debugfs and the module's totals forgot the pod.
 */
const char *pod_finish(struct pod *pod);

/* The part of pod_finish() that looks but does not end. */
const char *pod_healthy(const struct pod *pod);

/* Is the pod gone, with all its memory? Waits for it. */
const char *pod_gone(unsigned int id);

int pod_query(const struct pod *pod, struct kvm_pod_query *q);
/* One figure of KVM_POD_QUERY; ends the program if the call fails. */
#define POD_GET(pod, field) ({						\
	struct kvm_pod_query __q;					\
	pod_must(pod_query(pod, &__q), "KVM_POD_QUERY");		\
	(u64)__q.out_##field;						\
})
void pod_must(int result, const char *what);

/* Wait, at most some seconds, until a figure has a value. */
#define POD_WAIT(cond) ({						\
	int __tries = 1000 * time_scale();				\
	while (!(cond) && --__tries)					\
		pod_sleep_ms(10);					\
	!!__tries;							\
})
void pod_sleep_ms(unsigned int ms);

/* Attributes in sysfs: of the pod, of the class; -1 if not there. */
long long pod_attr(const struct pod *pod, const char *name);
long long pod_class_attr(const char *name);
int pod_attr_write(const struct pod *pod, const char *name, const char *text);

int pod_set_target(const struct pod *pod, u64 target, u64 *out);
int pod_balloon(const struct pod *pod, enum kvm_pod_balloon_op op,
		const struct kvm_pod_range *ranges, unsigned int nr);
int pod_inflate(const struct pod *pod, u64 offset, u64 length);
int pod_deflate(const struct pod *pod, u64 offset, u64 length);
int pod_balloon_reset(const struct pod *pod);
int pod_punch(const struct pod *pod, u64 offset, u64 length);

/* @out, which may be NULL, gets the whole answer, also after an error. */
int pod_sweep(const struct pod *pod, u64 offset, u64 length,
	      unsigned int flags, struct kvm_pod_sweep *out);

/*
 * Each page gets content of its own; of each two the second is given; how many
 * are not as these two left them.
 */
void pod_fill_pages(u8 *mem, u64 len);
int pod_give_odd_pages(const struct pod *pod, u64 from, u64 to);
unsigned int pod_bad_pages(const u8 *mem, u64 len);

int pod_set_policy(const struct pod *pod, enum kvm_pod_policy policy);
int pod_set_overdraft(const struct pod *pod, enum kvm_pod_policy policy,
		      u64 overdraft_max);
int pod_set_grow(const struct pod *pod, enum kvm_pod_policy policy,
		 u64 grow_max);

/* Events written to @events, of at most @nr, or -errno. */
int pod_read_events(int fd, struct kvm_pod_event *events, unsigned int nr,
		    unsigned int *lost);

#endif /* POD_SELFTEST_POD_H */
