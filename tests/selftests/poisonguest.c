// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest touches memory with a hardware error: its vCPU's thread gets the
 * SIGBUS that tells a VMM which page it was, and can go on with the rest, or
 * with that page too, once it was discarded.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>

#include "../ept/vm.h"
#include "hwerror.h"
#include "pod_test.h"

#define SIZE		(16 * MiB)
#define TARGET		(8 * MiB)
#define WORDS		(REGION / PAGE)
#define NO_ERRORS	"this kernel injects no memory errors"

/* As KVM makes it: the address is good to a page. */
#define LSB		12

static volatile sig_atomic_t nr_seen;
static siginfo_t seen;

static void on_sigbus(int sig, siginfo_t *info, void *context)
{
	seen = *info;
	nr_seen++;
}

FIXTURE(guest) {
	struct pod pod;
	struct vm vm;
};

FIXTURE_VARIANT(guest) {
	bool apic;
	u64 bad;
};

/* With an APIC, KVM tries without waiting first. */
FIXTURE_VARIANT_ADD(guest, simple) { .apic = false, .bad = 0 };
FIXTURE_VARIANT_ADD(guest, with_apic) { .apic = true, .bad = REGION };

FIXTURE_SETUP(guest)
{
	struct sigaction action = {
		.sa_sigaction = on_sigbus,
		.sa_flags = SA_SIGINFO,
	};

	ASSERT_GOOD(pod_begin(&self->pod, SIZE, TARGET));
	ASSERT_GOOD(vm_begin(&self->vm, variant->apic));
	ASSERT_EQ(0, vm_set_memory(&self->vm, self->pod.mem, SIZE));
	ASSERT_EQ(0, vm_fill(&self->vm, 0, PAGE, 2 * WORDS));
	nr_seen = 0;
	sigaction(SIGBUS, &action, NULL);
}

FIXTURE_TEARDOWN(guest)
{
	vm_end(&self->vm);
	ASSERT_GOOD(pod_finish(&self->pod));
	hwerror_forget();
}

/* The vCPU stopped at page @bad, and its thread was told. */
static void check_told(struct __test_metadata *_metadata, struct pod *pod,
		       int result, int times, u64 bad)
{
	EXPECT_EQ(-EINTR, result);
	ASSERT_EQ(times, nr_seen);
	EXPECT_EQ(BUS_MCEERR_AR, seen.si_code);
	EXPECT_EQ(pod->mem + bad, seen.si_addr);
	EXPECT_EQ(LSB, seen.si_addr_lsb);
}

TEST_F(guest, told_and_resumed)
{
	struct pod *pod = &self->pod;

	if (hwerror_frame(page_frame(pod->mem + variant->bad)))
		SKIP(return, NO_ERRORS);
	/* Its page table has the page still, and the kernel lets it be. */
	EXPECT_EQ(0, vm_mismatches(&self->vm, 0, PAGE, 2 * WORDS));
	ASSERT_EQ(0, pod_sweep(pod, 0, 0, 0, NULL));
	check_told(_metadata, pod,
		   vm_mismatches(&self->vm, 0, PAGE, 2 * WORDS), 1,
		   variant->bad);
	check_told(_metadata, pod, vm_resume(&self->vm), 2, variant->bad);
	/* Whatever else it does, it does. */
	EXPECT_EQ(0, vm_mismatches(&self->vm, variant->bad + PAGE, PAGE, 511));
	EXPECT_EQ(0, vm_fill(&self->vm, 2 * REGION, PAGE, WORDS));
	EXPECT_EQ(2, nr_seen);
	/* As QEMU does when the machine is reset. */
	ASSERT_EQ(0, pod_punch(pod, variant->bad, PAGE));
	EXPECT_EQ(0, vm_nonzero(&self->vm, variant->bad, PAGE, 1));
	EXPECT_EQ(0, vm_fill(&self->vm, variant->bad, PAGE, 1));
	EXPECT_EQ(0, vm_mismatches(&self->vm, 0, PAGE, 3 * WORDS));
	EXPECT_EQ(2, nr_seen);
	EXPECT_EQ(-1, hwerror_find(pod->mem, SIZE));
	EXPECT_EQ(REGION, POD_GET(pod, retired));
}

/* It writes there: the same, and nothing is written. */
TEST_F(guest, told_of_a_write)
{
	struct pod *pod = &self->pod;

	if (hwerror_frame(page_frame(pod->mem + variant->bad)))
		SKIP(return, NO_ERRORS);
	ASSERT_EQ(0, pod_sweep(pod, 0, 0, 0, NULL));
	check_told(_metadata, pod,
		   vm_fill(&self->vm, variant->bad, PAGE, WORDS), 1,
		   variant->bad);
	ASSERT_EQ(0, pod_punch(pod, 0, TARGET));
	EXPECT_EQ(0, vm_resume(&self->vm));
	EXPECT_EQ(0, vm_mismatches(&self->vm, variant->bad, PAGE, WORDS));
	EXPECT_EQ(1, nr_seen);
}

/* In the reserve: the guest never sees it. */
TEST_F(guest, not_told_of_others)
{
	struct pod *pod = &self->pod;
	u64 frame = page_frame(pod->mem + variant->bad);

	ASSERT_EQ(0, pod_punch(pod, 0, TARGET));
	if (hwerror_frame(frame))
		SKIP(return, NO_ERRORS);
	EXPECT_EQ(0, vm_fill(&self->vm, 0, PAGE, TARGET / PAGE));
	EXPECT_EQ(0, vm_mismatches(&self->vm, 0, PAGE, TARGET / PAGE));
	EXPECT_EQ(0, nr_seen);
	EXPECT_EQ(REGION, POD_GET(pod, retired));
	EXPECT_EQ(-1, hwerror_find(pod->mem, SIZE));
}

TEST_HARNESS_MAIN
