// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policy "wait", for a vCPU: it sleeps in KVM_RUN, or is halted while a worker
 * of KVM waits; a signal gets it out of there, and every second it leaves by
 * itself; it never gets an overdraft; it resumes exactly there.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

#include "../ept/vm.h"
#include "pod_test.h"
#include "touch.h"

#define SIZE		(32 * MiB)
#define TARGET		(8 * MiB)
#define STEPS		1024
#define NR_VMS		4
#define A_WHILE_MS	300
#define OTHER_SLOT	7
#define OTHER_GPA	0x10000

FIXTURE(vcpu) {
	struct pod pod;
	struct vm vm;
	struct job job;
};

FIXTURE_VARIANT(vcpu) {
	bool apic;
};

FIXTURE_VARIANT_ADD(vcpu, in_kvm_run) { .apic = false };
/* KVM tries without waiting, and leaves the rest to a worker of its own. */
FIXTURE_VARIANT_ADD(vcpu, by_async_page_fault) { .apic = true };

FIXTURE_SETUP(vcpu)
{
	struct kvm_pod_create args = pod_create_args(SIZE, TARGET);

	args.policy = KVM_POD_POLICY_WAIT;
	ASSERT_GOOD(pod_begin_with(&self->pod, &args));
	fill(self->pod.mem, TARGET, 1);
	ASSERT_GOOD(vm_begin(&self->vm, variant->apic));
	ASSERT_EQ(0, vm_set_memory(&self->vm, self->pod.mem, SIZE));
	count_signals();
}

FIXTURE_TEARDOWN(vcpu)
{
	vm_end(&self->vm);
	ASSERT_GOOD(pod_finish(&self->pod));
}

static volatile sig_atomic_t nr_sigbus;

static void on_sigbus(int sig)
{
	nr_sigbus++;
}

static int nr_handled(void)
{
	return signals_seen() + nr_sigbus;
}

/* As a VMM does: EINTR without a signal of its own is none of its business. */
static long go_on(struct vm *vm, long ret, int before)
{
	while (ret == -EINTR && nr_handled() == before) {
		if (vm->run->exit_reason != KVM_EXIT_INTR)
			return -EPROTO;
		ret = vm_resume(vm);
	}
	return ret;
}

/* From the first page beyond the target on. */
static long fill_hole(void *arg)
{
	int before = nr_handled();

	return go_on(arg, vm_fill(arg, TARGET, PAGE, STEPS), before);
}

static long resume(void *arg)
{
	int before = nr_handled();

	return go_on(arg, vm_resume(arg), before);
}

static void start(struct __test_metadata *_metadata, FIXTURE_DATA(vcpu) *self,
		  long (*fn)(void *))
{
	long long waits = pod_attr(&self->pod, "waits");

	job_start(&self->job, fn, &self->vm);
	ASSERT_TRUE(POD_WAIT(pod_attr(&self->pod, "waits") > waits));
	pod_sleep_ms(A_WHILE_MS);
	ASSERT_FALSE(job_done(&self->job));
	EXPECT_EQ(TARGET, POD_GET(&self->pod, owned));
	EXPECT_EQ(0, POD_GET(&self->pod, overdraft));
}

static void check_memory(struct __test_metadata *_metadata,
			 FIXTURE_DATA(vcpu) *self, u64 intact_from)
{
	EXPECT_EQ(0, vm_mismatches(&self->vm, TARGET, PAGE, STEPS));
	EXPECT_EQ(-1, nonzero(self->pod.mem + TARGET + 8, PAGE - 8));
	if (!intact_from) {
		EXPECT_EQ(-1, mismatch(self->pod.mem, TARGET, 1));
	}
}

static void check_end(struct __test_metadata *_metadata,
		      FIXTURE_DATA(vcpu) *self, u64 intact_from)
{
	ASSERT_TRUE(job_wait(&self->job));
	EXPECT_EQ(0, self->job.result);
	check_memory(_metadata, self, intact_from);
}

TEST_F(vcpu, raise_of_the_target_resumes)
{
	start(_metadata, self, fill_hole);
	ASSERT_EQ(0, pod_set_target(&self->pod, SIZE, NULL));
	check_end(_metadata, self, 0);
}

/* Page by page: it stops and goes on many times. */
TEST_F_TIMEOUT(vcpu, many_small_raises, 60)
{
	u64 target = TARGET;

	start(_metadata, self, fill_hole);
	while (target < TARGET + 16 * PAGE) {
		target += PAGE;
		ASSERT_EQ(0, pod_set_target(&self->pod, target, NULL));
		ASSERT_TRUE(POD_WAIT(POD_GET(&self->pod, populated) == target));
	}
	EXPECT_FALSE(job_done(&self->job));
	EXPECT_EQ(0, POD_GET(&self->pod, overdraft));
	ASSERT_EQ(0, pod_set_target(&self->pod, SIZE, NULL));
	check_end(_metadata, self, 0);
}

TEST_F(vcpu, discard_resumes)
{
	start(_metadata, self, fill_hole);
	ASSERT_EQ(0, pod_punch(&self->pod, 0, 3 * REGION));
	check_end(_metadata, self, 1);
	EXPECT_EQ(TARGET, POD_GET(&self->pod, owned));
}

TEST_F(vcpu, sweep_resumes)
{
	start(_metadata, self, fill_hole);
	memset(self->pod.mem, 0, 3 * REGION);
	ASSERT_EQ(0, pod_sweep(&self->pod, 0, 0, 0, NULL));
	check_end(_metadata, self, 1);
}

TEST_F(vcpu, zeroes_are_found)
{
	start(_metadata, self, fill_hole);
	memset(self->pod.mem, 0, 3 * REGION);
	check_end(_metadata, self, 1);
}

/* As a VMM gets its vCPUs out to stop them, or to talk to them. */
TEST_F(vcpu, signal_ends_kvm_run)
{
	int round;

	start(_metadata, self, fill_hole);
	for (round = 1; round <= 3; round++) {
		job_signal(&self->job);
		ASSERT_TRUE(job_wait(&self->job));
		EXPECT_EQ(-EINTR, self->job.result);
		EXPECT_EQ(round, signals_seen());
		start(_metadata, self, resume);
	}
	ASSERT_EQ(0, pod_set_target(&self->pod, SIZE, NULL));
	check_end(_metadata, self, 0);
}

/* Every second that it waits in vain, so as to let go of what KVM holds. */
TEST_F(vcpu, leaves_kvm_run_for_a_moment)
{
	struct vm *vm = &self->vm;

	/* Halted, it sleeps elsewhere, and holds nothing. */
	if (variant->apic)
		return;
	EXPECT_EQ(-EINTR, vm_fill(vm, TARGET, PAGE, STEPS));
	EXPECT_EQ(KVM_EXIT_INTR, vm->run->exit_reason);
	EXPECT_EQ(-EINTR, vm_resume(vm));
	EXPECT_EQ(0, signals_seen());
	ASSERT_EQ(0, pod_set_target(&self->pod, SIZE, NULL));
	EXPECT_EQ(0, vm_resume(vm));
	check_memory(_metadata, self, 0);
}

/* A slot more, and gone again: each waits for all that are in KVM_RUN. */
static long change_slots(void *arg)
{
	static u8 mem[PAGE] __attribute__((aligned(PAGE)));
	struct kvm_userspace_memory_region slot = {
		.slot = OTHER_SLOT,
		.guest_phys_addr = OTHER_GPA,
		.memory_size = PAGE,
		.userspace_addr = (uintptr_t)mem,
	};
	struct vm *vm = arg;

	if (ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &slot))
		return -errno;
	slot.memory_size = 0;
	return ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &slot) ? -errno : 0;
}

/* What QEMU's thread does under the lock that its monitor needs. */
TEST_F(vcpu, memory_of_the_machine_changes)
{
	struct job changer;

	start(_metadata, self, fill_hole);
	job_start(&changer, change_slots, &self->vm);
	EXPECT_TRUE(POD_WAIT(job_done(&changer)));
	EXPECT_FALSE(job_done(&self->job));
	EXPECT_EQ(TARGET, POD_GET(&self->pod, owned));
	/* Lets go of both in any case. */
	ASSERT_EQ(0, pod_set_target(&self->pod, SIZE, NULL));
	check_end(_metadata, self, 0);
	ASSERT_TRUE(job_wait(&changer));
	EXPECT_EQ(0, changer.result);
}

/* Stopped while it was short, fed, and then let on. */
TEST_F(vcpu, fed_while_stopped)
{
	start(_metadata, self, fill_hole);
	job_signal(&self->job);
	ASSERT_TRUE(job_wait(&self->job));
	ASSERT_EQ(0, pod_set_target(&self->pod, SIZE, NULL));
	EXPECT_EQ(0, vm_resume(&self->vm));
	check_memory(_metadata, self, 0);
}

TEST_F(vcpu, costs_no_cpu)
{
	long before;

	start(_metadata, self, fill_hole);
	before = job_cpu_ms(&self->job);
	pod_sleep_ms(1000);
	EXPECT_GT(400, job_cpu_ms(&self->job) - before) {
		TH_LOG("%ld ms of 1000", job_cpu_ms(&self->job) - before);
	}
	ASSERT_EQ(0, pod_set_target(&self->pod, SIZE, NULL));
	check_end(_metadata, self, 0);
}

/* Reads cost nothing and never wait. */
TEST_F(vcpu, reads_do_not_wait)
{
	EXPECT_EQ(0, vm_nonzero(&self->vm, TARGET, PAGE,
				(SIZE - TARGET) / PAGE));
	EXPECT_EQ(TARGET, POD_GET(&self->pod, populated));
	EXPECT_EQ(0, pod_attr(&self->pod, "waits"));
}

/* Gone with its machine while KVM's worker may still be waiting. */
TEST_F(vcpu, end_of_the_machine)
{
	struct timespec from, to;

	start(_metadata, self, fill_hole);
	job_signal(&self->job);
	ASSERT_TRUE(job_wait(&self->job));
	clock_gettime(CLOCK_MONOTONIC, &from);
	vm_end(&self->vm);
	clock_gettime(CLOCK_MONOTONIC, &to);
	EXPECT_GT(3, to.tv_sec - from.tv_sec);
	ASSERT_GOOD(vm_begin(&self->vm, variant->apic));
	EXPECT_EQ(TARGET, POD_GET(&self->pod, owned));
}

static bool is_refusal(long ret)
{
	return ret == -EFAULT || (ret == -EINTR && nr_sigbus);
}

static void expect_sigbus(void)
{
	struct sigaction action = { .sa_handler = on_sigbus };

	sigaction(SIGBUS, &action, NULL);
}

/* A vCPU that is short already hears of policy "fail". */
static void start_and_fail(struct __test_metadata *_metadata,
			   FIXTURE_DATA(vcpu) *self)
{
	start(_metadata, self, fill_hole);
	expect_sigbus();
	ASSERT_EQ(0, pod_set_policy(&self->pod, KVM_POD_POLICY_FAIL));
	ASSERT_TRUE(job_wait(&self->job));
	EXPECT_TRUE(is_refusal(self->job.result)) {
		TH_LOG("KVM_RUN: %ld, SIGBUS: %d", self->job.result, nr_sigbus);
	}
}

/*
 * KVM_RUN fails in time, or the signal that it sends ends it: a vCPU must not
 * fault for ever.
 */
TEST_F(vcpu, policy_fail_ends_it)
{
	start_and_fail(_metadata, self);
	EXPECT_EQ(-1, mismatch(self->pod.mem, TARGET, 1));
}

/* There will never be memory: this, too, must end KVM_RUN. */
TEST_F(vcpu, memory_beyond_the_file)
{
	u8 *beyond = map_aligned(self->pod.fd, SIZE, REGION,
				 PROT_READ | PROT_WRITE);
	struct vm vm;
	int ret;

	ASSERT_NE(NULL, beyond);
	ASSERT_GOOD(vm_begin(&vm, variant->apic));
	ASSERT_EQ(0, vm_set_memory(&vm, beyond, REGION));
	expect_sigbus();
	ret = vm_fill(&vm, 0, PAGE, 1);
	EXPECT_TRUE(is_refusal(ret)) {
		TH_LOG("KVM_RUN: %d, SIGBUS: %d", ret, nr_sigbus);
	}
	vm_end(&vm);
	munmap(beyond, REGION);
}

/* What a VMM zeroes when it is told counts at once. */
TEST_F(vcpu, policy_fail_after_making_room)
{
	start_and_fail(_metadata, self);
	memset(self->pod.mem, 0, 3 * REGION);
	EXPECT_EQ(0, vm_resume(&self->vm));
	check_memory(_metadata, self, 1);
}

TEST_F(vcpu, policy_grow_resumes)
{
	start(_metadata, self, fill_hole);
	ASSERT_EQ(0, pod_set_policy(&self->pod, KVM_POD_POLICY_GROW));
	check_end(_metadata, self, 0);
	EXPECT_EQ(STEPS * PAGE, POD_GET(&self->pod, overdraft));
}

static void check_several(struct __test_metadata *_metadata, struct pod *pod,
			  struct vm *vms)
{
	struct job jobs[NR_VMS];
	int i;

	for (i = 0; i < NR_VMS; i++)
		job_start(&jobs[i], fill_hole, &vms[i]);
	pod_sleep_ms(A_WHILE_MS);
	for (i = 0; i < NR_VMS; i++)
		EXPECT_FALSE(job_done(&jobs[i]));
	ASSERT_EQ(0, pod_set_target(pod, SIZE, NULL));
	for (i = 0; i < NR_VMS; i++) {
		ASSERT_TRUE(job_wait(&jobs[i]));
		EXPECT_EQ(0, jobs[i].result);
		EXPECT_EQ(0, vm_mismatches(&vms[i], TARGET, PAGE, STEPS));
	}
	EXPECT_EQ(-1, mismatch(pod->mem, TARGET, 1));
}

/* At once, each in a machine and a part of the pod of its own, and again. */
TEST_F_TIMEOUT(vcpu, several, 90)
{
	struct pod *pod = &self->pod;
	struct vm vms[NR_VMS];
	int i, round;

	for (i = 0; i < NR_VMS; i++) {
		ASSERT_GOOD(vm_begin(&vms[i], variant->apic));
		ASSERT_EQ(0, vm_set_memory(&vms[i],
					   pod->mem + i * STEPS * PAGE,
					   TARGET + STEPS * PAGE));
	}
	for (round = 0; round < 5; round++) {
		check_several(_metadata, pod, vms);
		ASSERT_EQ(0, pod_punch(pod, TARGET, SIZE - TARGET));
		ASSERT_EQ(0, pod_set_target(pod, TARGET, NULL));
		ASSERT_TRUE(POD_WAIT(POD_GET(pod, owned) == TARGET));
	}
	for (i = 0; i < NR_VMS; i++)
		vm_end(&vms[i]);
}

TEST_HARNESS_MAIN
