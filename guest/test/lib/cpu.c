/* SPDX-License-Identifier: BSD-2-Clause */
/* The CPUs: found in the MADT, started by INIT and SIPI, given work. */
#include "guest/test/lib/apic.h"
#include "guest/test/lib/guest.h"
#include "guest/test/lib/insn.h"
#include "guest/test/lib/trap.h"

#define CPU_GS_BASE_MSR	   0xc0000101
#define CPU_TRAMPOLINE	   0x8000ul
#define CPU_RSDP_FROM	   0xe0000ul
#define CPU_RSDP_TO	   0x100000ul
#define CPU_HEADER_BYTES   36
#define CPU_MADT_ENTRIES   44
#define CPU_MADT_LAPIC	   0
#define CPU_MADT_ENABLED   1
#define CPU_START_LIMIT_MS 1000
#define CPU_WORK_LIMIT_MS  10000

extern const uint8_t ap_trampoline[], ap_trampoline_end[];

void guest_run(void); /* guest.c */
void guest_start(unsigned index);
void guest_ap_start(unsigned index);

struct cpu cpus[GUEST_CPUS_MAX];
unsigned cpu_count = 1;
uint8_t cpu_index_of_apic_id[256];
static volatile uint64_t cpus_running; /* but for the boot CPU */

static uint32_t cpu_get32(uint64_t address)
{
	return *(const volatile uint32_t *)address;
}

static uint64_t cpu_get64(uint64_t address)
{
	return cpu_get32(address) | (uint64_t)cpu_get32(address + 4) << 32;
}

/* Finds a table by its signature through the XSDT, else the RSDT. */
static uint64_t cpu_find_table(uint32_t signature)
{
	uint64_t rsdp, root, width;

	for (rsdp = CPU_RSDP_FROM;; rsdp += 16) {
		if (rsdp == CPU_RSDP_TO)
			return 0;
		if (cpu_get64(rsdp) == 0x2052545020445352) /* "RSD PTR " */
			break;
	}
	if (*(uint8_t *)(rsdp + 15) >= 2) {
		root = cpu_get64(rsdp + 24);
		width = 8;
	} else {
		root = cpu_get32(rsdp + 16);
		width = 4;
	}
	for (uint64_t at = CPU_HEADER_BYTES; at < cpu_get32(root + 4);
	     at += width) {
		uint64_t table = width == 8 ? cpu_get64(root + at)
					    : cpu_get32(root + at);

		if (cpu_get32(table) == signature)
			return table;
	}
	return 0;
}

/* Fills cpus[] from the MADT; the boot CPU keeps index 0. */
static void cpu_find(void)
{
	uint64_t madt = cpu_find_table(0x43495041); /* "APIC" */
	uint64_t end, at;

	if (!madt)
		return;
	end = madt + cpu_get32(madt + 4);
	for (at = madt + CPU_MADT_ENTRIES; at < end;
	     at += *(uint8_t *)(at + 1)) {
		uint8_t id = *(uint8_t *)(at + 3);

		if (*(uint8_t *)at != CPU_MADT_LAPIC ||
		    !(cpu_get32(at + 4) & CPU_MADT_ENABLED) ||
		    id == cpus[0].apic_id || cpu_count == GUEST_CPUS_MAX)
			continue;
		cpus[cpu_count].apic_id = id;
		cpu_index_of_apic_id[id] = (uint8_t)cpu_count++;
	}
}

static void cpu_init(unsigned index)
{
	struct cpu *c = &cpus[index];

	c->self = c;
	c->index = index;
	c->fixup = 0;
	insn_wrmsr(CPU_GS_BASE_MSR, (uint64_t)c);
	c->x2apic = insn_rdmsr(APIC_BASE_MSR) & APIC_BASE_EXTD;
	trap_load();
	apic_enable();
}

void guest_start(unsigned index)
{
	cpus[0].apic_id = insn_cpuid(1, 0).ebx >> 24;
	trap_init();
	cpu_init(index);
	cpu_find();
	guest_run();
}

/* Waits for work; sleeps in between, so any interrupt makes it look. */
void guest_ap_start(unsigned index)
{
	struct cpu *c = &cpus[index];

	cpu_init(index);
	if (!c->starts++)
		__atomic_add_fetch(&cpus_running, 1, __ATOMIC_SEQ_CST);
	for (;;) {
		void (*work)(void) = c->work;

		if (work) {
			work();
			c->work = NULL;
		}
		insn_pause();
	}
}

static void cpu_copy_trampoline(void)
{
	memcpy((void *)CPU_TRAMPOLINE, ap_trampoline,
	       (size_t)(ap_trampoline_end - ap_trampoline));
}

unsigned cpu_start_all(void)
{
	cpu_copy_trampoline();
	for (unsigned i = 1; i < cpu_count; i++) {
		apic_send(cpus[i].apic_id, APIC_ICR_INIT | APIC_ICR_ASSERT);
		time_delay_us(10000);
		for (int sipi = 0; sipi < 2; sipi++) {
			apic_send(cpus[i].apic_id,
				  APIC_ICR_STARTUP | APIC_ICR_ASSERT |
					  CPU_TRAMPOLINE >> 12);
			time_delay_us(200);
		}
	}
	time_wait(&cpus_running, cpu_count - 1, CPU_START_LIMIT_MS);
	return 1 + (unsigned)cpus_running;
}

void cpu_restart(unsigned index)
{
	uint32_t id = cpus[index].apic_id;

	cpus[index].work = NULL;
	apic_send(id, APIC_ICR_INIT | APIC_ICR_ASSERT);
	apic_send(id,
		  APIC_ICR_STARTUP | APIC_ICR_ASSERT | CPU_TRAMPOLINE >> 12);
}

void cpu_ask(unsigned index, void (*work)(void))
{
	cpus[index].work = work;
}

bool cpu_wait(unsigned index)
{
	for (unsigned ms = 0; cpus[index].work; ms++) {
		if (ms == CPU_WORK_LIMIT_MS)
			return false;
		time_delay_us(1000);
	}
	return true;
}
