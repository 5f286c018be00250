/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A virtual machine with one vCPU and next to nothing else: memory behind one
 * memslot, and the loops of guest.S to touch it. Knows nothing of pods.
 */
#ifndef POD_EPT_VM_H
#define POD_EPT_VM_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/kvm.h>

/**
 * struct vm - a virtual machine
 * @kvm: /dev/kvm
 * @fd: the machine
 * @vcpu: its only CPU
 * @run: what KVM shares of the vCPU
 * @run_size: bytes mapped at @run
 * @code: the guest's code, a page of ours
 */
struct vm {
	int kvm;
	int fd;
	int vcpu;
	struct kvm_run *run;
	int run_size;
	void *code;
};

/*
 * Make a machine without memory. With @apic it has a local APIC and interrupts
 * on, as KVM wants before it uses asynchronous page faults.
 *
 * Return: NULL, or what went wrong.
 */
const char *vm_begin(struct vm *vm, bool apic);
void vm_end(struct vm *vm);

/* Put @size bytes at @mem into the machine; offset 0 below is @mem. */
int vm_set_memory(struct vm *vm, void *mem, uint64_t size);

/*
 * Let the guest work on @steps words, @stride bytes apart. 0, or -errno of
 * KVM_RUN; after that vm_resume() goes on where it stopped.
 */
int vm_fill(struct vm *vm, uint64_t offset, uint32_t stride, uint32_t steps);
int vm_resume(struct vm *vm);

/*
 * The same, looking: the number of words that are not as vm_fill() made them,
 * or not zero; -errno of KVM_RUN.
 */
long vm_mismatches(struct vm *vm, uint64_t offset, uint32_t stride,
		   uint32_t steps);
long vm_nonzero(struct vm *vm, uint64_t offset, uint32_t stride,
		uint32_t steps);

/*
 * Let the guest add, @rounds times, the @bytes at @offset to as many behind
 * them; the time after each round goes to @times and then every @stride bytes.
 */
int vm_stream(struct vm *vm, uint64_t offset, uint32_t bytes, uint64_t times,
	      uint32_t stride, uint32_t rounds);

/* What vm_fill() writes at @offset. */
uint32_t vm_pattern(uint64_t offset);

#endif /* POD_EPT_VM_H */
