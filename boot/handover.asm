; SPDX-License-Identifier: BSD-2-Clause
; From the loader's world into the hypervisor's: new page tables and a jump.
; Runs on the boot CPU, once, with interrupts off, at an address that the new
; tables map to itself.

bits 64
default rel

CR4_PGE		equ 1 << 7
CR4_PCIDE	equ 1 << 17
CR4_CET		equ 1 << 23

section .text

; noreturn void handover(uint64_t root, uint64_t entry, uint64_t boot_info)
; In:       rdi = CR3, rsi = entry, rdx = boot_info's virtual address
; Out:      rdi = boot_info; jumps to the entry, on the firmware's stack
; Clobbers: rax, flags
global handover
handover:
	cli
	cld
	; No global page of the firmware may stay in the TLB; a hypervisor
	; that was not built for shadow stacks must not meet one.
	mov	rax, cr4
	and	rax, ~(CR4_PGE | CR4_PCIDE | CR4_CET)
	mov	cr4, rax
	mov	cr3, rdi
	mov	rdi, rdx
	xor	ebp, ebp
	jmp	rsi

section .note.GNU-stack noalloc noexec nowrite progbits
