/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accesses that Apical does not carry out; the words of the command line
 * choose.  Each must end this VM with a sentence, and nothing else.
 */
#include "guest/test/lib/apic.h"
#include "guest/test/lib/guest.h"

static void stop_stack(uint64_t stack)
{
	__asm__ volatile("mov %0, %%rsp; int $0x41" : : "r"(stack) : "memory");
}

static void stop_idt(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) idtr = {.limit = 4095, .base = APIC_BASE};

	__asm__ volatile("lidt %0; int3" : : "m"(idtr) : "memory");
}

static void stop_x87(void)
{
	__asm__ volatile("fldl (%0)" : : "r"(APIC_BASE + APIC_TPR));
}

static void stop_iret(void)
{
	__asm__ volatile("mov %0, %%rsp; iretq"
			 :
			 : "r"(APIC_BASE + APIC_TPR)
			 : "memory");
}

void guest_main(void)
{
	if (guest_has_word("stack"))
		stop_stack(APIC_BASE + APIC_INITIAL + 8);
	if (guest_has_word("hole"))
		stop_stack(0xd0000800);
	if (guest_has_word("idt"))
		stop_idt();
	if (guest_has_word("x87"))
		stop_x87();
	if (guest_has_word("iret"))
		stop_iret();
	guest_check(false, "stop", "the VM goes on");
}
