# SPDX-License-Identifier: BSD-2-Clause
# Apical's one makefile. `make help` lists the targets.

O := build
NASM ?= nasm
IASL ?= iasl
FUZZ_CC ?= clang-14
FUZZ_SECONDS ?= 600
ARGS ?=

# make V=1 shows whole commands.
Q := $(if $(V),,@)
say = @printf '  %-7s %s\n'

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all machines help run test soak bench bench-linux bench-scale lab fuzz usb check format clean host-tests fuzzers

all: $(O)/BOOTX64.EFI

help:
	@echo 'all     build the loader with the hypervisor in it (no root, no network)'
	@echo 'run     install what is missing, build, and boot Debian in a VM (ARGS=...)'
	@echo 'test    every test that can run here (ARGS="-k linux" selects)'
	@echo 'soak    the full product of scenarios, and the long ones'
	@echo 'bench   what APIC operations cost'
	@echo 'bench-linux   exits of whole workloads of a Linux guest'
	@echo 'bench-scale   what grows with the number of vCPUs'
	@echo 'bench-kvm     the bench beside KVM and QEMU, in a Linux that it makes'
	@echo 'lab     what the processor does with each APIC access, as a table'
	@echo 'fuzz    all fuzzers, FUZZ_SECONDS each (600)'
	@echo 'usb     an image for a USB stick'
	@echo 'check   format, static analysis, layers, headers'
	@echo 'format  rewrite the sources in the project'\''s format'

# ---- the hypervisor ---------------------------------------------------------

WARNINGS := -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes \
	-Wvla -Wundef
CFLAGS := -std=gnu11 -ffreestanding -O2 -g $(WARNINGS) -mgeneral-regs-only \
	-mno-red-zone -mcmodel=kernel -fno-pic -fno-pie -fno-stack-protector \
	-fno-omit-frame-pointer -fno-optimize-sibling-calls \
	-fno-asynchronous-unwind-tables -fcf-protection=none -fno-strict-aliasing \
	-fno-common -fno-builtin -I.
# STATISTICS=off leaves the statistics of exits out, to see what they cost; for a
# folder of its own (O=build/no-statistics).
STATISTICS ?= on
CFLAGS += -DEXIT_STATS_ON=$(if $(filter off,$(STATISTICS)),0,1)
NASMFLAGS := -w+error -I./ -I$(O)/gen/
LDFLAGS := -nostdlib -static -z noexecstack -z max-page-size=4096 \
	--build-id=none

HV_C := $(wildcard hv/*.c hv/console/*.c hv/screen/*.c hv/monitor/*.c \
	hv/gdb/*.c hv/lib/*.c hv/hw/*.c mm/*.c apic/*.c vmx/*.c vmx/*/*.c \
	guest/dev/*.c guest/load/*.c)
HV_ASM := $(wildcard hv/*.asm hv/hw/*.asm vmx/*.asm)
HV_O := $(HV_C:%.c=$(O)/%.o) $(HV_ASM:%.asm=$(O)/%.asm.o)

# What every exit runs: sibling calls, and RBP left to its caller. A backtrace
# leaves these functions out.
HOT := $(addprefix vmx/,exit exit_cpu exit_io exit_msr apicv \
	apicv_entry apicv_timer inject exit_mem guest_access emulate/emulate) \
	$(addprefix hv/,vcpu vm_send board board_ports smp percpu) \
	$(addprefix apic/,lapic vlapic_regs vlapic_icr vlapic_priority \
	vlapic_timer vioapic vpic)
HOT_FLAGS := -fomit-frame-pointer -ffixed-rbp -foptimize-sibling-calls
$(HOT:%=$(O)/%.o): CFLAGS += $(HOT_FLAGS)

# Those on the way of the local APIC and of memory are compiled as one object, so
# that what is small is inlined across files. The others gain nothing by it.
JOINED := $(patsubst %,$(O)/%.o,$(filter-out vmx/exit vmx/exit_cpu \
	vmx/exit_io vmx/exit_msr vmx/apicv_entry hv/vcpu apic/vpic,$(HOT)))
$(JOINED): CFLAGS += -flto
$(O)/joined.o: $(JOINED)
	$(say) LTO $@
	$(Q)$(CC) $(CFLAGS) $(HOT_FLAGS) -r -flto -flto-partition=one \
		-flinker-output=nolto-rel $^ -o $@
HV_O_LINKED := $(filter-out $(JOINED),$(HV_O)) $(O)/joined.o

ASL_H := $(patsubst guest/load/%.asl,$(O)/gen/%.h,$(wildcard guest/load/*.asl))

$(O)/%.o: %.c | $(ASL_H)
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(CFLAGS) -MMD -MP -c $< -o $@

$(O)/%.asm.o: %.asm $(O)/gen/offsets.inc
	@mkdir -p $(@D)
	$(say) NASM $<
	$(Q)$(NASM) $(NASMFLAGS) -f elf64 -g -MD $@.d -MP $< -o $@

# Constants and structure offsets for assembly, out of C: tools/offsets.c.
$(O)/gen/offsets.inc: tools/offsets.c | $(ASL_H)
	@mkdir -p $(@D)
	$(say) GEN $@
	$(Q)$(CC) $(CFLAGS) -MMD -MP -MT $@ -MF $@.d -S $< -o $(O)/gen/offsets.s
	$(Q)sed -n 's/^.*->\([A-Za-z0-9_]*\) \(-\{0,1\}[0-9]*\).*/%define \1 \2/p' \
		$(O)/gen/offsets.s > $@

$(O)/gen/%.h: guest/load/%.asl
	@mkdir -p $(@D)
	$(say) IASL $<
	$(Q)$(IASL) -ve -vs -tc -p $(O)/gen/$* $< > $(O)/gen/$*.log || \
		{ cat $(O)/gen/$*.log; false; }
	$(Q)sed 's/^unsigned char/static const unsigned char/' $(O)/gen/$*.hex > $@

# The image carries its own symbols (hv/lib/ksyms.h): it is linked with an empty
# table, then with the symbols found. The table's size moves no code.
LINK = $(LD) $(LDFLAGS) -T linker.ld $(filter %.o,$^) -o $@

$(O)/gen/nosyms.asm: tools/mksyms
	@mkdir -p $(@D)
	$(Q)tools/mksyms > $@
$(O)/gen/ksyms.asm: $(O)/gen/nosyms.elf tools/mksyms
	$(Q)tools/mksyms $< > $@
$(O)/gen/%syms.o: $(O)/gen/%syms.asm
	$(Q)$(NASM) -f elf64 $< -o $@
$(O)/gen/nosyms.elf: $(HV_O_LINKED) $(O)/gen/nosyms.o linker.ld
	$(say) LD $@
	$(Q)$(LINK)
$(O)/apical.elf: $(HV_O_LINKED) $(O)/gen/ksyms.o linker.ld
	$(say) LD $@
	$(Q)$(LINK)

$(O)/apical.image: $(O)/apical.elf
	$(Q)objcopy --strip-all $< $@

# What no exit runs: size before speed.
COLD := $(filter-out hv/gdb/gdb.c hv/gdb/target.c hv/screen/framebuffer.c, \
	$(wildcard hv/monitor/*.c hv/gdb/*.c hv/screen/*.c hv/report*.c \
	$(addprefix vmx/,text/*.c check/*.c caps*.c vmcs_fields.c)))
$(COLD:%.c=$(O)/%.o): CFLAGS += -Os

# ---- the loader, and EFI programs for tests -----------------------------------

EFI_CFLAGS := -std=gnu11 -ffreestanding -Os -g $(WARNINGS) -mgeneral-regs-only \
	-mno-red-zone -fpic -fshort-wchar -fno-stack-protector -fno-strict-aliasing \
	-fcf-protection=none -maccumulate-outgoing-args -DGNU_EFI_USE_MS_ABI -I. \
	-isystem /usr/include/efi -isystem /usr/include/efi/x86_64
EFI_LDFLAGS := -nostdlib -znocombreloc -shared -Bsymbolic -L/usr/lib \
	-T /usr/lib/elf_x86_64_efi.lds --no-undefined -z noexecstack \
	-z muldefs	# libefi brings a memcpy and a memset as well; ours come first
EFI_SECTIONS := $(addprefix -j ,.text .sdata .data .rodata .dynamic .dynsym \
	.rel .rela .rel.* .rela.* .reloc)
EFI_PURE := hv/lib/string.c hv/lib/format.c hv/lib/log_ring.c \
	hv/lib/log_levels.c hv/lib/mitigation.c
BOOT_C := $(wildcard boot/*.c) $(EFI_PURE)
BOOT_ASM := $(wildcard boot/*.asm)
BOOT_O := $(BOOT_C:%.c=$(O)/efi/%.o) $(BOOT_ASM:%.asm=$(O)/%.asm.o)
EFI_TESTS := $(patsubst %.c,$(O)/%.efi,$(wildcard tools/test/efi/*.c))

all: $(EFI_TESTS)

$(O)/efi/%.o: %.c
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(EFI_CFLAGS) -MMD -MP -c $< -o $@

$(O)/gen/image.o: $(O)/apical.image
	$(Q)printf '%s\n' 'section .rodata align=4096' \
		'global apical_image_start, apical_image_end' \
		'apical_image_start: incbin "$<"' 'apical_image_end:' > $(@:.o=.asm)
	$(Q)$(NASM) -f elf64 $(@:.o=.asm) -o $@

define link_efi
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(LD) $(EFI_LDFLAGS) /usr/lib/crt0-efi-x86_64.o $^ -o $@ -lgnuefi -lefi
endef
$(O)/BOOTX64.so: $(BOOT_O) $(O)/gen/image.o
	$(link_efi)
$(EFI_TESTS:.efi=.so): $(O)/tools/test/efi/%.so: $(O)/efi/tools/test/efi/%.o \
		$(EFI_PURE:%.c=$(O)/efi/%.o)
	$(link_efi)

define to_efi
	$(Q)objcopy $(EFI_SECTIONS) --target efi-app-x86_64 --subsystem=10 $< $@
endef
$(O)/BOOTX64.EFI: $(O)/BOOTX64.so
	$(to_efi)
$(EFI_TESTS): %.efi: %.so
	$(to_efi)

# ---- programs that run inside a VM ---------------------------------------------

# Multiboot images: 64-bit code in an ELF32 file, NAME.c with everything in
# guest/test/lib. NAME.elf beside it has the symbols.
GUEST_CFLAGS := -std=gnu11 -ffreestanding -O2 -g $(WARNINGS) -mgeneral-regs-only \
	-mno-red-zone -mcmodel=small -fno-pic -fno-pie -fno-stack-protector \
	-fno-asynchronous-unwind-tables -fcf-protection=none -I.
GUESTS := $(patsubst guest/test/%.c,$(O)/guest/%.flat,$(wildcard guest/test/*.c)) \
	$(patsubst guest/test/%.asm,$(O)/guest/%.flat,$(wildcard guest/test/*.asm))
GUEST_LIB := $(patsubst %.c,$(O)/%.o,$(wildcard guest/test/lib/*.c)) \
	$(patsubst %.asm,$(O)/%.o,$(wildcard guest/test/lib/*.asm))

all: $(GUESTS)

$(O)/guest/test/%.o: guest/test/%.c
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(GUEST_CFLAGS) -MMD -MP -c $< -o $@

$(O)/guest/test/%.o: guest/test/%.asm
	@mkdir -p $(@D)
	$(say) NASM $<
	$(Q)$(NASM) $(NASMFLAGS) -f elf64 -g -MD $@.d -MP $< -o $@

$(O)/guest/%.elf: $(O)/guest/test/%.o $(GUEST_LIB) guest/test/flat.ld
	$(say) LD $@
	$(Q)$(LD) -n -nostdlib --build-id=none -z noexecstack --no-warn-rwx-segments \
		-T guest/test/flat.ld $(filter %.o,$^) -o $@

# For a debugger: each line has its instructions.
$(O)/guest/test/debugme.o: GUEST_CFLAGS += -Og

# These have parts of their own.
parts_of = $(patsubst %,$(O)/%.o,$(basename $(wildcard $(addprefix \
	guest/test/$1/,*.c *.asm))))
$(O)/guest/bench.elf: $(call parts_of,bench)
$(O)/guest/lab.elf: $(call parts_of,lab)

$(O)/guest/%.flat: guest/test/%.asm
	@mkdir -p $(@D)
	$(say) NASM $<
	$(Q)$(NASM) -w+error -f bin $< -o $@

$(O)/guest/%.flat: $(O)/guest/%.elf
	$(Q)objcopy -g -O elf32-i386 $< $@

# For Linux guests: an initramfs with one static program of the host's compiler.
GUEST_PROGRAMS := $(patsubst guest/linux/%.c,$(O)/guest/%.gz,$(wildcard \
	guest/linux/*.c))

$(O)/guest/linux/%: guest/linux/%.c
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) -std=gnu11 -O2 -static -s $(WARNINGS) -I. -MMD -MP -MT $@ \
		-MF $@.d $< -o $@
$(O)/guest/%.gz: $(O)/guest/linux/%
	$(Q)tools/mkinitramfs --init $< $@

# What tests and benches boot; needs a static libc too.
machines: all $(GUEST_PROGRAMS)

# ---- host tests and fuzzers ------------------------------------------------------

# Pure sources: no hardware access, but through a seam that tools/test/fake has;
# compiled unchanged for the host, where that stands before the real headers.
PURE := $(wildcard \
	$(filter-out apic/lapic.c,$(wildcard apic/*.c)) \
	guest/dev/*.c guest/load/*.c boot/config*.c boot/acpi*.c boot/pci*.c \
	$(filter-out mm/paging.c mm/window.c,$(wildcard mm/*.c)) \
	$(filter-out vmx/text/dump.c,$(wildcard vmx/text/*.c)) \
	vmx/check/*.c vmx/emulate/*.c \
	$(addprefix vmx/,$(addsuffix .c,apicv_tertiary apicv_timer caps* \
		controls debug halt exit_cr exit_io exit_mem exit_reason \
		exit_stats machine_check guest_access guest_msr delivery inject \
		msr_bitmap cpuid_bits cpuid_policy vmcs_fields trace* mitigations)) \
	hv/lib/format.c hv/lib/text.c hv/lib/mitigation.c hv/console/console_mux.c \
	hv/monitor/words.c hv/monitor/memory_text.c hv/monitor/line.c \
	hv/monitor/complete.c hv/lib/log_*.c hv/screen/*.c hv/console/uart.c \
	hv/console/console_keys.c hv/console/log_limit.c hv/report_text.c \
	hv/startup.c \
	$(addprefix hv/gdb/,$(addsuffix .c,text packet registers breakpoints \
		shadow protocol queries)))
FAKE := $(wildcard tools/test/fake/*.c)
HOST_CC ?= $(CC)
HOST_FLAGS := -std=gnu11 -g -O1 $(filter-out -Wmissing-prototypes,$(WARNINGS)) \
	-Wno-format-overflow -Wno-format-truncation \
	-fno-omit-frame-pointer -fno-strict-aliasing -fno-sanitize-recover=all \
	-Itools/test/fake -I.
HOST_SAN := -fsanitize=address,undefined
FUZZ_SAN := -fsanitize=fuzzer-no-link,address,undefined
HOST_LIBS := -Wl,--as-needed -lcmocka -lZydis -lcapstone
TESTS := $(patsubst tools/test/unit/%.c,$(O)/host/%,$(wildcard tools/test/unit/test_*.c))
FUZZERS := $(patsubst tools/fuzz/%.c,$(O)/fuzz/%,$(wildcard tools/fuzz/fuzz_*.c))

host-tests: $(TESTS)
fuzzers: $(FUZZERS)

$(O)/host/%.o: %.c | $(ASL_H)
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(HOST_CC) $(HOST_FLAGS) $(HOST_SAN) -MMD -MP -c $< -o $@
$(O)/fuzz/%.o: %.c | $(ASL_H)
	@mkdir -p $(@D)
	$(say) CLANG $<
	$(Q)$(FUZZ_CC) $(HOST_FLAGS) -Wno-unknown-warning-option $(FUZZ_SAN) -MMD -MP -c $< -o $@
$(O)/host/pure.a $(O)/fuzz/pure.a: $(O)/%/pure.a: \
		$(addprefix $(O)/%/,$(PURE:.c=.o) $(FAKE:.c=.o))
	@rm -f $@
	$(say) AR $@
	$(Q)$(AR) rcs $@ $^
$(TESTS): $(O)/host/%: $(O)/host/tools/test/unit/%.o $(O)/host/pure.a
	$(say) LD $@
	$(Q)$(HOST_CC) $(HOST_SAN) $^ -o $@ $(HOST_LIBS)
$(FUZZERS): $(O)/fuzz/%: $(O)/fuzz/tools/fuzz/%.o $(O)/fuzz/pure.a
	$(say) LD $@
	$(Q)$(FUZZ_CC) -fsanitize=fuzzer,address,undefined $^ -o $@

# ---- what people type ------------------------------------------------------------

run:
	@tools/setup run
	@$(MAKE) --no-print-directory -s all
	@tools/apical run $(ARGS)

bench:
	@tools/setup test
	@$(MAKE) --no-print-directory -s machines
	@tools/bench $(ARGS)

bench-kvm:
	@tools/setup bench-kvm
	@$(MAKE) --no-print-directory -s machines
	@tools/bench-kvm $(ARGS)

bench-linux:
	@tools/setup test
	@$(MAKE) --no-print-directory -s machines
	@tools/workloads $(ARGS)

bench-scale:
	@tools/setup test
	@$(MAKE) --no-print-directory -s machines
	@tools/scale $(ARGS)

test soak:
	@tools/setup test
	@tools/test/run $(if $(filter-out test,$@),--$@) $(ARGS)

lab: all
	@tools/setup run
	@tools/lab --csv $(O)/lab.csv $(ARGS)

fuzz:
	@tools/setup test
	@tools/test/run -k fuzz/ --fuzz-seconds $(FUZZ_SECONDS)

usb: all
	@tools/setup run
	@tools/apical image $(O)/apical-usb.img --add tools/menu.txt \
		--add tools/lab.cfg --add tools/report.cfg \
		--add $(O)/guest/lab.flat $(ARGS)
	@echo 'To write it to a stick (this overwrites the stick; look at lsblk first):'
	@echo '  sudo dd if=$(O)/apical-usb.img of=/dev/sdX bs=4M conv=fsync'

check: $(ASL_H) $(O)/BOOTX64.EFI
	@HV_CFLAGS="$(CFLAGS)" EFI_CFLAGS="$(EFI_CFLAGS)" tools/check $(ARGS)

format:
	git ls-files '*.[ch]' | xargs clang-format-14 -i

clean:
	rm -rf $(O)

-include $(shell find $(O) -name '*.d' 2>/dev/null)
