; SPDX-License-Identifier: BSD-2-Clause
;
; void xmm_read(unsigned number, uint8_t *bytes);
; void xmm_write(unsigned number, const uint8_t *bytes);
;
; In: edi = 0 to 15, rsi = 16 bytes. Clobbers: rax, rdi.

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

	section .note.GNU-stack noalloc noexec nowrite progbits
