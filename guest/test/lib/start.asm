; SPDX-License-Identifier: BSD-2-Clause
; From the multiboot entry (32-bit, no paging), and on other CPUs from SIPI, to
; 64-bit C.  Memory is mapped identically up to 4 GiB.

%define CR0_PE		(1 << 0)
%define CR0_MP		(1 << 1)
%define CR0_NE		(1 << 5)
%define CR0_WP		(1 << 16)
%define CR0_PG		(1 << 31)
%define CR4_PAE		(1 << 5)
%define EFER		0xc0000080
%define EFER_LME	(1 << 8)
%define PT_TABLE	0x3
%define PT_2M		0x83
%define PT_2M_UC	0x9b		; for what lies from 3 GiB on: devices
%define UC_FROM		(3 * 512)
%define STACK_BYTES	8192		; as in guest.h
%define CPUS_MAX	64		; as in guest.h
%define MULTIBOOT_MAGIC	0x1badb002
%define MULTIBOOT_FLAGS	0x2		; wants to be told the memory sizes

extern guest_start, guest_ap_start, cpu_index_of_apic_id
global start, ap_trampoline, ap_trampoline_end, boot_info, page_tables

section .multiboot
align 4
	dd	MULTIBOOT_MAGIC, MULTIBOOT_FLAGS
	dd	-(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

section .text
bits 32
; In: EAX, EBX as the Multiboot Specification says.
start:
	cli
	mov	[boot_info], ebx
	mov	[boot_info + 8], eax

	mov	edi, page_tables
	lea	eax, [edi + 4096 + PT_TABLE]
	mov	[edi], eax		; PML4[0]
	mov	ecx, 4
	lea	ebx, [edi + 4096]
.pdpt:
	add	eax, 4096
	mov	[ebx], eax
	add	ebx, 8
	loop	.pdpt
	lea	ebx, [edi + 2 * 4096]
	mov	eax, PT_2M
.pd:
	mov	edx, eax
	cmp	ecx, UC_FROM
	jb	.cached
	or	edx, PT_2M_UC
.cached:
	mov	[ebx + 8 * ecx], edx
	add	eax, 2 << 20
	inc	ecx
	cmp	ecx, 4 * 512
	jb	.pd

; In: page_tables filled.  Both boot CPU and others.
start_long:
	mov	eax, CR4_PAE
	mov	cr4, eax
	mov	eax, page_tables
	mov	cr3, eax
	mov	ecx, EFER
	rdmsr
	or	eax, EFER_LME
	wrmsr
	mov	eax, CR0_PE | CR0_MP | CR0_NE | CR0_WP | CR0_PG
	mov	cr0, eax
	lgdt	[gdt_pointer]
	jmp	0x08:start_64

bits 64
start_64:
	mov	eax, 0x10
	mov	ds, eax
	mov	es, eax
	mov	ss, eax
	xor	eax, eax
	mov	fs, eax
	mov	gs, eax
	mov	eax, 1
	cpuid
	shr	ebx, 24			; initial APIC ID
	movzx	ebx, byte [cpu_index_of_apic_id + rbx]
	lea	eax, [rbx + 1]
	imul	eax, STACK_BYTES
	lea	rsp, [stacks + rax]
	mov	edi, ebx
	cmp	byte [started], 0
	jne	.ap
	mov	byte [started], 1
	call	guest_start
.ap:
	call	guest_ap_start
.stop:
	cli
	hlt
	jmp	.stop

; Copied to a page below 1 MiB, where SIPI begins, by guest_ap_start's side.
bits 16
ap_trampoline:
	cli
	mov	ax, cs
	mov	ds, ax
	o32 lgdt [ap_gdt_pointer - ap_trampoline]
	mov	eax, CR0_PE
	mov	cr0, eax
	jmp	dword 0x18:ap_32
align 4
ap_gdt_pointer:
	dw	gdt_end - gdt - 1
	dd	gdt
ap_trampoline_end:

bits 32
ap_32:
	mov	eax, 0x10
	mov	ds, eax
	mov	es, eax
	mov	ss, eax
	jmp	start_long

; One stub per vector: the stack holds vector and error code alike.
bits 64
extern trap
global trap_stubs
%macro STUB 1
	align 16
%if (%1 == 8) || (%1 >= 10 && %1 <= 14) || (%1 == 17) || (%1 == 21)
%else
	push	0
%endif
	push	%1
	jmp	trap_common
%endmacro

align 16
trap_stubs:
%assign vector 0
%rep 256
	STUB vector
%assign vector vector + 1
%endrep

trap_common:
	push	rax
	push	rcx
	push	rdx
	push	rbx
	push	rbp
	push	rsi
	push	rdi
	push	r8
	push	r9
	push	r10
	push	r11
	push	r12
	push	r13
	push	r14
	push	r15
	mov	rdi, rsp
	mov	rbx, rsp
	and	rsp, -16
	cld
	call	trap
	mov	rsp, rbx
	pop	r15
	pop	r14
	pop	r13
	pop	r12
	pop	r11
	pop	r10
	pop	r9
	pop	r8
	pop	rdi
	pop	rsi
	pop	rbp
	pop	rbx
	pop	rdx
	pop	rcx
	pop	rax
	add	rsp, 16
	iretq

section .data
align 8
gdt:
	dq	0
	dq	0x00af9b000000ffff	; 08H: 64-bit code
	dq	0x00cf93000000ffff	; 10H: data
	dq	0x00cf9b000000ffff	; 18H: 32-bit code
gdt_end:
gdt_pointer:
	dw	gdt_end - gdt - 1
	dq	gdt

section .bss
alignb 4096
page_tables:
	resb	6 * 4096
stacks:
	resb	CPUS_MAX * STACK_BYTES
boot_info:
	resq	2
started:
	resb	1

section .note.GNU-stack noalloc noexec nowrite progbits
