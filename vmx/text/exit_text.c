/* SPDX-License-Identifier: BSD-2-Clause */
/* VM exits and events in words; see exit_text.h.  Pure. */
#include "vmx/text/exit_text.h"

#include "vmx/exit_reason.h"
#include "vmx/inject.h"
#include "vmx/qualification.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *name_of(uint32_t basic)
{
	const char *name = exit_reason_name(basic);

	return name ? name : "unknown reason";
}

void exit_text_reason(struct text *t, uint32_t reason)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} flags[] = {
		{EXIT_REASON_SHADOW_STACK_BUSY, "shadow stack busy"},
		{EXIT_REASON_BUS_LOCK_ASSERTED, "bus lock asserted"},
		{EXIT_REASON_FROM_ENCLAVE, "from enclave mode"},
		{EXIT_REASON_PENDING_MTF, "MTF pending"},
		{EXIT_REASON_FROM_ROOT, "from VMX root operation"},
		{EXIT_REASON_ENTRY_FAILURE, "VM-entry failure"},
	};

	text_add(t, "%s", name_of(reason & EXIT_REASON_BASIC_MASK));
	for (size_t i = 0; i < COUNT(flags); i++)
		if (reason & flags[i].bit)
			text_add(t, ", %s", flags[i].name);
}

/* ---- exit qualifications ---- */

static const char *gpr_name(unsigned gpr)
{
	static const char *const names[16] = {
		"RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI",
		"R8",  "R9",  "R10", "R11", "R12", "R13", "R14", "R15",
	};

	return names[gpr & 15];
}

static void control_register(struct text *t, uint64_t value)
{
	struct qualification_cr q = qualification_cr(value);

	switch ((enum qualification_cr_kind)q.kind) {
	case QUALIFICATION_MOV_TO_CR:
		text_add(t, "MOV CR%u, %s", q.number, gpr_name(q.gpr));
		break;
	case QUALIFICATION_MOV_FROM_CR:
		text_add(t, "MOV %s, CR%u", gpr_name(q.gpr), q.number);
		break;
	case QUALIFICATION_CLTS:
		text_add(t, "CLTS");
		break;
	case QUALIFICATION_LMSW:
		text_add(t, "LMSW %04x", q.lmsw_source);
		break;
	}
}

static void debug_register(struct text *t, uint64_t value)
{
	struct qualification_dr q = qualification_dr(value);

	if (q.read)
		text_add(t, "MOV %s, DR%u", gpr_name(q.gpr), q.number);
	else
		text_add(t, "MOV DR%u, %s", q.number, gpr_name(q.gpr));
}

static void io(struct text *t, uint64_t value)
{
	struct qualification_io q = qualification_io(value);

	text_add(t, "%s%s%s, %u bits, port 0x%x", q.rep ? "REP " : "",
		 q.in ? "IN" : "OUT", q.string ? "S" : "", q.size * 8, q.port);
}

static void ept_violation(struct text *t, uint64_t value)
{
	struct qualification_ept q = qualification_ept(value);

	text_add(t, "%s%s%s", q.read ? "read" : "",
		 q.write ? (q.read ? " and write" : "write") : "",
		 q.fetch ? "fetch" : "");
	if (!q.linear_valid)
		text_add(t, ", without a linear address");
	else if (!q.final)
		text_add(t, " of a paging structure");
	text_add(t, ", EPT allows %s%s%s", q.readable ? "r" : "-",
		 q.writable ? "w" : "-", q.executable ? "x" : "-");
	if (q.nmi_unblocking)
		text_add(t, ", NMI unblocking due to IRET");
	if (q.asynchronous)
		text_add(t, ", not by the instruction");
}

static void apic_access(struct text *t, uint64_t value)
{
	static const char *const types[16] = {
		[QUALIFICATION_APIC_READ] = "linear read",
		[QUALIFICATION_APIC_WRITE] = "linear write",
		[QUALIFICATION_APIC_FETCH] = "linear fetch",
		[QUALIFICATION_APIC_EVENT] = "linear, in event delivery",
		[QUALIFICATION_APIC_MONITOR] = "linear, for monitoring",
		[QUALIFICATION_APIC_PHYSICAL_EVENT] =
			"guest-physical, in event delivery",
		[QUALIFICATION_APIC_PHYSICAL_MONITOR] =
			"guest-physical, for monitoring or trace",
		[QUALIFICATION_APIC_PHYSICAL] = "guest-physical",
	};
	struct qualification_apic q = qualification_apic(value);

	text_add(t, "%s",
		 types[q.type & 15] ? types[q.type & 15] : "reserved type");
	if (q.type <= QUALIFICATION_APIC_MONITOR)
		text_add(t, " at offset 0x%x", q.offset);
	if (q.asynchronous)
		text_add(t, ", not by the instruction");
}

static void task_switch(struct text *t, uint64_t q)
{
	static const char *const by[4] = {"CALL", "IRET", "JMP", "a task gate"};

	text_add(t, "to TSS %04x by %s", (unsigned)(q & 0xffff),
		 by[q >> 30 & 3]);
}

static void entry_failure(struct text *t, uint64_t q)
{
	static const char *const why[] = {
		[2] = "PDPTEs",
		[3] = "NMI into blocking by STI",
		[4] = "VMCS link pointer",
	};

	if (q < COUNT(why) && why[q])
		text_add(t, "%s", why[q]);
}

void exit_text_qualification(struct text *t, uint32_t basic, uint64_t q)
{
	switch (basic) {
	case EXIT_REASON_SIPI:
	case EXIT_REASON_VIRTUALIZED_EOI:
		text_add(t, "vector %02x", (unsigned)(q & 0xff));
		break;
	case EXIT_REASON_TASK_SWITCH:
		task_switch(t, q);
		break;
	case EXIT_REASON_INVLPG:
		text_add(t, "linear address %lx", q);
		break;
	case EXIT_REASON_CONTROL_REGISTER_ACCESS:
		control_register(t, q);
		break;
	case EXIT_REASON_MOV_DR:
		debug_register(t, q);
		break;
	case EXIT_REASON_IO_INSTRUCTION:
		io(t, q);
		break;
	case EXIT_REASON_ENTRY_FAILURE_GUEST_STATE:
		entry_failure(t, q);
		break;
	case EXIT_REASON_ENTRY_FAILURE_MSR_LOADING:
		text_add(t, "entry %lu of the MSR-load area", q);
		break;
	case EXIT_REASON_MWAIT:
		text_add(t, "monitor %sarmed", q & 1 ? "" : "not ");
		break;
	case EXIT_REASON_APIC_ACCESS:
		apic_access(t, q);
		break;
	case EXIT_REASON_EPT_VIOLATION:
		ept_violation(t, q);
		break;
	case EXIT_REASON_APIC_WRITE:
		text_add(t, "offset 0x%x", (unsigned)(q & 0xfff));
		break;
	default:
		break;
	}
}

/* ---- instruction lengths ---- */

#define REASON(name) (1ull << (EXIT_REASON_##name))

/* "VM-Exit Instruction Length": fault-like exits by an instruction itself. */
static const uint64_t reasons_with_length =
	REASON(CPUID) | REASON(GETSEC) | REASON(HLT) | REASON(INVD) |
	REASON(INVLPG) | REASON(RDPMC) | REASON(RDTSC) | REASON(RSM) |
	REASON(VMCALL) | REASON(VMCLEAR) | REASON(VMLAUNCH) | REASON(VMPTRLD) |
	REASON(VMPTRST) | REASON(VMREAD) | REASON(VMRESUME) | REASON(VMWRITE) |
	REASON(VMXOFF) | REASON(VMXON) | REASON(CONTROL_REGISTER_ACCESS) |
	REASON(MOV_DR) | REASON(IO_INSTRUCTION) | REASON(RDMSR) |
	REASON(WRMSR) | REASON(MWAIT) | REASON(MONITOR) | REASON(PAUSE) |
	REASON(GDTR_OR_IDTR_ACCESS) | REASON(LDTR_OR_TR_ACCESS) |
	REASON(INVEPT) | REASON(RDTSCP) | REASON(INVVPID) |
	REASON(WBINVD_OR_WBNOINVD) | REASON(XSETBV) | REASON(RDRAND) |
	REASON(INVPCID) | REASON(VMFUNC) | REASON(ENCLS) | REASON(RDSEED) |
	REASON(XSAVES);

bool exit_text_has_length(uint32_t basic, uint64_t q, uint32_t event)
{
	uint32_t type = event & INTERRUPTION_TYPE_MASK;

	switch (basic) {
	case EXIT_REASON_EXCEPTION_OR_NMI:
		return event & INTERRUPTION_VALID &&
		       (type == INTERRUPTION_PRIVILEGED_SOFTWARE ||
			type == INTERRUPTION_SOFTWARE_EXCEPTION);
	case EXIT_REASON_TASK_SWITCH:
		return (q >> 30 & 3) != 3;
	case EXIT_REASON_XRSTORS:
	case EXIT_REASON_PCONFIG:
	case EXIT_REASON_UMWAIT:
	case EXIT_REASON_TPAUSE:
	case EXIT_REASON_LOADIWKEY:
	case EXIT_REASON_ENCLV:
	case EXIT_REASON_SEAMCALL:
	case EXIT_REASON_TDCALL:
	case EXIT_REASON_RDMSRLIST:
	case EXIT_REASON_WRMSRLIST:
		return true;
	default:
		return basic < 64 && reasons_with_length >> basic & 1;
	}
}

/* ---- events ---- */

const char *exit_text_exception(unsigned vector)
{
	static const char *const names[] = {
		"#DE", "#DB", NULL,  "#BP", "#OF", "#BR", "#UD", "#NM",
		"#DF", NULL,  "#TS", "#NP", "#SS", "#GP", "#PF", NULL,
		"#MF", "#AC", "#MC", "#XM", "#VE", "#CP",
	};

	return vector < COUNT(names) ? names[vector] : NULL;
}

void exit_text_event(struct text *t, uint32_t info)
{
	static const char *const types[8] = {
		"external interrupt",
		"reserved type",
		"NMI",
		"hardware exception",
		"software interrupt",
		"privileged software exception",
		"software exception",
		"other event",
	};
	unsigned type = info >> INTERRUPTION_TYPE_SHIFT & 7;
	unsigned vector = info & INTERRUPTION_VECTOR;
	const char *name = exit_text_exception(vector);

	if (!(info & INTERRUPTION_VALID)) {
		text_add(t, "not valid");
		return;
	}
	text_add(t, "%s", types[type]);
	if (name && (type == 3 || type == 5 || type == 6))
		text_add(t, " %s", name);
	else if (type != 2)
		text_add(t, " %02x", vector);
	if (info & INTERRUPTION_ERROR_CODE)
		text_add(t, ", with an error code");
	if (info & INTERRUPTION_NMI_UNBLOCKING)
		text_add(t, ", NMI unblocking due to IRET");
}

/* ---- the last exits ---- */

/* In one piece: on a new line if this one has no room for it. */
static void item(struct text *t, uint8_t reason, uint32_t run, bool last)
{
	char buffer[80];
	struct text words;

	text_begin(&words, buffer, sizeof(buffer));
	text_add(&words, "%s", name_of(reason));
	if (run > 1)
		text_add(&words, " x%u", run);
	if (!last)
		text_add(&words, ",");
	if (text_at(t) + words.used >= TEXT_WIDTH)
		text_add(t, "\n    ");
	else if (text_at(t) && t->buffer[t->used - 1] != ' ')
		text_add(t, " ");
	text_add(t, "%s", buffer);
}

void exit_text_history(struct text *t, const uint8_t *reasons, uint32_t count)
{
	if (!count)
		text_add(t, "none");
	for (uint32_t i = 0; i < count;) {
		uint8_t reason = reasons[i];
		uint32_t run = 1;

		while (i + run < count && reasons[i + run] == reason)
			run++;
		i += run;
		item(t, reason, run, i == count);
	}
}
