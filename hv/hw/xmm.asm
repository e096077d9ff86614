; SPDX-License-Identifier: BSD-2-Clause
;
; void xmm_read(unsigned number, uint8_t *bytes);
; void xmm_write(unsigned number, const uint8_t *bytes);
; void xmm_reset(void);
; void xmm_reset_all(void);
;
; In: edi = 0 to 15, rsi = 16 bytes. Clobbers: rax, rdx, rdi.

	bits 64
	section .text

%macro XMM_TABLE 1
	cmp edi, 15
	ja .none
	lea rax, [rel .table]
	shl edi, 4
	add rax, rdi
	jmp rax
.none:
	ret
	align 16
.table:
%assign n 0
%rep 16
	align 16
	%1 n
	ret
%assign n n + 1
%endrep
%endmacro

%macro STORE 1
	movups [rsi], xmm %+ %1
%endmacro

%macro LOAD 1
	movups xmm %+ %1, [rsi]
%endmacro

	global xmm_read
xmm_read:
	XMM_TABLE STORE

	global xmm_write
xmm_write:
	XMM_TABLE LOAD

	global xmm_reset
xmm_reset:
	fxrstor [rel initial]
	ret

	global xmm_reset_all
xmm_reset_all:
	mov eax, -1
	mov edx, eax
	xrstor [rel initial]
	ret

	; An XSAVE area with no component in it: all take their initial values,
	; but MXCSR, which is always loaded, as FXRSTOR loads all of it.
	section .rodata
	align 64
initial:
	dw 0x37f		; FCW
	times 22 db 0
	dd 0x1f80		; MXCSR
	times 576 - 28 db 0

	section .note.GNU-stack noalloc noexec nowrite progbits
