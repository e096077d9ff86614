; SPDX-License-Identifier: BSD-2-Clause
;
; A multiboot image linked at 8000H that leaves protected mode by itself, as
; real-mode tests made for QEMU's -kernel do: prints from real mode, takes a
; software interrupt and a fault there, and ends the VM by port F4H.

BASE equ 0x8000
STACK equ 0x7c00
CODE16 equ 0x18
DATA16 equ 0x20

	bits 32
	org BASE

image:
	dd 0x1badb002, 0x00010000, -(0x1badb002 + 0x00010000)
	dd image, image, image_end, image_end, start ; addresses, by flag 16

start:
	lgdt [gdtr]
	lidt [idtr]
	jmp CODE16:leave

	bits 16
leave:
	mov ax, DATA16
	mov ds, ax
	mov ss, ax
	mov eax, cr0
	and al, 0xfe
	mov cr0, eax
	jmp 0:real
real:
	xor ax, ax
	mov ds, ax
	mov es, ax
	mov ss, ax
	mov sp, STACK
	mov word [0x80 * 4], on_int
	mov word [0x80 * 4 + 2], 0
	mov word [6 * 4], on_ud
	mov word [6 * 4 + 2], 0
	mov si, hello
	call print
	int 0x80
	ud2
	mov si, pass
	cmp word [seen], 3
	je .told
	mov si, fail
	mov dword [code], 1
.told:
	call print
	mov eax, [code]
	out 0xf4, eax
	cli
	hlt

on_int:
	or word [seen], 1
	iret

on_ud:
	or word [seen], 2
	push bp
	mov bp, sp
	add word [bp + 2], 2
	pop bp
	iret

print:
	mov dx, 0x3fd
.wait:
	in al, dx
	test al, 0x20
	jz .wait
	mov dx, 0x3f8
	lodsb
	test al, al
	jz .end
	out dx, al
	jmp print
.end:
	ret

	align 8
gdt:
	dq 0, 0, 0
	dq 0x00009b000000ffff ; CODE16
	dq 0x000093000000ffff ; DATA16
gdtr:
	dw $ - gdt - 1
	dd gdt
idtr:
	dw 0x3ff
	dd 0
seen:
	dw 0
code:
	dd 0
hello:
	db "Hello from real mode.", 10, 0
pass:
	db "PASS realmode: INT and #UD", 10, "END 0 failed", 10, 0
fail:
	db "FAIL realmode: INT and #UD", 10, "END 1 failed", 10, 0
	; Over 9000H, where the multiboot information would lie.
	times 0x1800 - ($ - image) db 0
image_end:
