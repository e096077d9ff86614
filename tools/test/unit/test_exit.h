/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of exit handlers share: a vCPU with an APIC and with the fake
 * window as its RAM, and the bridge to the APIC, which does nothing.
 */
#ifndef TEST_EXIT_H
#define TEST_EXIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "mm/window.h"
#include "vmx/apicv.h"
#include "vmx/apicv_timer.h"
#include "vmx/insn.h"

static struct vcpu v;
static uint8_t apic_page[4096] __attribute__((aligned(4096)));

enum exit_result apicv_effect(struct vcpu *vcpu, struct vlapic_effect effect,
			      enum exit_result success)
{
	(void)vcpu;
	(void)effect;
	return success;
}

void apicv_timer_unpost(struct vcpu *vcpu)
{
	(void)vcpu;
}

/* Zeroes the vCPU, its APIC and RAM, and the VMCS. */
static void power_up(void)
{
	static const struct guest_mem memory = {
		.bank = {{.size_bytes = WINDOW_FAKE_BYTES}},
		.bank_count = 1,
	};

	fake_vmx_reset();
	memset(window_fake, 0, sizeof(window_fake));
	memset(&v, 0, sizeof(v));
	vlapic_init(&v.vlapic, apic_page, &v.pi, 0, true);
	v.apic_page = apic_page;
	v.memory = &memory;
	v.phys_bits = 40;
}

#endif
