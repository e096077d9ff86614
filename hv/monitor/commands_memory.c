/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands about a guest's memory: the walks through EPT and the guest's own
 * page tables, looking at memory, changing it.  A vCPU is asked for its paging
 * registers and its view, between two entries; the rest happens on CPU 0.
 */
#include "hv/hw/cr_bits.h"
#include "hv/lib/format.h"
#include "hv/lib/string.h"
#include "hv/monitor/commands.h"
#include "hv/monitor/memory_text.h"
#include "hv/monitor/words.h"
#include "hv/vm.h"
#include "vmx/emulate/decode.h"
#include "vmx/guest_access.h"
#include "vmx/text/insn_text.h"
#include "vmx/vmcs.h"

#define MEM_BYTES_MAX	  2048u
#define MEM_BYTES_DEFAULT 64u
#define DIS_COUNT_MAX	  64u
#define DIS_COUNT_DEFAULT 8u
#define DIS_TEXT_COLUMN	  47

#define CS_L		  (1u << 13)
#define CS_D		  (1u << 14)

/* ---- what lies where ---- */

/* What a guest-physical address that is no RAM is, as v sees it; NULL: RAM. */
static const char *no_ram(const struct vcpu *v, gpa_t address)
{
	const char *device = board_device_at(v->vm, address);
	hpa_t unused;

	if ((address.value & ~PAGE_MASK) == guest_access_apic_page(v).value)
		return "its local APIC";
	if (guest_mem_translate(&v->vm->memory, address, &unused))
		return NULL;
	return device ? device : "nothing is there";
}

/* On v's CPU: argument is a struct guest_paging. */
static void get_paging(struct vcpu *v, void *argument)
{
	struct guest_access_context access;

	guest_access_begin(&access, v);
	*(struct guest_paging *)argument = access.paging;
}

/* ---- ept ---- */

struct ept_view_of {
	gpa_t address;
	uint64_t pointer;
	struct ept_trace trace;
};

/* On v's CPU, which alone uses its view. */
static void get_ept(struct vcpu *v, void *argument)
{
	struct ept_view_of *e = argument;

	e->pointer = ept_view_pointer(&v->view);
	ept_view_trace(&v->view, e->address, &e->trace);
}

static void print_ept(struct monitor *m, struct vcpu *v, gpa_t address)
{
	struct ept_view_of e = {.address = address};
	const char *other = no_ram(v, address);
	char buffer[512];
	struct text t;

	if (!monitor_call(m, v, get_ept, &e))
		return;
	text_begin(&t, buffer, sizeof(buffer));
	memory_text_ept(&t, &e.trace);
	monitor_print(m, "EPT of %s.%u, EPTP %lx\n%s", v->vm->config->name,
		      v->index, e.pointer, buffer);
	monitor_print(m, "GPA %lx", address.value);
	if (e.trace.result.present)
		monitor_print(m, " -> HPA %lx", e.trace.result.hpa.value);
	else if (!e.trace.count)
		monitor_print(m, " is beyond what EPT maps");
	else
		monitor_print(m, " is not mapped");
	monitor_print(m, ": %s\n", other ? other : "RAM");
}

static void ept(struct monitor *m, const struct monitor_arguments *a)
{
	uint64_t address;
	struct vcpu *v;

	if (!monitor_number(m, a->word[0], UINT64_MAX, &address))
		return;
	v = monitor_vcpu(m, a->word[1]);
	if (v)
		print_ept(m, v, gpa(address));
}

/* ---- walk ---- */

static void walk(struct monitor *m, const struct monitor_arguments *a)
{
	struct guest_walk_trace trace;
	struct guest_paging paging;
	char buffer[1024];
	uint64_t address;
	struct vcpu *v;
	struct text t;

	if (!monitor_number(m, a->word[0], UINT64_MAX, &address))
		return;
	v = monitor_vcpu(m, a->word[1]);
	if (!v || !monitor_call(m, v, get_paging, &paging))
		return;
	guest_walk_trace(v->memory, &paging, gla(address), &trace);
	text_begin(&t, buffer, sizeof(buffer));
	memory_text_walk(&t, &paging, &trace);
	monitor_print(m, "page walk of %s.%u\n%s", v->vm->config->name,
		      v->index, buffer);
	if (trace.end != GUEST_WALK_MAPPED) {
		monitor_print(m, "VA %lx %s\n", address,
			      memory_text_end(trace.end));
		return;
	}
	text_begin(&t, buffer, sizeof(buffer));
	memory_text_page(&t, trace.page_bytes);
	monitor_print(m, "VA %lx -> GPA %lx", address, trace.address.value);
	if (trace.paged)
		monitor_print(m, ", %s page, %s, r%c%c", buffer,
			      trace.may_user ? "user" : "supervisor",
			      trace.may_write ? 'w' : '-',
			      trace.may_fetch ? 'x' : '-');
	monitor_print(m, "\n");
	print_ept(m, v, trace.address);
}

/* ---- mem ---- */

/* One look at memory: whose, and by which kind of address. */
struct look {
	struct vcpu *v;
	bool physical;
	struct guest_paging paging; /* unless physical */
	uint64_t page;		    /* translated last; bit 0: none */
	gpa_t page_at;
	char why[96]; /* what kept the last access from memory */
};

static bool begin(struct monitor *m, struct look *l, struct vcpu *v,
		  bool physical)
{
	*l = (struct look){.v = v, .physical = physical, .page = 1};
	return physical || monitor_call(m, v, get_paging, &l->paging);
}

/* The memory at an address; false: there is none, and why says what is. */
static bool find(struct look *l, uint64_t address, gpa_t *at)
{
	uint64_t page = address & ~PAGE_MASK;
	struct guest_walk_trace trace = {.address = gpa(page)};
	const char *other;

	if (l->page != page) {
		if (!l->physical)
			guest_walk_trace(l->v->memory, &l->paging, gla(page),
					 &trace);
		if (trace.end != GUEST_WALK_MAPPED) {
			format(l->why, sizeof(l->why), "%lx %s", address,
			       memory_text_end(trace.end));
			return false;
		}
		l->page = page;
		l->page_at = trace.address;
	}
	*at = gpa(l->page_at.value + (address & PAGE_MASK));
	other = no_ram(l->v, *at);
	if (other)
		format(l->why, sizeof(l->why), "GPA %lx is no memory: %s",
		       at->value, other);
	return !other;
}

static void transfer(const struct look *l, gpa_t at, uint8_t *bytes,
		     unsigned size, bool write)
{
	if (!write)
		guest_mem_read(l->v->memory, at, bytes, size);
	else if (guest_mem_write(l->v->memory, at, bytes, size))
		machine_code_written(l->v);
}

/* size bytes, which may lie in two pages; nothing is done unless all of them
 * are memory. */
static bool access(struct look *l, uint64_t address, uint8_t *bytes,
		   unsigned size, bool write)
{
	uint64_t rest = PAGE_SIZE - (address & PAGE_MASK);
	unsigned first = rest < size ? (unsigned)rest : size;
	gpa_t at, next;

	if (!find(l, address, &at) ||
	    (first < size && !find(l, address + first, &next)))
		return false;
	transfer(l, at, bytes, first, write);
	if (first < size)
		transfer(l, next, bytes + first, size - first, write);
	return true;
}

/* Each value is read at once, as the guest may be writing it. */
static void dump(struct monitor *m, struct look *l, uint64_t address,
		 unsigned count, unsigned size)
{
	uint8_t bytes[MEMORY_TEXT_LINE];
	unsigned in_line = 0;
	char buffer[128];
	struct text t;
	bool good = true;

	for (unsigned i = 0; i < count && good; i++) {
		good = access(l, address + i * size, bytes + in_line, size,
			      false);
		if (good)
			in_line += size;
		if (!in_line ||
		    (good && i + 1 < count && in_line < MEMORY_TEXT_LINE))
			continue;
		text_begin(&t, buffer, sizeof(buffer));
		memory_text_dump(&t, address + (i + good) * size - in_line,
				 bytes, in_line, size);
		monitor_print(m, "%s", buffer);
		in_line = 0;
	}
	if (!good)
		monitor_print(m, "%s\n", l->why);
}

/* What stands behind the address, in any order: COUNT, a size, a vCPU. */
struct mem_words {
	unsigned size;	/* 0: not given */
	uint64_t count; /* 0: not given */
	const char *vcpu;
};

static bool is_number(const char *word)
{
	uint64_t unused;

	return words_number(word, UINT64_MAX, &unused);
}

static bool take_word(struct monitor *m, struct mem_words *w, const char *word)
{
	if (!w->size && memory_text_size(word))
		w->size = memory_text_size(word);
	else if (!w->count && is_number(word))
		return monitor_number(m, word, MEM_BYTES_MAX, &w->count);
	else
		w->vcpu = word;
	return true;
}

static void mem_read(struct monitor *m, const struct monitor_arguments *a,
		     bool physical, uint64_t address)
{
	struct mem_words w = {0};
	struct look l;
	struct vcpu *v;

	for (unsigned i = 1; i < a->count; i++)
		if (!take_word(m, &w, a->word[i]))
			return;
	if (!w.size)
		w.size = 1;
	if (!w.count)
		w.count = MEM_BYTES_DEFAULT / w.size;
	if (w.count > MEM_BYTES_MAX / w.size)
		w.count = MEM_BYTES_MAX / w.size;
	v = monitor_vcpu(m, w.vcpu);
	if (v && begin(m, &l, v, physical))
		dump(m, &l, address, (unsigned)w.count, w.size);
}

static void mem_write(struct monitor *m, const struct monitor_arguments *a,
		      bool physical, uint64_t address)
{
	unsigned size = memory_text_size(a->word[3]);
	const char *vcpu = size ? a->word[4] : a->word[3];
	uint64_t value;
	struct vcpu *v;
	struct look l;

	if (!monitor_number(m, a->word[2], UINT64_MAX, &value))
		return;
	size = size ? size : 1;
	if (size < 8 && value >> (8 * size)) {
		monitor_print(m, "%s does not fit %u byte%s: add w, d or q\n",
			      a->word[2], size, size == 1 ? "" : "s");
		return;
	}
	v = monitor_vcpu(m, vcpu);
	if (!v || !begin(m, &l, v, physical))
		return;
	if (access(&l, address, (uint8_t *)&value, size, true))
		dump(m, &l, address, 1, size);
	else
		monitor_print(m, "%s\n", l.why);
}

static void mem(struct monitor *m, const struct monitor_arguments *a)
{
	uint64_t address;
	bool physical;

	if (!a->count) {
		monitor_print(m, "an address is missing\n");
		return;
	}
	if (!memory_text_address(a->word[0], &physical, &address)) {
		monitor_print(m, "%s is no address: a number, or p: and one\n",
			      a->word[0]);
		return;
	}
	if (a->count > 1 && !strcmp(a->word[1], "="))
		mem_write(m, a, physical, address);
	else
		mem_read(m, a, physical, address);
}

/* ---- dis ---- */

struct code {
	uint64_t rip, base; /* base: of CS, where it counts */
	enum decode_mode mode;
};

/* On v's CPU. */
static void get_code(struct vcpu *v, void *argument)
{
	uint32_t rights = vmcs_read32(VMCS_GUEST_CS_ACCESS_RIGHTS);
	bool ia32e = vmcs_read64(VMCS_GUEST_IA32_EFER) & EFER_LMA;
	struct code *c = argument;

	(void)v;
	c->rip = vmcs_read(VMCS_GUEST_RIP);
	c->base = 0;
	c->mode = DECODE_64;
	if (ia32e && rights & CS_L)
		return;
	c->base = vmcs_read(VMCS_GUEST_CS_BASE);
	c->mode = rights & CS_D ? DECODE_32 : DECODE_16;
}

/* As many bytes as there are, up to DECODE_MAX_LENGTH. */
static unsigned fetch(struct look *l, uint64_t address, uint8_t *bytes)
{
	unsigned count = 0;

	while (count < DECODE_MAX_LENGTH &&
	       access(l, address + count, bytes + count, 1, false))
		count++;
	return count;
}

/* One instruction; its length, or 0 when the decoder does not know it. */
static unsigned print_instruction(struct monitor *m, struct look *l,
				  uint64_t address, const struct code *code)
{
	uint8_t bytes[DECODE_MAX_LENGTH];
	unsigned count = fetch(l, address, bytes);
	struct insn insn;
	bool known = count &&
		     decode_insn(bytes, count, code->mode, &insn) == DECODE_OK;
	char buffer[128];
	struct text t;

	if (!count) {
		monitor_print(m, "%s\n", l->why);
		return 0;
	}
	text_begin(&t, buffer, sizeof(buffer));
	text_add(&t, "%016lx:", address);
	for (unsigned i = 0; i < (known ? insn.length : count); i++)
		text_add(&t, " %02x", bytes[i]);
	if (known) {
		text_column(&t, DIS_TEXT_COLUMN);
		insn_text(&t, bytes, &insn, address - code->base);
	}
	monitor_print(m, "%s%s\n", buffer, known ? "" : " (of unknown length)");
	return known ? insn.length : 0;
}

static void dis(struct monitor *m, const struct monitor_arguments *a)
{
	uint64_t address, count = DIS_COUNT_DEFAULT;
	struct vcpu *v = monitor_vcpu(m, a->word[2]);
	bool physical = false;
	struct code code;
	struct look l;

	if (!v || !monitor_call(m, v, get_code, &code))
		return;
	address = code.rip + code.base;
	if (a->count > 0 &&
	    !memory_text_address(a->word[0], &physical, &address)) {
		monitor_print(m, "%s is no address\n", a->word[0]);
		return;
	}
	if (a->count > 1 &&
	    !monitor_number(m, a->word[1], DIS_COUNT_MAX, &count))
		return;
	if (!begin(m, &l, v, physical))
		return;
	if (physical)
		code.base = 0;
	while (count--) {
		unsigned length = print_instruction(m, &l, address, &code);

		if (!length)
			return;
		address += length;
	}
}

const struct monitor_command monitor_memory_commands[] = {
	{"ept", "GPA [VM.N]", "the EPT walk of a guest-physical address", ept},
	{"walk", "VA [VM.N]", "the guest's page walk, and EPT's", walk},
	{"mem", "[p:]ADDR [COUNT] [b|w|d|q] [VM.N] | ADDR = VALUE [b|w|d|q]",
	 "read or write memory; p: is guest-physical", mem},
	{"dis", "[[p:]ADDR [COUNT [VM.N]]]",
	 "code (from RIP): bytes, and what the decoder knows", dis},
	{0},
};
