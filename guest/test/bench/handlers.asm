; SPDX-License-Identifier: BSD-2-Clause
; Interrupt handlers of few instructions, so that what the bench measures is the
; interrupt and not its handler.

extern bench_taken
global bench_irq_quiet, bench_irq_xapic, bench_irq_x2apic

%define APIC_EOI_ADDRESS 0xfee000b0
%define APIC_EOI_MSR 0x80b

bits 64
section .text

bench_irq_quiet:
	inc	qword [bench_taken]
	iretq

bench_irq_xapic:
	inc	qword [bench_taken]
	push	rax
	mov	eax, APIC_EOI_ADDRESS
	mov	dword [rax], 0
	pop	rax
	iretq

bench_irq_x2apic:
	inc	qword [bench_taken]
	push	rax
	push	rcx
	push	rdx
	mov	ecx, APIC_EOI_MSR
	xor	eax, eax
	xor	edx, edx
	wrmsr
	pop	rdx
	pop	rcx
	pop	rax
	iretq

section .note.GNU-stack noalloc noexec nowrite progbits
