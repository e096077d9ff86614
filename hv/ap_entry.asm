; SPDX-License-Identifier: BSD-2-Clause
; From a start-up IPI in real mode to smp_cpu_main() in 64-bit mode.  The first
; part is data here: hv/smp.c copies it to a page below 1 MiB and fills in
; struct trampoline (hv/trampoline.h) at its start.
; Source: SDM volume 3, "Switching to Protected Mode", "IA-32e Mode Operation".

%include "offsets.inc"

extern smp_cpu_main

section .rodata

; In: CS = page / 16, IP = 0.  The page tables of trampoline.cr3 map this page
; one to one.  Straight from real mode to 64-bit mode.
bits 16
align 16
global trampoline_start
trampoline_start:
	jmp	short start
	times	TRAMPOLINE_SIZE - ($ - trampoline_start) db 0
start:
	cli
	cld
	mov	ax, cs
	mov	ds, ax
	o32 lgdt [TRAMPOLINE_GDT_LIMIT]
	mov	eax, [TRAMPOLINE_CR4]
	mov	cr4, eax
	mov	eax, [TRAMPOLINE_CR3]
	mov	cr3, eax
	mov	ecx, 0xc0000080		; IA32_EFER
	mov	eax, [TRAMPOLINE_EFER]
	xor	edx, edx
	wrmsr
	mov	eax, [TRAMPOLINE_CR0]
	mov	cr0, eax
	jmp	dword far [TRAMPOLINE_TARGET_OFFSET]

; In: 64-bit mode, still at the physical address.  Who comes too late finds the
; claim taken, and stays out of the way.
bits 64
global trampoline_long_mode
trampoline_long_mode:
	lea	rbx, [rel trampoline_start]
	xor	eax, eax
	xchg	eax, [rbx + TRAMPOLINE_CLAIM]
	test	eax, eax
	jz	.halt
	mov	rsp, [rbx + TRAMPOLINE_STACK_TOP]
	mov	rdi, [rbx + TRAMPOLINE_PERCPU]
	mov	rax, [rbx + TRAMPOLINE_ROOT]
	mov	rcx, [rbx + TRAMPOLINE_ENTRY]
	jmp	rcx
.halt:
	cli
	hlt
	jmp	.halt
global trampoline_end
trampoline_end:

section .text

; In: rdi = struct percpu, rax = CR3, rsp.  Out: never returns.
global ap_entry
ap_entry:
	mov	cr3, rax
	xor	ebp, ebp		; the end of every backtrace
	call	smp_cpu_main
	ud2
