# SPDX-License-Identifier: BSD-2-Clause
# Test guests: guest/test/NAME.c -> build/guest/NAME.flat, one flat image each,
# and build/guest/NAME.elf, the same with symbols.

GUEST_CFLAGS = -std=gnu11 -ffreestanding -O2 -g -Wall -Wextra -Werror \
	-mgeneral-regs-only -mno-red-zone -mcmodel=small -fno-pic -fno-pie \
	-fno-stack-protector -fcf-protection=none \
	-fno-asynchronous-unwind-tables -I.
GUEST_LIB = $(patsubst guest/test/lib/%.c,build/guest/lib/%.o,\
	$(wildcard guest/test/lib/*.c)) build/guest/lib/start.o
GUESTS = $(patsubst guest/test/%.c,build/guest/%.flat,\
	$(wildcard guest/test/*.c))

build/guest/%.o: guest/test/%.c $(wildcard guest/test/lib/*.h)
	@mkdir -p $(@D)
	gcc $(GUEST_CFLAGS) -c $< -o $@

build/guest/lib/start.o: guest/test/lib/start.asm
	@mkdir -p $(@D)
	nasm -g -F dwarf -f elf64 $< -o $@

build/guest/%.elf: build/guest/%.o $(GUEST_LIB) guest/test/flat.ld
	gcc -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-n \
		-Wl,--no-warn-rwx-segments \
		-Wl,-T,guest/test/flat.ld $(filter %.o,$^) -o $@

build/guest/%.flat: build/guest/%.elf
	objcopy -g -O elf32-i386 $< $@

.SECONDARY: $(GUESTS:.flat=.elf) $(GUESTS:.flat=.o) $(GUEST_LIB)
.PHONY: guests
guests: $(GUESTS)
