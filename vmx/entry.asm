; SPDX-License-Identifier: BSD-2-Clause
;
; The world switch: into the guest and back, for as long as a C function that
; sees each VM exit says so.
;
;   uint64_t vmx_run(struct vcpu *v);
;
; In:       rdi = v; interrupts off; v's VMCS current, its launch state clear.
; Out:      rax = 0: vmx_exit_handle() said that it is over,
;           1 VMfailInvalid, 2 VMfailValid.
; Clobbers: what a call may; the callee-saved registers are kept here.
;
; CR2, DR0-DR3, DR6, XCR0, the vector registers and the MSRs behind SYSCALL
; and SWAPGS stay the guest's all the time: root mode never uses them.

%include "offsets.inc"

VMCS_HOST_RSP equ 0x6c14

; In: rdi = v. The flags stay.
%macro LOAD_GUEST 0
	mov rax, [rdi + VCPU_GPR + 8 * 0]
	mov rcx, [rdi + VCPU_GPR + 8 * 1]
	mov rdx, [rdi + VCPU_GPR + 8 * 2]
	mov rbx, [rdi + VCPU_GPR + 8 * 3]
	mov rbp, [rdi + VCPU_GPR + 8 * 5]
	mov rsi, [rdi + VCPU_GPR + 8 * 6]
	mov r8, [rdi + VCPU_GPR + 8 * 8]
	mov r9, [rdi + VCPU_GPR + 8 * 9]
	mov r10, [rdi + VCPU_GPR + 8 * 10]
	mov r11, [rdi + VCPU_GPR + 8 * 11]
	mov r12, [rdi + VCPU_GPR + 8 * 12]
	mov r13, [rdi + VCPU_GPR + 8 * 13]
	mov r14, [rdi + VCPU_GPR + 8 * 14]
	mov r15, [rdi + VCPU_GPR + 8 * 15]
	mov rdi, [rdi + VCPU_GPR + 8 * 7]
%endmacro

	bits 64
	section .text.hot

	extern vmx_exit_handle

	global vmx_run
	align 64
vmx_run:
	push rbp
	mov rbp, rsp
	push rbx
	push r12
	push r13
	push r14
	push r15
	push rdi
	mov eax, VMCS_HOST_RSP
	vmwrite rax, rsp
	LOAD_GUEST
	vmlaunch
	jmp vmx_exit.failed

	; HOST_RIP: flags are cleared, RSP is HOST_RSP, all else the guest's.
	global vmx_exit
	align 64
vmx_exit:
	push rdi
	mov rdi, [rsp + 8]
	mov [rdi + VCPU_GPR + 8 * 0], rax
	mov [rdi + VCPU_GPR + 8 * 1], rcx
	mov [rdi + VCPU_GPR + 8 * 2], rdx
	mov [rdi + VCPU_GPR + 8 * 3], rbx
	mov [rdi + VCPU_GPR + 8 * 5], rbp
	mov [rdi + VCPU_GPR + 8 * 6], rsi
	pop qword [rdi + VCPU_GPR + 8 * 7]
	mov [rdi + VCPU_GPR + 8 * 8], r8
	mov [rdi + VCPU_GPR + 8 * 9], r9
	mov [rdi + VCPU_GPR + 8 * 10], r10
	mov [rdi + VCPU_GPR + 8 * 11], r11
	mov [rdi + VCPU_GPR + 8 * 12], r12
	mov [rdi + VCPU_GPR + 8 * 13], r13
	mov [rdi + VCPU_GPR + 8 * 14], r14
	mov [rdi + VCPU_GPR + 8 * 15], r15
	lea rbp, [rsp + 8 * 6] ; the frame, for backtraces
	call vmx_exit_handle
	test al, al
	je .ended
	mov rdi, [rsp]
	LOAD_GUEST
	vmresume
.failed:
	; The registers are the guest's, only the flags are new.
	mov eax, 1
	mov ecx, 2
	cmovz eax, ecx
	jmp .return
.ended:
	xor eax, eax
.return:
	pop rdi
	pop r15
	pop r14
	pop r13
	pop r12
	pop rbx
	pop rbp
	ret

	section .note.GNU-stack noalloc noexec nowrite progbits
