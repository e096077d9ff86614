; SPDX-License-Identifier: BSD-2-Clause
; Where exceptions, NMIs and interrupts enter: one stub per vector, all in one
; shape, and the one way through idt_handle() and back.  See hv/idt.h.

bits 64
default rel

extern idt_handle

section .text

; Vectors for which the processor pushes an error code (SDM volume 3, "Error
; Code"); the others get a 0, so that all frames look the same.
%define HAS_ERROR_CODE(v) ((v) == 8 || ((v) >= 10 && (v) <= 14) || (v) == 17 || (v) == 21 || (v) == 29 || (v) == 30)

; idt_stubs + 16 * vector.  In: what the processor pushed.
global idt_stubs
align 16
idt_stubs:
%assign vector 0
%rep 256
	align 16
%if !HAS_ERROR_CODE(vector)
	push	0
%endif
	push	strict dword vector
	jmp	idt_common
%assign vector vector + 1
%endrep

; In: vector and error code on top of the processor's frame.  Out: all registers
; as they were.  The pushes make struct idt_frame, from its end to its start;
; the processor aligned RSP to 16, and 22 quadwords keep it so.
idt_common:
	push	rax
	push	rbx
	push	rcx
	push	rdx
	push	rsi
	push	rdi
	push	rbp
	push	r8
	push	r9
	push	r10
	push	r11
	push	r12
	push	r13
	push	r14
	push	r15
	cld
	mov	rdi, rsp
	call	idt_handle
	pop	r15
	pop	r14
	pop	r13
	pop	r12
	pop	r11
	pop	r10
	pop	r9
	pop	r8
	pop	rbp
	pop	rdi
	pop	rsi
	pop	rdx
	pop	rcx
	pop	rbx
	pop	rax
	add	rsp, 16
	iretq

; void idt_unblock_nmi(void): an IRET to the caller.  Clobbers rax, rcx.
global idt_unblock_nmi
idt_unblock_nmi:
	pop	rcx
	mov	rax, rsp
	push	0
	mov	[rsp], ss
	push	rax
	pushfq
	push	0
	mov	[rsp], cs
	push	rcx
	iretq
