/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest: loops over memory in flat 32-bit mode without paging, so
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
 *
 * guest_stream adds an array to the one behind it, and tells the time after
 * each round: esi the first array, ebp its bytes, ecx rounds, edi where the
 * time goes, ebx bytes from there to the next.
 */
#include "guest.h"

	.section .rodata
	.code32
	.globl	guest_code, guest_fill, guest_match, guest_zero, guest_stream
	.globl	guest_code_end

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
	jmp	done

guest_stream:
	mov	%esi, %edx
1:	mov	(%edx), %eax
	add	%eax, (%edx, %ebp)
	mov	4(%edx), %eax
	add	%eax, 4(%edx, %ebp)
	mov	8(%edx), %eax
	add	%eax, 8(%edx, %ebp)
	mov	12(%edx), %eax
	add	%eax, 12(%edx, %ebp)
	add	$16, %edx
	lea	(%esi, %ebp), %eax
	cmp	%eax, %edx
	jb	1b
	rdtsc
	mov	%eax, (%edi)
	mov	%edx, 4(%edi)
	add	%ebx, %edi
	dec	%ecx
	jnz	guest_stream

done:
	outb	%al, $GUEST_PORT
	jmp	done
guest_code_end:

	.section .note.GNU-stack, "", @progbits
