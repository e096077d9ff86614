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

; In: after a VM exit. Out: rdi = v.
%macro STORE_GUEST 0
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
%endmacro

; What v->mitigations has for an entry but VERW: as late as can be, so that
; nothing behind it brings anybody else's data near. In: rdi = v. Out: ZF = 1:
; no VERW. Clobbers: rax, rcx, rdx.
%macro BEFORE_ENTRY 0
	test dword [rdi + VCPU_MITIGATIONS], MITIGATE_IBRS
	jz %%no_ibrs
	mov ecx, MSR_SPEC_CTRL
	mov eax, [rdi + VCPU_SPEC_CTRL]
	xor edx, edx
	wrmsr
%%no_ibrs:
	test dword [rdi + VCPU_MITIGATIONS], MITIGATE_L1D
	jz %%no_l1d
	mov ecx, MSR_FLUSH_CMD
	mov eax, FLUSH_CMD_L1D
	xor edx, edx
	wrmsr
%%no_l1d:
	test dword [rdi + VCPU_MITIGATIONS], MITIGATE_VERW
%endmacro

; And for an exit, before the first RET or indirect jump. In: rdi = v.
; Clobbers: rax, rcx, rdx.
%macro AFTER_EXIT 0
	test dword [rdi + VCPU_MITIGATIONS], MITIGATE_IBPB_EXIT | MITIGATE_IBRS
	jz %%no_ibrs
	test dword [rdi + VCPU_MITIGATIONS], MITIGATE_IBPB_EXIT
	jz %%no_ibpb
	mov ecx, MSR_PRED_CMD
	mov eax, PRED_CMD_IBPB
	xor edx, edx
	wrmsr
%%no_ibpb:
	test dword [rdi + VCPU_MITIGATIONS], MITIGATE_IBRS
	jz %%no_ibrs
	mov ecx, MSR_SPEC_CTRL
	mov eax, [rdi + VCPU_SPEC_CTRL]
	or eax, SPEC_CTRL_IBRS
	xor edx, edx
	wrmsr
%%no_ibrs:
	test dword [rdi + VCPU_MITIGATIONS], MITIGATE_BHB
	jz %%no_bhb
	call clear_history
%%no_bhb:
	; The guest may have trained these branches too: nobody gets past them
	; before they are decided.
	lfence
%endmacro

	bits 64
	section .rodata

verw_selector: ; a writable segment, as VERW wants it
	dw SELECTOR_DATA

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
	BEFORE_ENTRY
	LOAD_GUEST
	jz .launch
	verw [rel verw_selector]
.launch:
	vmlaunch
	jmp vmx_exit.failed

	; HOST_RIP: flags are cleared, RSP is HOST_RSP, all else the guest's.
	global vmx_exit
	align 64
vmx_exit:
	STORE_GUEST
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
	call fill_returns
	pop rdi
	pop r15
	pop r14
	pop r13
	pop r12
	pop rbx
	pop rbp
	ret

	; HOST_RIP where something is to be mitigated at each exit or entry: the
	; same loop, so that the other one has not an instruction of this.
	global vmx_exit_mitigated
	align 64
vmx_exit_mitigated:
	STORE_GUEST
	AFTER_EXIT
	lea rbp, [rsp + 8 * 6]
	call vmx_exit_handle
	test al, al
	je vmx_exit.ended
	mov rdi, [rsp]
	BEFORE_ENTRY
	LOAD_GUEST
	jz .resume
	verw [rel verw_selector]
.resume:
	vmresume
	jmp vmx_exit.failed

	; Overwrites the branch history by branches of ours: 5 calls deep, 5 times
	; around each; what has a longer history has BHI_DIS_S as well. Intel,
	; "Branch History Injection", "BHB-clearing Sequence".
	; Clobbers: rax, rcx.
clear_history:
	mov ecx, 5
	call .deeper
	lfence
	ret
	align 64
.deeper:
	call .around
	ret
	align 64
.around:
	mov eax, 5
.again:
	jmp .next
	nop
.next:
	sub eax, 1
	jnz .again
	sub ecx, 1
	jnz .deeper
	ret

	; The loop's end has RETs without a CALL since the last exit: no entry of
	; the return stack buffer may be the guest's. 32 is the largest there is.
	; Clobbers: rcx.
fill_returns:
	mov ecx, 32
.again:
	call .filled
	int3
.filled:
	add rsp, 8
	dec ecx
	jnz .again
	lfence
	ret

	section .note.GNU-stack noalloc noexec nowrite progbits
