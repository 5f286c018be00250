/* SPDX-License-Identifier: GPL-2.0-only */
/* What boot.S and the C of a guest agree on. */
#ifndef POD_GUESTS_GUEST_H
#define POD_GUESTS_GUEST_H

/* Where other CPUs begin, in real mode: SIPI vector 8. */
#define TRAMPOLINE	0x8000

#define MAX_CPUS	64
#define STACK_SIZE	4096
/* What the page tables map, one to one. */
#define MAPPED_GIB	8

#ifndef __ASSEMBLER__
#include <stdint.h>

struct hvm_start_info;

extern const char image_start[], image_end[];
extern const char trampoline[], trampoline_end[];

/* Each CPU comes here once, on a stack of its own; never returns. */
void guest_main(uint32_t cpu, const struct hvm_start_info *info);

/* A CPU took an exception; it stops when this returns. */
void guest_exception(uint64_t vector, uint64_t error, uint64_t rip,
		     uint64_t cr2);
#endif

#endif /* POD_GUESTS_GUEST_H */
