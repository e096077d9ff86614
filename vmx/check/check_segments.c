/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VM-entry checks, "Checks on Guest Segment Registers".  Pure but for
 * vmx_read().
 */
#include "hv/hw/cr_bits.h"
#include "vmx/check/check_state.h"
#include "vmx/insn.h"

/* "Format of Access Rights" */
#define RIGHTS_TYPE	0xfu
#define RIGHTS_S	(1u << 4)
#define RIGHTS_DPL(r)	((r) >> 5 & 3)
#define RIGHTS_P	(1u << 7)
#define RIGHTS_L	(1u << 13)
#define RIGHTS_D	(1u << 14)
#define RIGHTS_G	(1u << 15)
#define RIGHTS_UNUSABLE (1u << 16)
#define RIGHTS_RESERVED 0xfffe0f00u
#define RIGHTS_8086	0xf3u

#define TYPE_ACCESSED	1u
#define TYPE_READABLE	2u /* of code */
#define TYPE_CODE	8u
#define TYPE_DATA_RW	3u
#define TYPE_LDT	2u
#define TYPE_TSS16	3u /* busy */
#define TYPE_TSS	11u

#define SELECTOR_RPL	3u
#define SELECTOR_TI	4u

/* In the order of the fields, which lie two apart. */
enum { ES, CS, SS, DS, FS, GS, LDTR, TR };

struct segment {
	unsigned number;
	uint32_t selector, limit, rights;
	uint64_t base;
	bool usable;
	uint32_t type, dpl, rpl;
	/* For reports. */
	uint32_t selector_field, base_field, limit_field, rights_field;
};

static struct segment segment_read(unsigned number)
{
	struct segment g = {
		.number = number,
		.selector_field = VMCS_GUEST_ES_SELECTOR + 2 * number,
		.base_field = VMCS_GUEST_ES_BASE + 2 * number,
		.limit_field = VMCS_GUEST_ES_LIMIT + 2 * number,
		.rights_field = VMCS_GUEST_ES_ACCESS_RIGHTS + 2 * number,
	};

	g.selector = vmx_read(g.selector_field);
	g.base = vmx_read(g.base_field);
	g.limit = vmx_read(g.limit_field);
	g.rights = vmx_read(g.rights_field);
	g.usable = !(g.rights & RIGHTS_UNUSABLE);
	g.type = g.rights & RIGHTS_TYPE;
	g.dpl = RIGHTS_DPL(g.rights);
	g.rpl = g.selector & SELECTOR_RPL;
	return g;
}

static void segment_check_8086(struct vmx_check_state *s,
			       const struct segment *g)
{
	vmx_check_rule2(s, g->base == (uint64_t)g->selector << 4, g->base_field,
			g->selector_field,
			"in virtual-8086 mode the base must be 16 times the "
			"selector");
	vmx_check_rule(s, g->limit == 0xffff, g->limit_field,
		       "in virtual-8086 mode the limit must be FFFFH");
	vmx_check_rule(s, g->rights == RIGHTS_8086, g->rights_field,
		       "in virtual-8086 mode the access rights must be F3H");
}

/* What all usable segments have in common. */
static void segment_check_usable(struct vmx_check_state *s,
				 const struct segment *g)
{
	bool system = g->number >= LDTR;

	vmx_check_rule(s, !(g->rights & RIGHTS_S) == system, g->rights_field,
		       system ? "S must be 0" : "S must be 1");
	vmx_check_rule(s, g->rights & RIGHTS_P, g->rights_field, "P must be 1");
	vmx_check_rule(s, !(g->rights & RIGHTS_RESERVED), g->rights_field,
		       "reserved bits must be 0");
	vmx_check_rule2(s,
			(g->limit & 0xfff) == 0xfff || !(g->rights & RIGHTS_G),
			g->rights_field, g->limit_field,
			"G must be 0 if a bit of the limit's bits 11:0 is 0");
	vmx_check_rule2(s, !(g->limit >> 20) || g->rights & RIGHTS_G,
			g->rights_field, g->limit_field,
			"G must be 1 if a bit of the limit's bits 31:20 is 1");
}

static void segment_check_cs(struct vmx_check_state *s, const struct segment *g,
			     const struct segment *ss)
{
	bool data = s->unrestricted && g->type == TYPE_DATA_RW;
	bool code = g->type & TYPE_CODE && g->type & TYPE_ACCESSED;

	vmx_check_rule(s, code || data, g->rights_field,
		       "CS's type must be 9, 11, 13 or 15 (or 3 for an "
		       "unrestricted guest)");
	vmx_check_rule(s, !data || g->dpl == 0, g->rights_field,
		       "DPL must be 0 if CS's type is 3");
	vmx_check_rule2(s, !code || g->type >= 13 || g->dpl == ss->dpl,
			g->rights_field, ss->rights_field,
			"a non-conforming CS's DPL must equal SS's");
	vmx_check_rule2(s, !code || g->type < 13 || g->dpl <= ss->dpl,
			g->rights_field, ss->rights_field,
			"a conforming CS's DPL must not be above SS's");
	vmx_check_rule(s,
		       !s->ia32e || !(g->rights & RIGHTS_L) ||
			       !(g->rights & RIGHTS_D),
		       g->rights_field, "D/B must be 0 if L is 1");
	vmx_check_rule(s, !(g->base >> 32), g->base_field,
		       "bits 63:32 must be 0");
	segment_check_usable(s, g);
}

static void segment_check_ss(struct vmx_check_state *s, const struct segment *g,
			     const struct segment *cs)
{
	vmx_check_rule2(s, s->unrestricted || g->rpl == cs->rpl,
			g->selector_field, cs->selector_field,
			"SS's RPL must equal CS's");
	vmx_check_rule2(s, s->unrestricted || g->dpl == g->rpl, g->rights_field,
			g->selector_field, "SS's DPL must equal its RPL");
	vmx_check_rule2(
		s, (cs->type != TYPE_DATA_RW && s->cr0 & CR0_PE) || g->dpl == 0,
		g->rights_field, VMCS_GUEST_CR0,
		"SS's DPL must be 0 in real mode or if CS's type is 3");
	vmx_check_rule(s, !g->usable || g->type == TYPE_DATA_RW || g->type == 7,
		       g->rights_field, "SS's type must be 3 or 7");
}

/* DS, ES, FS, GS. */
static void segment_check_data(struct vmx_check_state *s,
			       const struct segment *g)
{
	vmx_check_rule(s, g->type & TYPE_ACCESSED, g->rights_field,
		       "the type must be an accessed one");
	vmx_check_rule(s, !(g->type & TYPE_CODE) || g->type & TYPE_READABLE,
		       g->rights_field, "a code segment must be readable");
	vmx_check_rule2(s, s->unrestricted || g->type > 11 || g->dpl >= g->rpl,
			g->rights_field, g->selector_field,
			"DPL must not be below RPL");
}

/* SS and the data segments: what else there is to say of them. */
static void segment_check_flat(struct vmx_check_state *s,
			       const struct segment *g)
{
	if (g->number == FS || g->number == GS)
		vmx_check_canonical_field(s, g->base_field);
	if (!g->usable)
		return;
	if (g->number != FS && g->number != GS)
		vmx_check_rule(s, !(g->base >> 32), g->base_field,
			       "bits 63:32 must be 0");
	if (g->number != SS)
		segment_check_data(s, g);
	segment_check_usable(s, g);
}

static void segment_check_tr(struct vmx_check_state *s)
{
	struct segment g = segment_read(TR);

	vmx_check_rule(s, !(g.selector & SELECTOR_TI), g.selector_field,
		       "TI must be 0");
	vmx_check_canonical_field(s, g.base_field);
	vmx_check_rule(
		s, g.type == TYPE_TSS || (!s->ia32e && g.type == TYPE_TSS16),
		g.rights_field,
		"TR's type must be 11 (or 3 outside IA-32e mode)");
	vmx_check_rule(s, g.usable, g.rights_field, "TR must be usable");
	segment_check_usable(s, &g);
}

static void segment_check_ldtr(struct vmx_check_state *s)
{
	struct segment g = segment_read(LDTR);

	if (!g.usable)
		return;
	vmx_check_rule(s, !(g.selector & SELECTOR_TI), g.selector_field,
		       "TI must be 0");
	vmx_check_canonical_field(s, g.base_field);
	vmx_check_rule(s, g.type == TYPE_LDT, g.rights_field,
		       "LDTR's type must be 2");
	segment_check_usable(s, &g);
}

void vmx_check_segments(struct vmx_check_state *s)
{
	struct segment cs = segment_read(CS), ss = segment_read(SS);

	s->section = "Checks on Guest Segment Registers";
	for (unsigned number = ES; number <= GS; number++) {
		struct segment g = segment_read(number);

		if (s->virtual_8086)
			segment_check_8086(s, &g);
		else if (number != CS)
			segment_check_flat(s, &g);
	}
	if (!s->virtual_8086) {
		segment_check_cs(s, &cs, &ss);
		segment_check_ss(s, &ss, &cs);
	}
	segment_check_tr(s);
	segment_check_ldtr(s);
}
