/* SPDX-License-Identifier: BSD-2-Clause */
/* GDB's registers; see registers.h. */
#include "hv/gdb/registers.h"

#include "hv/lib/format.h"
#include "hv/lib/string.h"

/* A group is a feature of the description, or a part of one. */
enum group {
	CORE,
	SSE,
	SEGMENTS,
	AVX,
	SYSTEM,
	GROUP_COUNT,
};

/* count registers of the same kind, "%u" in the name: which. */
struct run {
	const char *name;
	uint16_t offset; /* in struct vmx_debug_registers */
	uint8_t size;	 /* bytes */
	uint8_t count;
	uint8_t group; /* enum group */
	const char *type;
};

#define AT(member) offsetof(struct vmx_debug_registers, member)
#define GPR(name, n)                                  \
	{                                             \
		name, AT(gpr[n]), 8, 1, CORE, "int64" \
	}
#define SELECTOR(name, n)                                  \
	{                                                  \
		name, AT(selector[n]), 4, 1, CORE, "int32" \
	}
#define X87(name, n)                                \
	{                                           \
		name, AT(x87[n]), 4, 1, CORE, "int" \
	}
#define WORD(name, member, how)                     \
	{                                           \
		name, AT(member), 8, 1, SYSTEM, how \
	}
#define HALF(name, member)                              \
	{                                               \
		name, AT(member), 4, 1, SYSTEM, "int32" \
	}

/* The order is GDB's own, by which it knows the numbers of the first ones. */
static const struct run runs[] = {
	GPR("rax", GPR_RAX),
	GPR("rbx", GPR_RBX),
	GPR("rcx", GPR_RCX),
	GPR("rdx", GPR_RDX),
	GPR("rsi", GPR_RSI),
	GPR("rdi", GPR_RDI),
	{"rbp", AT(gpr[GPR_RBP]), 8, 1, CORE, "data_ptr"},
	{"rsp", AT(gpr[GPR_RSP]), 8, 1, CORE, "data_ptr"},
	GPR("r8", 8),
	GPR("r9", 9),
	GPR("r10", 10),
	GPR("r11", 11),
	GPR("r12", 12),
	GPR("r13", 13),
	GPR("r14", 14),
	GPR("r15", 15),
	{"rip", AT(rip), 8, 1, CORE, "code_ptr"},
	{"eflags", AT(rflags), 4, 1, CORE, "i386_eflags"},
	SELECTOR("cs", VMX_DEBUG_CS),
	SELECTOR("ss", VMX_DEBUG_SS),
	SELECTOR("ds", VMX_DEBUG_DS),
	SELECTOR("es", VMX_DEBUG_ES),
	SELECTOR("fs", VMX_DEBUG_FS),
	SELECTOR("gs", VMX_DEBUG_GS),
	{"st%u", AT(st), VMX_DEBUG_X87_BYTES, 8, CORE, "i387_ext"},
	X87("fctrl", 0),
	X87("fstat", 1),
	X87("ftag", 2),
	X87("fiseg", 3),
	X87("fioff", 4),
	X87("foseg", 5),
	X87("fooff", 6),
	X87("fop", 7),
	{"xmm%u", AT(xmm), 16, VMX_DEBUG_VECTORS, SSE, "vec128"},
	{"mxcsr", AT(mxcsr), 4, 1, SSE, "int"},
	{"fs_base", AT(fs_base), 8, 1, SEGMENTS, "int64"},
	{"gs_base", AT(gs_base), 8, 1, SEGMENTS, "int64"},
	{"ymm%uh", AT(ymm_high), 16, VMX_DEBUG_VECTORS, AVX, "uint128"},
	WORD("k_gs_base", kernel_gs_base, "int64"),
	WORD("cr0", cr0, "apical_cr0"),
	WORD("cr2", cr2, "int64"),
	WORD("cr3", cr3, "int64"),
	WORD("cr4", cr4, "apical_cr4"),
	WORD("cr8", cr8, "int64"),
	WORD("efer", efer, "apical_efer"),
	WORD("xcr0", xcr0, "int64"),
	WORD("dr6", dr6, "int64"),
	WORD("dr7", dr7, "int64"),
	WORD("gdt_base", gdt_base, "int64"),
	WORD("idt_base", idt_base, "int64"),
	WORD("tr_base", tr_base, "int64"),
	HALF("gdt_limit", gdt_limit),
	HALF("idt_limit", idt_limit),
	HALF("tr", tr),
	HALF("ldtr", ldtr),
};

#define RUN_COUNT (sizeof(runs) / sizeof(runs[0]))

static bool has(const struct run *run, bool avx)
{
	return avx || run->group != AVX;
}

uint32_t gdb_registers_count(bool avx)
{
	uint32_t count = 0;

	for (size_t i = 0; i < RUN_COUNT; i++)
		count += has(&runs[i], avx) ? runs[i].count : 0;
	return count;
}

const void *gdb_registers_find(const struct vmx_debug_registers *r, bool avx,
			       uint32_t number, size_t *size)
{
	for (size_t i = 0; i < RUN_COUNT; i++) {
		const struct run *run = &runs[i];

		if (!has(run, avx))
			continue;
		if (number < run->count) {
			*size = run->size;
			return (const uint8_t *)r + run->offset +
			       number * run->size;
		}
		number -= run->count;
	}
	return NULL;
}

void gdb_registers_put(struct gdb_reply *reply,
		       const struct vmx_debug_registers *r, bool avx)
{
	for (size_t i = 0; i < RUN_COUNT; i++)
		if (has(&runs[i], avx))
			gdb_put_bytes(reply,
				      (const uint8_t *)r + runs[i].offset,
				      (size_t)runs[i].size * runs[i].count);
}

bool gdb_registers_take(struct gdb_text *text, struct vmx_debug_registers *r,
			bool avx)
{
	for (size_t i = 0; i < RUN_COUNT; i++)
		if (has(&runs[i], avx) &&
		    !gdb_take_bytes(text, (uint8_t *)r + runs[i].offset,
				    (size_t)runs[i].size * runs[i].count))
			return false;
	return !gdb_left(text);
}

bool gdb_registers_take_one(struct gdb_text *text,
			    struct vmx_debug_registers *r, bool avx,
			    uint32_t number)
{
	size_t size;
	const void *at = gdb_registers_find(r, avx, number, &size);

	if (!at)
		return false;
	return gdb_take_bytes(text,
			      (uint8_t *)r + ((const uint8_t *)at -
					      (const uint8_t *)r),
			      size) &&
	       !gdb_left(text);
}

/* ---- the description ---- */

struct flag {
	const char *name;
	uint8_t bit;
};

static const struct flag eflags[] = {
	{"CF", 0},  {"PF", 2},	{"AF", 4},  {"ZF", 6},	 {"SF", 7},
	{"TF", 8},  {"IF", 9},	{"DF", 10}, {"OF", 11},	 {"NT", 14},
	{"RF", 16}, {"VM", 17}, {"AC", 18}, {"VIF", 19}, {"VIP", 20},
	{"ID", 21}, {NULL, 0},
};
static const struct flag cr0[] = {
	{"PE", 0},  {"MP", 1},	{"EM", 2},  {"TS", 3},	{"ET", 4},  {"NE", 5},
	{"WP", 16}, {"AM", 18}, {"NW", 29}, {"CD", 30}, {"PG", 31}, {NULL, 0},
};
static const struct flag cr4[] = {
	{"VME", 0},    {"PVI", 1},	{"TSD", 2},	    {"DE", 3},
	{"PSE", 4},    {"PAE", 5},	{"MCE", 6},	    {"PGE", 7},
	{"PCE", 8},    {"OSFXSR", 9},	{"OSXMMEXCPT", 10}, {"UMIP", 11},
	{"LA57", 12},  {"VMXE", 13},	{"SMXE", 14},	    {"FSGSBASE", 16},
	{"PCIDE", 17}, {"OSXSAVE", 18}, {"SMEP", 20},	    {"SMAP", 21},
	{"PKE", 22},   {"CET", 23},	{"PKS", 24},	    {NULL, 0},
};
static const struct flag efer[] = {
	{"SCE", 0}, {"LME", 8}, {"LMA", 10}, {"NXE", 11}, {NULL, 0},
};

static const char *const feature_names[GROUP_COUNT] = {
	[CORE] = "org.gnu.gdb.i386.core",
	[SSE] = "org.gnu.gdb.i386.sse",
	[SEGMENTS] = "org.gnu.gdb.i386.segments",
	[AVX] = "org.gnu.gdb.i386.avx",
	[SYSTEM] = "org.apical.x86.system",
};

/* The part of the description that was asked for, as it goes by. */
struct excerpt {
	uint64_t at, offset;
	uint8_t *to;
	size_t size, done;
};

__attribute__((format(printf, 2, 3))) static void put(struct excerpt *w,
						      const char *fmt, ...)
{
	char text[160];
	va_list args;

	va_start(args, fmt);
	format_va(text, sizeof(text), fmt, args);
	va_end(args);
	for (const char *c = text; *c; c++, w->at++)
		if (w->at >= w->offset && w->done < w->size)
			w->to[w->done++] = (uint8_t)*c;
}

static void put_flags(struct excerpt *w, const char *name, unsigned size,
		      const struct flag *flag)
{
	put(w, "<flags id=\"%s\" size=\"%u\">", name, size);
	for (; flag->name; flag++)
		put(w, "<field name=\"%s\" start=\"%u\" end=\"%u\"/>",
		    flag->name, flag->bit, flag->bit);
	put(w, "</flags>\n");
}

static void put_vectors(struct excerpt *w)
{
	static const struct {
		const char *id, *type, *field;
		unsigned count;
	} parts[] = {
		{"v4f", "ieee_single", "v4_float", 4},
		{"v2d", "ieee_double", "v2_double", 2},
		{"v16i8", "int8", "v16_int8", 16},
		{"v8i16", "int16", "v8_int16", 8},
		{"v4i32", "int32", "v4_int32", 4},
		{"v2i64", "int64", "v2_int64", 2},
	};
	const size_t count = sizeof(parts) / sizeof(parts[0]);

	for (size_t i = 0; i < count; i++)
		put(w, "<vector id=\"%s\" type=\"%s\" count=\"%u\"/>\n",
		    parts[i].id, parts[i].type, parts[i].count);
	put(w, "<union id=\"vec128\">");
	for (size_t i = 0; i < count; i++)
		put(w, "<field name=\"%s\" type=\"%s\"/>", parts[i].field,
		    parts[i].id);
	put(w, "<field name=\"uint128\" type=\"uint128\"/></union>\n");
}

static void put_types(struct excerpt *w, enum group group)
{
	switch (group) {
	case CORE:
		put_flags(w, "i386_eflags", 4, eflags);
		break;
	case SSE:
		put_vectors(w);
		break;
	case SYSTEM:
		put_flags(w, "apical_cr0", 8, cr0);
		put_flags(w, "apical_cr4", 8, cr4);
		put_flags(w, "apical_efer", 8, efer);
		break;
	default:
		break;
	}
}

static void put_run(struct excerpt *w, const struct run *run)
{
	for (unsigned i = 0; i < run->count; i++) {
		char name[16];

		format(name, sizeof(name), run->name, i);
		put(w, "<reg name=\"%s\" bitsize=\"%u\" type=\"%s\"/>\n", name,
		    run->size * 8u, run->type);
	}
}

size_t gdb_registers_xml(bool avx, uint64_t offset, void *to, size_t size,
			 bool *more)
{
	struct excerpt w = {.offset = offset, .to = to, .size = size};

	put(&w, "<?xml version=\"1.0\"?>\n"
		"<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n"
		"<target><architecture>i386:x86-64</architecture>\n");
	for (enum group group = CORE; group < GROUP_COUNT; group++) {
		if (group == AVX && !avx)
			continue;
		put(&w, "<feature name=\"%s\">\n", feature_names[group]);
		put_types(&w, group);
		for (size_t i = 0; i < RUN_COUNT; i++)
			if (runs[i].group == group)
				put_run(&w, &runs[i]);
		put(&w, "</feature>\n");
	}
	put(&w, "</target>\n");
	*more = w.at > offset + w.done;
	return w.done;
}
