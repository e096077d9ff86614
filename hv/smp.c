/* SPDX-License-Identifier: BSD-2-Clause */
/* The other CPUs: starting, kicking, stopping; see smp.h. */
#include "hv/smp.h"

#include <stddef.h>

#include "apic/lapic.h"
#include "hv/clock.h"
#include "hv/console/console.h"
#include "hv/screen/framebuffer.h"
#include "hv/hw/cpu.h"
#include "hv/hw/cpuid.h"
#include "hv/hw/cr.h"
#include "hv/hw/msr.h"
#include "hv/hw/tsc.h"
#include "hv/irq.h"
#include "hv/lib/log.h"
#include "hv/lib/panic.h"
#include "hv/lib/string.h"
#include "hv/console/log.h"
#include "hv/console/log_keep.h"
#include "hv/percpu.h"
#include "hv/report.h"
#include "hv/trampoline.h"
#include "hv/vm.h"
#include "mm/frame.h"
#include "mm/paging.h"
#include "vmx/cpu.h"

/* SDM volume 3, "Typical BSP Initialization Sequence". */
#define INIT_DELAY_US	 10000
#define STARTUP_DELAY_US 200
#define ANSWER_US	 100000	 /* from the second SIPI to the first sign */
#define ONLINE_US	 2000000 /* from there to smp_cpu_init()'s end */
#define STOP_TRIES	 5000000 /* about a second */
#define SEND_TRIES	 1000	 /* of about a millisecond each */

#define STARTUP_LIMIT	 0x100000ull /* a SIPI's vector is a page below 1 MiB */
#define NOBODY		 UINT32_MAX

enum online {
	ONLINE_NOT_YET,
	ONLINE_YES,
	ONLINE_FAILED, /* it runs, but is of no use, and has halted */
};

static uint32_t released;	  /* the others may enter cpu_main() */
static uint32_t stopper = NOBODY; /* who stops all others */

void smp_cpu_main(struct percpu *cpu);

/* Interrupts that the firmware has left pending arrive here, as strays; 256
 * vectors at most. */
static void drain_interrupts(void)
{
	for (int i = 0; i < 256 && lapic_pending(); i++)
		cpu_interrupt_window();
}

bool smp_cpu_init(void)
{
	percpu()->core_type = (uint8_t)(cpuid_or_zero(0x1a, 0).eax >> 24);
	lapic_cpu_init(IRQ_SPURIOUS);
	lapic_timer_cpu_init(IRQ_TIMER);
	drain_interrupts();
	return !report_cpu() || vmx_cpu_on();
}

/* Called by ap_entry.asm only, on the CPU's own stack. */
void smp_cpu_main(struct percpu *cpu)
{
	percpu_load(cpu);
	paging_cpu_init();
	if (!smp_cpu_init()) {
		__atomic_store_n(&cpu->online, ONLINE_FAILED, __ATOMIC_RELEASE);
		cpu_halt_forever();
	}
	__atomic_store_n(&cpu->online, ONLINE_YES, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&released, __ATOMIC_ACQUIRE))
		cpu_wait_for_interrupt();
	cpu_main();
}

/* How far into the page something of the trampoline is. */
static uint64_t offset_of(const uint8_t *place)
{
	return (uintptr_t)place - (uintptr_t)trampoline_start;
}

/* Code and page-table root of the start-up; false: no CPU can be started. */
static bool prepare_trampoline(const struct boot_region *where)
{
	uint64_t start = where->start.value;
	struct trampoline *page;

	if (start & PAGE_MASK || start >= STARTUP_LIMIT - PAGE_SIZE ||
	    where->size_bytes < 2 * PAGE_SIZE)
		return false;
	page = window_map(where->start);
	memcpy(page, trampoline_start, offset_of(trampoline_end));
	page->cr0 = cr0_read();
	page->cr3 = start + PAGE_SIZE;
	page->cr4 = CR4_PAE | (cr4_read() & CR4_LA57);
	page->efer = EFER_LME | (msr_read(IA32_EFER) & EFER_NXE);
	page->target_offset = start + offset_of(trampoline_long_mode);
	page->target_selector = TRAMPOLINE_CODE;
	page->gdt_limit = sizeof(page->gdt) - 1;
	page->gdt_base = start + offsetof(struct trampoline, gdt);
	page->gdt[1] = percpu()->gdt.entry[GDT_CODE / 8];
	page->root = paging_root().value;
	page->entry = (uintptr_t)ap_entry;

	uint64_t *root = window_map(hpa(start + PAGE_SIZE));

	paging_identity_init(root);
	return paging_identity_add(root, where->start, 2 * PAGE_SIZE);
}

/* True once *word is not value any more; false after us microseconds. */
static bool wait_while(const uint32_t *word, uint32_t value, uint32_t us)
{
	uint64_t end = tsc_read() + clock_tsc_from_ns(us * 1000ull);

	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == value) {
		if (tsc_read() > end)
			return false;
		cpu_pause();
	}
	return true;
}

/* INIT, SIPI, SIPI.  True when the CPU has taken the claim, and with it the
 * stack; else the claim is taken back. */
static bool wake(uint32_t apic_id, uint8_t page, uint32_t *claim)
{
	__atomic_store_n(claim, 1, __ATOMIC_RELEASE);
	if (lapic_send_init(apic_id)) {
		clock_delay_us(INIT_DELAY_US);
		lapic_send_startup(apic_id, page);
		if (wait_while(claim, 1, STARTUP_DELAY_US))
			return true;
		lapic_send_startup(apic_id, page);
		if (wait_while(claim, 1, ANSWER_US))
			return true;
	}
	return !__atomic_exchange_n(claim, 0, __ATOMIC_ACQ_REL);
}

/* Starts one into cpu; what went wrong, or NULL. */
static const char *start(struct percpu *cpu, const struct boot_region *where)
{
	struct trampoline *page = window_map(where->start);

	page->stack_top = (uintptr_t)cpu->stack_top;
	page->percpu = (uintptr_t)cpu;
	cpu->online = ONLINE_NOT_YET;
	if (!wake(cpu->self.apic_id, where->start.value / PAGE_SIZE,
		  &page->claim))
		return "it does not answer";
	if (!wait_while(&cpu->online, ONLINE_NOT_YET, ONLINE_US))
		return "it started, but got stuck";
	return cpu->online == ONLINE_YES ? NULL : "it cannot be used";
}

static void start_or_leave_out(uint32_t apic_id,
			       const struct boot_region *where)
{
	struct percpu *cpu = percpu_create(apic_id, NULL);
	const char *problem = "there is no memory for it";

	if (cpu) {
		problem = start(cpu, where);
		if (problem) {
			/* In wait-for-SIPI state it leaves the stack alone,
			 * however slow it was. */
			lapic_send_init(apic_id);
			percpu_drop(cpu);
		}
	}
	if (problem)
		log_line("CPU with APIC ID %u is left out: %s", apic_id,
			 problem);
}

void smp_start(const struct boot_info *info)
{
	uint32_t boot_apic_id = percpu()->self.apic_id;

	percpu()->online = ONLINE_YES;
	if (info->cpu_count > 1 && !prepare_trampoline(&info->trampoline)) {
		log_line("no page below 1 MiB: only one CPU is used");
		return;
	}
	for (uint32_t i = 0; i < info->cpu_count && i < BOOT_CPUS_MAX; i++) {
		if (info->cpu[i].apic_id != boot_apic_id)
			start_or_leave_out(info->cpu[i].apic_id,
					   &info->trampoline);
	}
	window_forget();
}

void smp_release(void)
{
	__atomic_store_n(&released, 1, __ATOMIC_RELEASE);
	for (uint32_t i = 0; i < percpu_count(); i++)
		if (i != percpu()->self.number)
			smp_kick(i);
}

/* In xAPIC mode the APIC may still be busy with the last one. */
static __attribute__((noinline)) void send_by_page(uint32_t apic_id,
						   uint8_t vector)
{
	for (unsigned tries = 0; !lapic_send(apic_id, vector); tries++) {
		if (tries == SEND_TRIES)
			panic("CPU %u: its local APIC sends no more",
			      percpu()->self.number);
		percpu()->late_ipis++;
	}
}

void smp_send(uint32_t number, uint8_t vector)
{
	uint32_t apic_id = percpu_of(number)->self.apic_id;

	if (lapic_x2apic())
		lapic_send_x2apic(apic_id, vector); /* which never waits */
	else
		send_by_page(apic_id, vector);
}

void smp_kick(uint32_t number)
{
	smp_send(number, IRQ_KICK);
}

void smp_stop_if_asked(void)
{
	uint32_t who = __atomic_load_n(&stopper, __ATOMIC_ACQUIRE);

	if (who == NOBODY || who == percpu()->self.number)
		return;
	__atomic_store_n(&percpu()->halted, 1, __ATOMIC_RELEASE);
	cpu_halt_forever();
}

void smp_stop_others(void)
{
	uint32_t self = percpu()->self.number;
	uint32_t nobody = NOBODY;

	if (!__atomic_compare_exchange_n(&stopper, &nobody, self, false,
					 __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		smp_stop_if_asked();
	for (uint32_t i = 0; i < percpu_count(); i++) {
		struct percpu *cpu = percpu_of(i);

		if (i == self || cpu->online != ONLINE_YES)
			continue;
		lapic_send_nmi(cpu->self.apic_id);
		for (int tries = 0; tries < STOP_TRIES; tries++) {
			if (__atomic_load_n(&cpu->halted, __ATOMIC_ACQUIRE))
				break;
			cpu_pause();
		}
	}
	console_alone();
	framebuffer_alone();
	log_keep_alone();
	log_alone();
}
