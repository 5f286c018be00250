// SPDX-License-Identifier: GPL-2.0-only
/*
 * A virtual machine on a pod, each fault of KVM's calls in turn. KVM_RUN fails
 * with ENOMEM, or with EFAULT where the fault of the pod's memory failed; the
 * vCPU goes on from there when it is run again.
 */
#define _GNU_SOURCE
#include <errno.h>

#include "../../ept/vm.h"
#include "pod_test.h"
#include "sequence.h"

SEQUENCE_FIXTURE

#define STEPS	64

static struct vm vm;

static const char *begin(struct pod *pod)
{
	return vm_begin(&vm, false);
}

static void end(struct pod *pod)
{
	vm_end(&vm);
}

static const char *begin_on_pod(struct pod *pod)
{
	const char *bad = begin(pod);

	if (!bad && vm_set_memory(&vm, pod->mem, pod->size))
		bad = "cannot set the machine's memory";
	if (bad)
		return bad;
	/* KVM fills its caches with the first fault: not what is tested. */
	return vm_fill(&vm, pod->size - PAGE, PAGE, 1) ? "KVM_RUN failed" :
							 NULL;
}

static long set_memory(struct pod *pod)
{
	return vm_set_memory(&vm, pod->mem, pod->size);
}

SEQUENCE(memslot, "a memslot", .prepare = begin, .run = set_memory,
	 .clean_up = end);

static long fill_pages(struct pod *pod)
{
	return vm_fill(&vm, 0, PAGE, STEPS);
}

static const char *pages_are_filled(struct pod *pod)
{
	return vm_mismatches(&vm, 0, PAGE, STEPS) ? "wrong content" : NULL;
}

SEQUENCE(vcpu_2m, "a vCPU touches 2 MiB", .prepare = begin_on_pod,
	 .run = fill_pages, .check = pages_are_filled, .clean_up = end,
	 .also = EFAULT, .flags = SEQ_PARTIAL);

/* The region is no block, and not even small yet. */
static const char *give_and_begin(struct pod *pod)
{
	return pod_inflate(pod, 0, REGION) ? "cannot inflate" :
					     begin_on_pod(pod);
}

SEQUENCE(vcpu_4k, "a vCPU touches pages", .prepare = give_and_begin,
	 .run = fill_pages, .check = pages_are_filled, .clean_up = end,
	 .also = EFAULT, .flags = SEQ_PARTIAL);

static long read_pages(struct pod *pod)
{
	long ret = vm_nonzero(&vm, 0, PAGE, STEPS);

	return ret > 0 ? -EPROTO : ret;
}

SEQUENCE(vcpu_reads, "a vCPU reads holes", .prepare = begin_on_pod,
	 .run = read_pages, .clean_up = end, .also = EFAULT);

static const char *exhaust_and_begin(struct pod *pod)
{
	fill(pod->mem + 8 * MiB, 8 * MiB, 1);
	return begin_on_pod(pod);
}

/* Where nothing more can be had the vCPU waits, for each that fails. */
SEQUENCE(vcpu_grows, "a vCPU beyond the target", .burst = 3,
	 .policy = KVM_POD_POLICY_GROW, .prepare = exhaust_and_begin,
	 .run = fill_pages, .check = pages_are_filled, .clean_up = end,
	 .also = EFAULT, .flags = SEQ_PARTIAL | SEQ_HINT);

TEST_HARNESS_MAIN
