; SPDX-License-Identifier: BSD-2-Clause
; The first instruction of the hypervisor.

bits 64
default rel

%include "offsets.inc"

extern hv_main

section .text

; From the loader.  In: rdi = struct boot_info, mapped in the pool; interrupts
; off, the loader's page tables.  Out: never returns.
global hv_entry
hv_entry:
	cld
	lea	rsp, [boot_stack_top]
	xor	ebp, ebp		; the end of every backtrace
	call	hv_main
	ud2

; The boot CPU's stack for good.  linker.ld puts this at the end of the image;
; the page below, image_guard, is never mapped.
section .boot_stack nobits alloc write noexec align=4096
	resb	4096
	resb	PERCPU_STACK_BYTES
global boot_stack_top
boot_stack_top:
