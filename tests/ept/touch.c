// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest's first touches, and what becomes of the entries that KVM made for
 * them: the far end of the path that the selftests reach through mmap().
 *
 * Each test has a pod half as large in memory as in size, and a machine whose
 * memory is that pod. Exits are counted where the kernel can: as many EPT
 * violations (or nested page faults) as touches, none with shadow paging.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "../selftests/pod_test.h"
#include "exits.h"
#include "vm.h"

#define SIZE		(64 * MiB)
#define TARGET		(32 * MiB)
#define REGIONS		(TARGET / REGION)
#define PAGES		(TARGET / PAGE)
#define REGION_PAGES	(REGION / PAGE)
#define RW		(PROT_READ | PROT_WRITE)

/* Exits for the guest's code, and for entries that were zapped by chance. */
#define EXIT_SLACK	16

FIXTURE(vm) {
	struct pod pod;
	struct vm vm;
	long long violations;
	long long pages_2m;
};

FIXTURE_VARIANT(vm) {
	bool apic;
};

FIXTURE_VARIANT_ADD(vm, plain) { .apic = false };
/* KVM tries the first touch without waiting, and may go asynchronous. */
FIXTURE_VARIANT_ADD(vm, apic) { .apic = true };

FIXTURE_SETUP(vm)
{
	ASSERT_GOOD(exits_begin());
	ASSERT_GOOD(pod_begin(&self->pod, SIZE, TARGET));
	ASSERT_GOOD(vm_begin(&self->vm, variant->apic));
	ASSERT_EQ(0, vm_set_memory(&self->vm, self->pod.mem, SIZE));
	self->violations = exits_violations();
	self->pages_2m = exits_pages_2m();
}

FIXTURE_TEARDOWN(vm)
{
	vm_end(&self->vm);
	ASSERT_GOOD(pod_finish(&self->pod));
}

/* Violations since the last call are @touches, or none with shadow paging. */
static bool violations_are(FIXTURE_DATA(vm) *self, long long touches)
{
	long long now = exits_violations();
	long long seen = now - self->violations;
	bool shadow = !strcmp(exits_paging(), "shadow");

	self->violations = now;
	printf("# %s: %lld violations for %lld touches\n", exits_paging(), seen,
	       touches);
	if (shadow)
		return !seen;
	return seen >= touches && seen <= touches + EXIT_SLACK;
}

/* What the guest wrote is what the host sees, from @offset on. */
static u64 host_mismatches(const struct pod *pod, u64 offset, u64 stride,
			   u64 steps)
{
	u64 bad = 0;

	for (; steps--; offset += stride)
		bad += *(volatile uint32_t *)(pod->mem + offset) !=
		       vm_pattern(offset);
	return bad;
}

TEST_F(vm, one_violation_populates_2m)
{
	struct pod *pod = &self->pod;
	struct vm *vm = &self->vm;

	ASSERT_EQ(0, vm_fill(vm, 0, REGION, REGIONS));
	EXPECT_TRUE(violations_are(self, REGIONS));
	EXPECT_EQ(REGIONS, pod_attr(pod, "populate_2m"));
	EXPECT_EQ(0, pod_attr(pod, "populate_4k"));
	EXPECT_EQ(REGIONS, pod_attr(pod, "ept_faults"));
	EXPECT_EQ(REGIONS, exits_pages_2m() - self->pages_2m);
	EXPECT_EQ(0, host_mismatches(pod, 0, REGION, REGIONS));

	ASSERT_EQ(0, vm_fill(vm, 0, PAGE, PAGES));
	EXPECT_EQ(0, vm_mismatches(vm, 0, PAGE, PAGES));
	EXPECT_TRUE(violations_are(self, 0));
	EXPECT_EQ(REGIONS, pod_attr(pod, "populate_2m"));
	EXPECT_EQ(TARGET, POD_GET(pod, populated));
	EXPECT_EQ(0, host_mismatches(pod, 0, PAGE, PAGES));
}

/* A mapping that no 2 MiB entry fits is populated page by page. */
TEST_F(vm, one_violation_populates_4k)
{
	struct pod *pod = &self->pod;
	struct vm *vm = &self->vm;
	const uint32_t nr = 2 * REGION_PAGES;
	void *reserved, *mem;

	mem = map_unaligned(pod->fd, SIZE, RW, &reserved);
	ASSERT_NE(NULL, mem);
	ASSERT_EQ(0, vm_set_memory(vm, NULL, 0));
	ASSERT_EQ(0, vm_set_memory(vm, mem, SIZE));
	ASSERT_EQ(0, vm_fill(vm, REGION, PAGE, nr));
	EXPECT_TRUE(violations_are(self, nr));
	EXPECT_EQ(0, pod_attr(pod, "populate_2m"));
	EXPECT_EQ(nr, pod_attr(pod, "populate_4k"));
	EXPECT_EQ(nr, pod_attr(pod, "ept_faults"));
	EXPECT_EQ(0, exits_pages_2m() - self->pages_2m);
	EXPECT_EQ(0, vm_mismatches(vm, REGION, PAGE, nr));
	EXPECT_EQ(0, host_mismatches(pod, REGION, PAGE, nr));
	munmap(mem, SIZE);
}

/*
 * The guest reads zeroes and pays nothing. Once the host, or the guest, writes
 * there, the entries with the zeroes must be gone.
 */
TEST_F(vm, zeroes_give_way_to_memory)
{
	struct pod *pod = &self->pod;
	struct vm *vm = &self->vm;

	EXPECT_EQ(0, vm_nonzero(vm, 0, PAGE, SIZE / PAGE));
	EXPECT_EQ(0, POD_GET(pod, populated));
	EXPECT_LT(0, pod_attr(pod, "zero_mapped"));

	*(volatile uint32_t *)(pod->mem + 5 * PAGE) = vm_pattern(5 * PAGE);
	EXPECT_EQ(0, vm_mismatches(vm, 5 * PAGE, PAGE, 1));
	EXPECT_EQ(1, vm_nonzero(vm, 0, PAGE, REGION_PAGES));

	ASSERT_EQ(0, vm_fill(vm, REGION, REGION, REGIONS - 1));
	EXPECT_EQ(0, vm_mismatches(vm, REGION, REGION, REGIONS - 1));
	EXPECT_EQ(REGIONS, pod_attr(pod, "populate_2m"));
	EXPECT_EQ(0, pod_attr(pod, "populate_4k"));
	EXPECT_EQ(0, host_mismatches(pod, REGION, REGION, REGIONS - 1));
}

/* A region punched under the guest reads zero, and can be populated anew. */
TEST_F(vm, punch_takes_the_entry_away)
{
	const u64 hole = 3 * REGION;
	struct pod *pod = &self->pod;
	struct vm *vm = &self->vm;

	ASSERT_EQ(0, vm_fill(vm, 0, PAGE, PAGES));
	ASSERT_EQ(0, pod_punch(pod, hole, REGION));
	EXPECT_EQ(REGIONS - 1, exits_pages_2m() - self->pages_2m);
	EXPECT_EQ(TARGET - REGION, POD_GET(pod, populated));
	EXPECT_EQ(0, vm_nonzero(vm, hole, PAGE, REGION_PAGES));
	EXPECT_EQ(0, vm_mismatches(vm, 0, PAGE, hole / PAGE));
	EXPECT_EQ(0, vm_mismatches(vm, hole + REGION, PAGE,
				   (TARGET - REGION - hole) / PAGE));

	ASSERT_EQ(0, vm_fill(vm, hole, PAGE, REGION_PAGES));
	EXPECT_EQ(0, vm_mismatches(vm, 0, PAGE, PAGES));
	EXPECT_EQ(REGIONS + 1, pod_attr(pod, "populate_2m"));
	EXPECT_EQ(REGIONS, exits_pages_2m() - self->pages_2m);
}

/* A page punched in a 2 MiB block is cleared where it is: no entry goes. */
TEST_F(vm, punch_of_a_page_keeps_the_entry)
{
	struct pod *pod = &self->pod;
	struct vm *vm = &self->vm;

	ASSERT_EQ(0, vm_fill(vm, 0, PAGE, REGION_PAGES));
	violations_are(self, 1);
	ASSERT_EQ(0, pod_punch(pod, 7 * PAGE, PAGE));
	EXPECT_EQ(1, exits_pages_2m() - self->pages_2m);
	EXPECT_EQ(0, vm_nonzero(vm, 7 * PAGE, 4, PAGE / 4));
	EXPECT_EQ(0, vm_mismatches(vm, 0, PAGE, 7));
	EXPECT_EQ(0, vm_mismatches(vm, 8 * PAGE, PAGE, REGION_PAGES - 8));
	EXPECT_TRUE(violations_are(self, 0));
}

/* Every second page of the first @regions is given by the balloon. */
static int give_odd_pages(const struct pod *pod, u64 regions)
{
	struct kvm_pod_range ranges[REGION_PAGES / 2];
	unsigned int i;
	int ret = 0;
	u64 r;

	for (r = 0; r < regions && !ret; r++) {
		for (i = 0; i < REGION_PAGES / 2; i++)
			ranges[i] = (struct kvm_pod_range){
				r * REGION + (2 * i + 1) * PAGE, PAGE
			};
		ret = pod_balloon(pod, KVM_POD_BALLOON_INFLATE, ranges, i);
	}
	return ret;
}

/*
 * The guest's data moves to other pages; its entries must follow. Memory can
 * leave only if the balloon also holds what was never touched.
 */
TEST_F(vm, demotion_moves_data_under_the_guest)
{
	const u64 goal = TARGET - 4 * REGION;
	struct pod *pod = &self->pod;
	struct vm *vm = &self->vm;

	ASSERT_EQ(0, vm_fill(vm, 0, PAGE, PAGES));
	ASSERT_EQ(0, pod_inflate(pod, TARGET, SIZE - TARGET));
	ASSERT_EQ(0, give_odd_pages(pod, REGIONS / 2));
	ASSERT_EQ(0, pod_set_target(pod, goal, NULL));
	EXPECT_TRUE(POD_WAIT(POD_GET(pod, owned) <= goal));
	EXPECT_EQ(0, POD_GET(pod, to_shrink));
	EXPECT_LT(0, pod_attr(pod, "demoted"));
	EXPECT_EQ(0, vm_mismatches(vm, 0, 2 * PAGE, PAGES / 2));
	EXPECT_EQ(0, vm_nonzero(vm, PAGE, 2 * PAGE, PAGES / 4));
	EXPECT_EQ(0, vm_mismatches(vm, TARGET / 2, PAGE, PAGES / 2));
	EXPECT_EQ(0, host_mismatches(pod, 0, 2 * PAGE, PAGES / 2));
}

static volatile sig_atomic_t buses;

static void on_sigbus(int sig)
{
	buses++;
}

/*
 * KVM_RUN fails, or is interrupted by a SIGBUS: KVM reports the signal, not the
 * fault, when the attempt that failed was one that may not wait. One that did
 * wait, for a turn of the sweep that found nothing, hears of the fault itself.
 */
static bool refused(int ret)
{
	int came = buses;

	buses = 0;
	return ret == -EFAULT || (came && ret == -EINTR);
}

/*
 * Policy "fail": the guest stops at the first page beyond the target, as often
 * as it is tried, and goes on from there once there is memory.
 */
TEST_F(vm, nothing_beyond_the_target)
{
	struct sigaction action = { .sa_handler = on_sigbus };
	struct pod *pod = &self->pod;
	struct vm *vm = &self->vm;
	u64 more = PAGES + 2 * REGION_PAGES;
	int tries;

	ASSERT_EQ(0, sigaction(SIGBUS, &action, NULL));
	EXPECT_TRUE(refused(vm_fill(vm, 0, PAGE, more)));
	for (tries = 0; tries < 3; tries++)
		EXPECT_TRUE(refused(vm_resume(vm)));
	EXPECT_LE(4, pod_attr(pod, "exhausted"));
	EXPECT_EQ(TARGET, POD_GET(pod, populated));
	EXPECT_EQ(TARGET, POD_GET(pod, owned));
	EXPECT_EQ(0, host_mismatches(pod, 0, PAGE, PAGES));
	ASSERT_GOOD(pod_healthy(pod));

	ASSERT_EQ(0, pod_set_target(pod, SIZE, NULL));
	EXPECT_EQ(0, vm_resume(vm));
	EXPECT_EQ(0, vm_mismatches(vm, 0, PAGE, more));
	EXPECT_EQ(TARGET + 2 * REGION, POD_GET(pod, populated));
}

TEST_HARNESS_MAIN
