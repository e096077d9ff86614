/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of vmx/check*.c share: valid VMCSs in four modes, and rows
 * that each break one rule.
 */
#ifndef TEST_CHECK_H
#define TEST_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "hv/hw/cr_bits.h"
#include "mm/frame.h"
#include "vmx/check/check.h"
#include "vmx/insn.h"

#define POOL_HPA 0x100000ull

enum mode { LONG_MODE, PAE_MODE, REAL_MODE, V8086_MODE };

enum change_kind { NOTHING, PUT, SET, CLEAR };

struct change {
	enum change_kind kind;
	uint32_t field;
	uint64_t value;
};

#define CHANGES_MAX 8

/* From a valid VMCS of that mode, the changes break the rule. */
struct row {
	enum mode mode;
	const char *rule; /* part of the sentence */
	struct change change[CHANGES_MAX];
	/* In the capabilities, at that offset, these bits are cleared. */
	size_t caps_at;
	uint64_t caps_clear;
	unsigned also; /* so many other rules are broken as well */
};

static struct vmx_caps caps;
static struct vmx_check_report report;
static _Alignas(4096) uint8_t pool[2 * PAGE_SIZE];

/* A processor that has everything, and insists on the usual. */
static void everything(void)
{
	caps = (struct vmx_caps){
		.basic = VMX_BASIC_TRUE_CONTROLS | 1,
		.pin = 0xffffffff00000016,
		.proc = 0xffffffff04006172,
		.proc2 = 0xffffffff00000000,
		.exit = 0xffffffff00036dfb,
		.entry = 0xffffffff000011fb,
		.proc3 = UINT64_MAX,
		.misc = 0x7004c1e7,
		.cr0_fixed0 = 0x80000021,
		.cr0_fixed1 = 0xffffffff,
		.cr4_fixed0 = 0x2000,
		.cr4_fixed1 = 0x1ff7fff,
		.ept_vpid = 0xf01067341c1,
		.vmfunc = 1,
		.physical_bits = 39,
		.linear_bits = 48,
	};
}

static void put_controls(void)
{
	struct vmx_wish wish = {.tier = APIC_TIER_POSTED};
	struct vmx_controls c;
	char text[256];

	assert_true(vmx_caps_controls(&caps, &wish, &c, text, sizeof(text)));
	vmx_write(VMCS_PIN_BASED_CONTROLS, c.pin);
	vmx_write(VMCS_PRIMARY_CONTROLS, c.proc);
	vmx_write(VMCS_SECONDARY_CONTROLS, c.proc2);
	vmx_write(VMCS_VM_EXIT_CONTROLS, c.exit);
	vmx_write(VMCS_VM_ENTRY_CONTROLS, c.entry | VMX_ENTRY_IA32E_MODE_GUEST);
	vmx_write(VMCS_VPID, 1);
	vmx_write(VMCS_EPT_POINTER, 0x50000 | 6 | 3 << 3 | 1 << 6);
	vmx_write(VMCS_VIRTUAL_APIC_ADDRESS, POOL_HPA);
	vmx_write(VMCS_APIC_ACCESS_ADDRESS, 0x60000);
	vmx_write(VMCS_POSTED_INTERRUPT_NOTIFICATION_VECTOR, 0xf2);
	vmx_write(VMCS_POSTED_INTERRUPT_DESCRIPTOR_ADDRESS, 0x70040);
	vmx_write(VMCS_IO_BITMAP_A_ADDRESS, 0x80000);
	vmx_write(VMCS_IO_BITMAP_B_ADDRESS, 0x81000);
	vmx_write(VMCS_MSR_BITMAPS_ADDRESS, 0x82000);
	vmx_write(VMCS_LINK_POINTER, UINT64_MAX);
	vmx_write(VMCS_TSC_MULTIPLIER, 1ull << 48);
}

static void put_host(void)
{
	vmx_write(VMCS_HOST_CR0, 0x80050033);
	vmx_write(VMCS_HOST_CR3, 0x90000);
	vmx_write(VMCS_HOST_CR4, 0x20a0);
	vmx_write(VMCS_HOST_CS_SELECTOR, 8);
	vmx_write(VMCS_HOST_SS_SELECTOR, 16);
	vmx_write(VMCS_HOST_TR_SELECTOR, 24);
	vmx_write(VMCS_HOST_GS_BASE, 0xffff800000001000);
	vmx_write(VMCS_HOST_TR_BASE, 0xffff800000002000);
	vmx_write(VMCS_HOST_GDTR_BASE, 0xffff800000003000);
	vmx_write(VMCS_HOST_IDTR_BASE, 0xffff800000004000);
	vmx_write(VMCS_HOST_IA32_PAT, 0x0007040600070406);
	vmx_write(VMCS_HOST_IA32_EFER, 0xd01);
	vmx_write(VMCS_HOST_RIP, 0xffffffff80001000);
}

static void put_segment(unsigned number, uint32_t selector, uint64_t base,
			uint32_t limit, uint32_t rights)
{
	vmx_write(VMCS_GUEST_ES_SELECTOR + 2 * number, selector);
	vmx_write(VMCS_GUEST_ES_BASE + 2 * number, base);
	vmx_write(VMCS_GUEST_ES_LIMIT + 2 * number, limit);
	vmx_write(VMCS_GUEST_ES_ACCESS_RIGHTS + 2 * number, rights);
}

static void put_long_mode(void)
{
	for (unsigned i = 0; i <= 5; i++)
		put_segment(i, 0x18, 0, 0xffffffff, 0xc093);
	put_segment(1, 0x10, 0, 0xffffffff, 0xa09b);
	put_segment(6, 0, 0, 0, 0x10000);
	put_segment(7, 0x20, 0xffff888000000000, 0x67, 0x8b);
	vmx_write(VMCS_GUEST_CR0, 0x80050033);
	vmx_write(VMCS_GUEST_CR3, 0x1000);
	vmx_write(VMCS_GUEST_CR4, 0x20a0);
	vmx_write(VMCS_GUEST_DR7, 0x400);
	vmx_write(VMCS_GUEST_IA32_EFER, 0xd01);
	vmx_write(VMCS_GUEST_IA32_PAT, 0x0007040600070406);
	vmx_write(VMCS_GUEST_GDTR_BASE, 0xfffffe0000001000);
	vmx_write(VMCS_GUEST_GDTR_LIMIT, 0x7f);
	vmx_write(VMCS_GUEST_IDTR_BASE, 0xfffffe0000000000);
	vmx_write(VMCS_GUEST_IDTR_LIMIT, 0xfff);
	vmx_write(VMCS_GUEST_RIP, 0xffffffff81000000);
	vmx_write(VMCS_GUEST_RSP, 0xffffffff82000000);
	vmx_write(VMCS_GUEST_RFLAGS, 0x202);
}

static void put_32_bit(uint64_t cr0, uint64_t cr4)
{
	uint32_t entry = vmx_read(VMCS_VM_ENTRY_CONTROLS);

	vmx_write(VMCS_VM_ENTRY_CONTROLS, entry & ~VMX_ENTRY_IA32E_MODE_GUEST);
	vmx_write(VMCS_GUEST_CR0, cr0);
	vmx_write(VMCS_GUEST_CR4, cr4);
	vmx_write(VMCS_GUEST_IA32_EFER, 0);
	vmx_write(VMCS_GUEST_RIP, 0x1000);
	put_segment(1, 0x10, 0, 0xffffffff, 0xc09b);
}

static void put_mode(enum mode mode)
{
	put_long_mode();
	if (mode == PAE_MODE) {
		put_32_bit(0x80000033, 0x20a0);
		vmx_write(VMCS_GUEST_PDPTE0, 0x3001);
	}
	/* As INIT leaves it. */
	if (mode == REAL_MODE) {
		put_32_bit(0x60000030, 0x2000);
		put_segment(1, 0xf000, 0xffff0000, 0xffff, 0x9b);
		for (unsigned i = 0; i <= 5; i++)
			if (i != 1)
				put_segment(i, 0, 0, 0xffff, 0x93);
		put_segment(7, 0, 0, 0xffff, 0x8b);
	}
	if (mode == V8086_MODE) {
		put_32_bit(0x80000033, 0x2000);
		vmx_write(VMCS_GUEST_RFLAGS, 0x20202);
		for (unsigned i = 0; i <= 5; i++)
			put_segment(i, 0x1234, 0x12340, 0xffff, 0xf3);
	}
}

static void valid(enum mode mode)
{
	fake_vmx_reset();
	memset(pool, 0, sizeof(pool));
	frame_init(pool, hpa(POOL_HPA), sizeof(pool), sizeof(pool));
	everything();
	put_controls();
	put_host();
	put_mode(mode);
}

static void apply(const struct row *row)
{
	char *word = (char *)&caps + row->caps_at;
	uint64_t value;

	memcpy(&value, word, sizeof(value));
	value &= ~row->caps_clear;
	memcpy(word, &value, sizeof(value));
	for (unsigned i = 0; i < CHANGES_MAX; i++) {
		const struct change *c = &row->change[i];

		value = c->kind == NOTHING ? 0 : vmx_read(c->field);
		if (c->kind == PUT)
			vmx_write(c->field, c->value);
		if (c->kind == SET)
			vmx_write(c->field, value | c->value);
		if (c->kind == CLEAR)
			vmx_write(c->field, value & ~c->value);
	}
}

/* Checks that each row breaks its rule, and only that. */
static void check_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		bool told = false;

		valid(rows[i].mode);
		apply(&rows[i]);
		vmx_check(&caps, &report);
		for (unsigned l = 0; l < report.count; l++)
			if (l < VMX_CHECK_LINES &&
			    strstr(report.text[l], rows[i].rule))
				told = true;
		if (!told || report.count != 1 + rows[i].also)
			fail_msg("row %zu, \"%s\": %u, %s; %s", i, rows[i].rule,
				 report.count, report.text[0],
				 report.count > 1 ? report.text[1] : "");
	}
}

/* Checks that these changes break nothing. */
static void check_good(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		valid(rows[i].mode);
		apply(&rows[i]);
		if (vmx_check(&caps, &report))
			fail_msg("row %zu: %s", i, report.text[0]);
	}
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
