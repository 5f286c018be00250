// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "vm.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest.h"

#define CODE_GPA	0x1000
#define CODE_SIZE	4096
#define MEM_GPA		(1UL << 30)
/* Where kvm-intel without EPT may keep three pages of its own. */
#define TSS_GPA		0xfffbd000

#define SEED		0x5a5a5a5b

#define CR0_PE_ET	0x11
#define RFLAGS_IF	0x202

enum { SLOT_CODE, SLOT_MEM };

static int set_slot(struct vm *vm, uint32_t slot, uint64_t gpa, void *mem,
		    uint64_t size)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)mem,
	};

	return ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region) ? -errno : 0;
}

int vm_set_memory(struct vm *vm, void *mem, uint64_t size)
{
	return set_slot(vm, SLOT_MEM, MEM_GPA, mem, size);
}

static bool load_code(struct vm *vm)
{
	vm->code = mmap(NULL, CODE_SIZE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (vm->code == MAP_FAILED)
		return false;
	memcpy(vm->code, guest_code, guest_code_end - guest_code);
	return !set_slot(vm, SLOT_CODE, CODE_GPA, vm->code, CODE_SIZE);
}

/* All of the address space, 32 bits, ring 0. */
static struct kvm_segment flat(uint16_t selector, uint8_t type)
{
	return (struct kvm_segment){
		.selector = selector, .limit = 0xffffffff, .type = type,
		.present = 1, .db = 1, .s = 1, .g = 1,
	};
}

static bool set_flat_mode(struct vm *vm)
{
	struct kvm_segment data = flat(0x10, 0x3);
	struct kvm_sregs sregs;

	if (ioctl(vm->vcpu, KVM_GET_SREGS, &sregs))
		return false;
	sregs.cr0 = CR0_PE_ET;
	sregs.cs = flat(0x8, 0xb);
	sregs.ds = data;
	sregs.es = data;
	sregs.fs = data;
	sregs.gs = data;
	sregs.ss = data;
	return !ioctl(vm->vcpu, KVM_SET_SREGS, &sregs);
}

static bool make_vcpu(struct vm *vm)
{
	vm->vcpu = ioctl(vm->fd, KVM_CREATE_VCPU, 0);
	if (vm->vcpu < 0)
		return false;
	vm->run_size = ioctl(vm->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (vm->run_size < 0)
		return false;
	vm->run = mmap(NULL, vm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED,
		       vm->vcpu, 0);
	return vm->run != MAP_FAILED;
}

const char *vm_begin(struct vm *vm, bool apic)
{
	*vm = (struct vm){ .fd = -1, .vcpu = -1,
			   .run = MAP_FAILED, .code = MAP_FAILED };
	vm->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (vm->kvm < 0)
		return "cannot open /dev/kvm";
	vm->fd = ioctl(vm->kvm, KVM_CREATE_VM, 0);
	if (vm->fd < 0)
		return "KVM_CREATE_VM failed";
	if (ioctl(vm->fd, KVM_SET_TSS_ADDR, TSS_GPA))
		return "KVM_SET_TSS_ADDR failed";
	if (apic && ioctl(vm->fd, KVM_CREATE_IRQCHIP, 0))
		return "KVM_CREATE_IRQCHIP failed";
	if (!make_vcpu(vm))
		return "KVM_CREATE_VCPU failed";
	if (!load_code(vm))
		return "cannot load the guest's code";
	if (!set_flat_mode(vm))
		return "KVM_SET_SREGS failed";
	return NULL;
}

void vm_end(struct vm *vm)
{
	if (vm->run != MAP_FAILED)
		munmap(vm->run, vm->run_size);
	if (vm->vcpu >= 0)
		close(vm->vcpu);
	if (vm->fd >= 0)
		close(vm->fd);
	if (vm->kvm >= 0)
		close(vm->kvm);
	if (vm->code != MAP_FAILED)
		munmap(vm->code, CODE_SIZE);
}

int vm_resume(struct vm *vm)
{
	if (ioctl(vm->vcpu, KVM_RUN, 0))
		return -errno;
	if (vm->run->exit_reason != KVM_EXIT_IO || vm->run->io.port != GUEST_PORT)
		return -EPROTO;
	return 0;
}

static int run_at(struct vm *vm, const char *loop, struct kvm_regs *regs)
{
	regs->rip = CODE_GPA + (loop - guest_code);
	regs->rflags = RFLAGS_IF;
	if (ioctl(vm->vcpu, KVM_SET_REGS, regs))
		return -errno;
	return vm_resume(vm);
}

static int run_loop(struct vm *vm, const char *loop, uint64_t offset,
		    uint32_t stride, uint32_t steps)
{
	struct kvm_regs regs = {
		.rsi = MEM_GPA + offset,
		.rcx = steps,
		.rbp = stride,
		.rdx = SEED,
	};

	return run_at(vm, loop, &regs);
}

int vm_stream(struct vm *vm, uint64_t offset, uint32_t bytes, uint64_t times,
	      uint32_t stride, uint32_t rounds)
{
	struct kvm_regs regs = {
		.rsi = MEM_GPA + offset,
		.rcx = rounds,
		.rbp = bytes,
		.rdi = MEM_GPA + times,
		.rbx = stride,
	};

	return run_at(vm, guest_stream, &regs);
}

int vm_fill(struct vm *vm, uint64_t offset, uint32_t stride, uint32_t steps)
{
	return run_loop(vm, guest_fill, offset, stride, steps);
}

/* How many words a finished loop found wrong. */
static long run_counting(struct vm *vm, const char *loop, uint64_t offset,
			 uint32_t stride, uint32_t steps)
{
	struct kvm_regs regs;
	int ret = run_loop(vm, loop, offset, stride, steps);

	if (ret)
		return ret;
	return ioctl(vm->vcpu, KVM_GET_REGS, &regs) ? -errno : (long)regs.rbx;
}

long vm_mismatches(struct vm *vm, uint64_t offset, uint32_t stride,
		   uint32_t steps)
{
	return run_counting(vm, guest_match, offset, stride, steps);
}

long vm_nonzero(struct vm *vm, uint64_t offset, uint32_t stride,
		uint32_t steps)
{
	return run_counting(vm, guest_zero, offset, stride, steps);
}

uint32_t vm_pattern(uint64_t offset)
{
	return (uint32_t)(MEM_GPA + offset) ^ SEED;
}
