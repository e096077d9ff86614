/* SPDX-License-Identifier: BSD-2-Clause */
/* A vCPU's state as log lines; see dump.h. */
#include "vmx/text/dump.h"

#include "hv/lib/format.h"
#include "hv/lib/log.h"
#include "vmx/vmcs.h"

#define DUMP_EXITS 32

static void dump_general(const struct vcpu *v)
{
	const uint64_t *r = v->gpr;

	log_line("  rax %016lx rbx %016lx rcx %016lx rdx %016lx", r[GPR_RAX],
		 r[GPR_RBX], r[GPR_RCX], r[GPR_RDX]);
	log_line("  rsi %016lx rdi %016lx rbp %016lx rsp %016lx", r[GPR_RSI],
		 r[GPR_RDI], r[GPR_RBP], vmcs_read(VMCS_GUEST_RSP));
	log_line("  r8  %016lx r9  %016lx r10 %016lx r11 %016lx", r[8], r[9],
		 r[10], r[11]);
	log_line("  r12 %016lx r13 %016lx r14 %016lx r15 %016lx", r[12], r[13],
		 r[14], r[15]);
}

static void dump_segments(void)
{
	static const char *const names[] = {"es", "cs", "ss",	"ds",
					    "fs", "gs", "ldtr", "tr"};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		unsigned step = 2 * i; /* field encodings are two apart */

		log_line("  %-4s %04lx base %016lx limit %08lx rights %05lx",
			 names[i], vmx_read(VMCS_GUEST_ES_SELECTOR + step),
			 vmx_read(VMCS_GUEST_ES_BASE + step),
			 vmx_read(VMCS_GUEST_ES_LIMIT + step),
			 vmx_read(VMCS_GUEST_ES_ACCESS_RIGHTS + step));
	}
}

/* The last exits by number, the newest first. */
static void dump_history(const struct vcpu *v)
{
	uint8_t reasons[DUMP_EXITS];
	char text[DUMP_EXITS * 4 + 1] = "";
	uint32_t count =
		exit_reason_ring_read(&v->history, reasons, DUMP_EXITS);
	size_t at = 0;

	for (uint32_t i = 0; i < count; i++)
		at += format(text + at, sizeof(text) - at, " %u", reasons[i]);
	log_line("  exits, newest first:%s", text);
}

void vmx_dump_registers(const struct vcpu *v)
{
	const char *reason = exit_reason_name(v->exit_reason);

	log_line("  last exit: %s, qualification %lx, instruction length %u",
		 reason ? reason : "none", vmcs_read(VMCS_EXIT_QUALIFICATION),
		 vmcs_read32(VMCS_VM_EXIT_INSTRUCTION_LENGTH));
	log_line("  rip %016lx rflags %08lx cr0 %08lx cr3 %lx cr4 %lx",
		 vmcs_read(VMCS_GUEST_RIP), vmcs_read(VMCS_GUEST_RFLAGS),
		 vmcs_read(VMCS_GUEST_CR0), vmcs_read(VMCS_GUEST_CR3),
		 vmcs_read(VMCS_GUEST_CR4));
	dump_general(v);
	dump_segments();
	dump_history(v);
}

void vmx_dump_vmcs(void)
{
	for (size_t i = 0; i < vmcs_fields_count; i++) {
		uint64_t value;

		if (vmx_read_maybe(vmcs_fields[i].field, &value) && value)
			log_line("  %04x %-52s %lx", vmcs_fields[i].field,
				 vmcs_fields[i].name, value);
	}
}
