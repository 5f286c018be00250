/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest: three loops over memory in flat 32-bit mode without paging, so
 * that each access is one guest-physical access. Position-independent; the
 * code, a stack-less page of its own, never touches other memory.
 *
 *	esi	address of the next word
 *	ecx	words left, at least one
 *	ebp	bytes from one to the next
 *	edx	seed of the pattern
 *	ebx	words that were wrong so far
 *
 * A word's pattern is its own address xor the seed; an odd seed makes it
 * never zero. Each loop ends with a write to GUEST_PORT.
 */
#include "guest.h"

	.section .rodata
	.code32
	.globl	guest_code, guest_fill, guest_match, guest_zero, guest_code_end

guest_code:
guest_fill:
	mov	%esi, %eax
	xor	%edx, %eax
	mov	%eax, (%esi)
	add	%ebp, %esi
	dec	%ecx
	jnz	guest_fill
	jmp	done

guest_match:
	mov	%esi, %eax
	xor	%edx, %eax
	cmp	%eax, (%esi)
	je	1f
	inc	%ebx
1:	add	%ebp, %esi
	dec	%ecx
	jnz	guest_match
	jmp	done

guest_zero:
	cmpl	$0, (%esi)
	je	1f
	inc	%ebx
1:	add	%ebp, %esi
	dec	%ecx
	jnz	guest_zero

done:
	outb	%al, $GUEST_PORT
	jmp	done
guest_code_end:

	.section .note.GNU-stack, "", @progbits
