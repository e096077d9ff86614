/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a VM's memory and boot CPU look when it starts: the loaders turn the
 * guest's files into a plan, a list of copies and an entry state, which hv/
 * performs.  Nothing here writes guest memory.  Pure.
 *
 * Guest RAM is [0, min(memory, 3 GiB)), and what is left lies from 4 GiB on.
 * A0000H-FFFFFH is RAM, but firmware's: no loader offers it to the guest, and
 * the ACPI tables lie there.
 */
#ifndef GUEST_LOAD_LOAD_H
#define GUEST_LOAD_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mm/addr.h"

#define LOAD_LOW_RAM_MAX   (3ull << 30) /* where RAM below 4 GiB ends */
#define LOAD_HIGH_RAM	   (4ull << 30) /* where the rest of it begins */
#define LOAD_RESERVED	   0xa0000 /* firmware's, up to LOAD_RESERVED_END */
#define LOAD_RESERVED_END  0x100000
#define LOAD_MEMORY_MIN	   (2ull << 20)
#define LOAD_COPIES_MAX	   48
#define LOAD_MODULES_MAX   4
#define LOAD_SCRATCH_BYTES 65536 /* enough for every loader */
#define LOAD_SCRATCH_ALIGN 16
#define LOAD_ERROR_SIZE	   160

/* Bytes that come from a file or from the request's scratch buffer. */
struct load_copy {
	gpa_t to;
	const void *from;      /* file_bytes long; NULL if that is 0 */
	uint64_t file_bytes;   /* copied */
	uint64_t memory_bytes; /* >= file_bytes; the rest is zeroed */
};

enum load_entry_kind {
	LOAD_ENTRY_LONG64,	/* 64-bit, paging on, flat segments */
	LOAD_ENTRY_PROTECTED32, /* 32-bit, paging off, flat segments */
	LOAD_ENTRY_REAL16,	/* real mode, cs is a segment, not a selector */
};

/*
 * The boot CPU's first state.  Interrupts are off, A20 is on, the IDT is empty;
 * registers not named are 0.  CS is cs, every data segment ds; both describe
 * all of 4 GiB as a GDT entry of that kind would (the GDT has them too).
 */
struct load_entry {
	enum load_entry_kind kind;
	uint64_t rip, rsp;
	uint64_t rax, rbx, rsi;
	uint64_t cr3; /* LONG64: page tables that map 0 to 4 GiB identically */
	uint64_t gdt_base; /* guest-physical; 0 with limit 0: none */
	uint16_t gdt_limit;
	uint16_t cs, ds;
};

/* Copies lie inside guest RAM and are performed in order. */
struct load_plan {
	struct load_copy copy[LOAD_COPIES_MAX];
	uint32_t count;
	struct load_entry entry;
};

struct load_file {
	const void *data; /* NULL if size_bytes is 0 */
	uint64_t size_bytes;
	const char *name; /* as the configuration has it, for messages */
};

struct load_request {
	struct load_file kernel;
	struct load_file initrd; /* size 0: none; Linux only */
	struct load_file module[LOAD_MODULES_MAX]; /* multiboot only */
	uint32_t module_count;
	const char *cmdline;	 /* without the image's name */
	uint64_t memory_bytes;	 /* all of guest RAM; a multiple of 4 KiB */
	const uint32_t *apic_id; /* of each vCPU; [0] is the boot CPU */
	uint32_t vcpu_count;	 /* at least 1 */

	/* Holds what the plan's copies point to, beside the files: both must
	 * outlive the plan.  Aligned to LOAD_SCRATCH_ALIGN; LOAD_SCRATCH_BYTES
	 * are always enough. */
	void *scratch;
	size_t scratch_bytes;
};

/*
 * Plans the start of a guest, whichever kind of image its kernel is: a Linux
 * bzImage or a multiboot 1 image.  False with one sentence (without a full
 * stop or newline) in error when the files, which are not trusted, or the
 * amount of memory do not allow it; *plan is then not to be used.
 */
bool load_guest(struct load_plan *plan, const struct load_request *request,
		char error[LOAD_ERROR_SIZE]);

#endif
