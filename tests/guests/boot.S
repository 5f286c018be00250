/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From QEMU's PVH entry (32 bits, flat, no paging, ebx = hvm_start_info), and
 * from a SIPI (real mode), to guest_main() in 64-bit mode. The tables are
 * ready-made: memory one to one in 2 MiB pages.
 */
#include "guest.h"

#define CR0_PE		0x1
#define CR0_PG		0x80000000
#define CR4_PAE		0x20
#define MSR_EFER	0xc0000080
#define EFER_LME	0x100

#define CODE32		0x08
#define DATA		0x10
#define CODE64		0x18

#define INTERRUPT_GATE	0x8e00
/* The upper half of the address of all code, which is less than 64 KiB. */
#define IMAGE_HIGH	0x10

#define NR_EXCEPTIONS	32
/* 8, 10 to 14, 17, 21, 29 and 30 */
#define WITH_ERROR_CODE	0x60227d00

#define XEN_ELFNOTE_PHYS32_ENTRY 18

	.section .note.Xen, "a", @note
	.balign	4
	.long	2f - 1f
	.long	4f - 3f
	.long	XEN_ELFNOTE_PHYS32_ENTRY
1:	.asciz	"Xen"
2:	.balign	4
3:	.quad	boot_entry
4:	.balign	4

	.text
	.code16
	.globl	trampoline, trampoline_end
trampoline:
	cli
	mov	%cs, %ax
	mov	%ax, %ds
	lgdtl	gdt_pointer - trampoline
	mov	$CR0_PE, %eax
	mov	%eax, %cr0
	ljmpl	$CODE32, $enter_long
	.balign	4
gdt_pointer:
	.word	gdt_end - gdt - 1
	.long	gdt
trampoline_end:

	.code32
	.globl	boot_entry
boot_entry:
	cli
	cld
	lgdtl	gdt_pointer
	ljmpl	$CODE32, $enter_long

enter_long:
	mov	$DATA, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	%cr4, %eax
	or	$CR4_PAE, %eax
	mov	%eax, %cr4
	mov	$page_tables, %eax
	mov	%eax, %cr3
	mov	$MSR_EFER, %ecx
	rdmsr
	or	$EFER_LME, %eax
	wrmsr
	mov	%cr0, %eax
	or	$CR0_PG, %eax
	mov	%eax, %cr0
	ljmpl	$CODE64, $long_mode

	.code64
long_mode:
	lidt	idt_pointer(%rip)
	mov	$1, %edi
	lock xaddl %edi, next_cpu(%rip)
	cmp	$MAX_CPUS, %edi
	jae	park
	lea	1(%rdi), %eax
	imul	$STACK_SIZE, %eax, %eax
	lea	stacks(%rax), %rsp
	mov	%ebx, %esi
	xor	%ebp, %ebp
	call	guest_main
park:
	cli
	hlt
	jmp	park

/* One of 16 bytes for each vector: its number, an error code of 0 if none. */
	.set	vector, 0
	.balign	16
exceptions:
	.rept	NR_EXCEPTIONS
	.balign	16
	.if	!(WITH_ERROR_CODE & (1 << vector))
	push	$0
	.endif
	push	$vector
	jmp	exception
	.set	vector, vector + 1
	.endr

/* Nobody goes on after one, so nothing is saved. */
exception:
	pop	%rdi
	pop	%rsi
	mov	(%rsp), %rdx
	mov	%cr2, %rcx
	call	guest_exception
	jmp	park

	.data
	.balign	8
gdt:	.quad	0
	.quad	0x00cf9b000000ffff	/* CODE32 */
	.quad	0x00cf93000000ffff	/* DATA */
	.quad	0x00af9b000000ffff	/* CODE64 */
gdt_end:
next_cpu:
	.long	0

idt_pointer:
	.word	NR_EXCEPTIONS * 16 - 1
	.quad	idt
	.balign	16
idt:
	.set	vector, 0
	.rept	NR_EXCEPTIONS
	.word	exceptions - (IMAGE_HIGH << 16) + vector * 16
	.word	CODE64
	.word	INTERRUPT_GATE
	.word	IMAGE_HIGH
	.quad	0
	.set	vector, vector + 1
	.endr

	.balign	4096
page_tables:				/* PML4 */
	.quad	page_directory_pointers + 3
	.fill	511, 8, 0
page_directory_pointers:
	.set	gib, 0
	.rept	MAPPED_GIB
	.quad	page_directories + gib * 4096 + 3
	.set	gib, gib + 1
	.endr
	.fill	512 - MAPPED_GIB, 8, 0
page_directories:
	.set	block, 0
	.rept	MAPPED_GIB * 512
	.quad	block * 0x200000 + 0x83
	.set	block, block + 1
	.endr

	.bss
	.balign	4096
stacks:	.skip	MAX_CPUS * STACK_SIZE

	.section .note.GNU-stack, "", @progbits
