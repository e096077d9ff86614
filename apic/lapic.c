/* SPDX-License-Identifier: BSD-2-Clause */
/* Driver of the physical local APIC; see lapic.h. */
#include "apic/lapic.h"

#include <stddef.h>

#include "apic/regs.h"
#include "hv/hw/cpu.h"
#include "hv/hw/cpuid.h"
#include "hv/hw/msr.h"
#include "hv/hw/tsc.h"

/* Reads of the ICR before we stop waiting; each takes some 50 ns or more. */
#define ICR_TRIES 20000

/* Vectors of this priority class and below are kept out: an interrupt that the
 * firmware left behind must not come in with an exception's vector. */
#define TPR_EXCEPTIONS 0x10

#define DIVIDE_BY_1    0xbu

volatile uint8_t *lapic_page;

/* The timer's clocks per TSC tick times 2^32; 0: TSC-deadline mode. */
static uint64_t timer_ratio;

static uint32_t reg_read(uint32_t offset)
{
	if (lapic_page)
		return *(volatile uint32_t *)(lapic_page + offset);
	return msr_read(APIC_MSR(offset));
}

static void reg_write(uint32_t offset, uint32_t value)
{
	if (lapic_page)
		*(volatile uint32_t *)(lapic_page + offset) = value;
	else
		msr_write(APIC_MSR(offset), value);
}

bool lapic_x2apic_is_on(void)
{
	uint64_t mode = APIC_BASE_EN | APIC_BASE_EXTD;

	return (msr_read(IA32_APIC_BASE) & mode) == mode;
}

bool lapic_x2apic_is_there(void)
{
	return cpuid(1, 0).ecx & CPUID_1_ECX_X2APIC;
}

uint64_t lapic_xapic_address(void)
{
	return msr_read(IA32_APIC_BASE) & IA32_APIC_BASE_ADDRESS;
}

void lapic_init(volatile uint8_t *xapic_page)
{
	lapic_page = xapic_page;
}

/* The SDM's transitions: x2APIC mode is left through "disabled" only and
 * entered from xAPIC mode only. */
static void set_mode(void)
{
	uint64_t mode = APIC_BASE_EN | (lapic_page ? 0 : APIC_BASE_EXTD);
	uint64_t base = msr_read(IA32_APIC_BASE);

	if ((base & (APIC_BASE_EN | APIC_BASE_EXTD)) == mode)
		return;
	if (base & APIC_BASE_EXTD) {
		base &= ~(APIC_BASE_EN | APIC_BASE_EXTD);
		msr_write(IA32_APIC_BASE, base);
	}
	msr_write(IA32_APIC_BASE, base | APIC_BASE_EN);
	msr_write(IA32_APIC_BASE, base | mode);
}

static void mask_lvt(uint32_t offset, uint32_t delivery_mode_to_keep)
{
	uint32_t entry = reg_read(offset);
	uint32_t mode = (entry & APIC_LVT_DELIVERY_MODE) >>
			APIC_LVT_DELIVERY_MODE_SHIFT;

	if (mode != delivery_mode_to_keep)
		reg_write(offset, entry | APIC_LVT_MASK);
}

static void mask_all_lvts(void)
{
	uint32_t highest =
		reg_read(APIC_VERSION) >> APIC_VERSION_MAX_LVT_SHIFT & 0xff;
	uint32_t none = UINT32_MAX;

	mask_lvt(APIC_LVT_TIMER, none);
	mask_lvt(APIC_LVT_LINT0, none);
	mask_lvt(APIC_LVT_LINT1, APIC_DELIVERY_NMI);
	mask_lvt(APIC_LVT_ERROR, none);
	if (highest >= 4)
		mask_lvt(APIC_LVT_PERFORMANCE, none);
	if (highest >= 5)
		mask_lvt(APIC_LVT_THERMAL, APIC_DELIVERY_SMI);
	if (highest >= 6)
		mask_lvt(APIC_LVT_CMCI, none);
}

static bool any_bit(uint32_t first_offset)
{
	uint32_t bits = 0;

	for (uint32_t i = 0; i < 8; i++)
		bits |= reg_read(first_offset + i * 0x10);
	return bits;
}

void lapic_cpu_init(uint8_t spurious_vector)
{
	set_mode();
	reg_write(APIC_TPR, TPR_EXCEPTIONS);
	reg_write(APIC_SVR, APIC_SVR_ENABLE | spurious_vector);
	mask_all_lvts();
	reg_write(APIC_INITIAL_COUNT, 0);
	/* One EOI per vector in service, so 256 are enough. */
	for (int i = 0; i < 256 && any_bit(APIC_ISR); i++)
		lapic_eoi();
	reg_write(APIC_ESR, 0);
}

bool lapic_pending(void)
{
	return any_bit(APIC_IRR);
}

uint32_t lapic_id(void)
{
	uint32_t id = reg_read(APIC_ID);

	return lapic_page ? id >> APIC_ID_SHIFT : id;
}

void lapic_eoi(void)
{
	reg_write(APIC_EOI, 0);
}

static bool icr_idle(void)
{
	if (!lapic_page)
		return true;
	for (int i = 0; i < ICR_TRIES; i++) {
		if (!(reg_read(APIC_ICR) & APIC_ICR_DELIVERY_STATUS))
			return true;
		cpu_pause();
	}
	return false;
}

/* "WRMSR to the x2APIC MSRs" does not wait for stores; the receiver relies on
 * them. */
static inline void send_wide(uint32_t apic_id, uint32_t low)
{
	cpu_fence();
	msr_write_halves(APIC_MSR(APIC_ICR), apic_id, low);
}

void lapic_send_x2apic(uint32_t apic_id, uint8_t vector)
{
	send_wide(apic_id, APIC_ICR_ASSERT | vector);
}

static bool send(uint32_t apic_id, uint32_t delivery_mode, uint8_t vector)
{
	uint32_t low = APIC_ICR_ASSERT |
		       delivery_mode << APIC_ICR_DELIVERY_MODE_SHIFT | vector;

	if (!lapic_page) {
		send_wide(apic_id, low);
		return true;
	}
	if (apic_id >= APIC_BROADCAST || !icr_idle())
		return false;
	reg_write(APIC_ICR_HIGH, apic_id << APIC_ID_SHIFT);
	reg_write(APIC_ICR, low);
	return true;
}

bool lapic_send(uint32_t apic_id, uint8_t vector)
{
	return send(apic_id, APIC_DELIVERY_FIXED, vector);
}

bool lapic_send_nmi(uint32_t apic_id)
{
	return send(apic_id, APIC_DELIVERY_NMI, 0);
}

bool lapic_send_init(uint32_t apic_id)
{
	return send(apic_id, APIC_DELIVERY_INIT, 0) && icr_idle();
}

bool lapic_send_startup(uint32_t apic_id, uint8_t start_page)
{
	return send(apic_id, APIC_DELIVERY_STARTUP, start_page) && icr_idle();
}

/* The shorthand leaves ICR's high half alone, so an NMI handler may come
 * between the two writes of send(); it waits on both sides of its own.  If the
 * APIC stays busy it writes all the same: the CPU itself is told, which needs
 * no bus. */
void lapic_send_self(uint8_t vector)
{
	if (!lapic_page) {
		msr_write(APIC_MSR(APIC_SELF_IPI), vector);
		return;
	}
	icr_idle();
	reg_write(APIC_ICR,
		  1u << APIC_ICR_SHORTHAND_SHIFT | APIC_ICR_ASSERT | vector);
	icr_idle();
}

void lapic_timer_init(uint64_t tsc_hz)
{
	uint64_t start, elapsed;
	uint32_t count;

	if (cpuid(1, 0).ecx & CPUID_1_ECX_TSC_DEADLINE)
		return;
	reg_write(APIC_DIVIDE_CONFIGURATION, DIVIDE_BY_1);
	reg_write(APIC_LVT_TIMER, APIC_LVT_MASK | APIC_LVT_TIMER_ONE_SHOT);
	reg_write(APIC_INITIAL_COUNT, UINT32_MAX);
	start = tsc_read_ordered();
	do {
		cpu_pause();
		count = UINT32_MAX - reg_read(APIC_CURRENT_COUNT);
		elapsed = tsc_read_ordered() - start;
	} while (elapsed < tsc_hz / 100);
	reg_write(APIC_INITIAL_COUNT, 0);
	timer_ratio = ((uint64_t)count << 32) / elapsed;
	if (!timer_ratio)
		timer_ratio = 1;
}

void lapic_timer_cpu_init(uint8_t vector)
{
	if (timer_ratio) {
		reg_write(APIC_DIVIDE_CONFIGURATION, DIVIDE_BY_1);
		reg_write(APIC_LVT_TIMER, APIC_LVT_TIMER_ONE_SHOT | vector);
	} else {
		reg_write(APIC_LVT_TIMER, APIC_LVT_TIMER_TSC_DEADLINE | vector);
		/* SDM, "TSC-Deadline Mode": the mode first, then the MSR. */
		cpu_fence();
	}
}

void lapic_timer_arm(uint64_t tsc)
{
	uint64_t now, count;

	if (!timer_ratio) {
		/* Zero would disarm it; one is past, which fires at once. */
		msr_write(IA32_TSC_DEADLINE, tsc ? tsc : 1);
		return;
	}
	now = tsc_read();
	count = 0;
	if (tsc > now)
		count = (unsigned __int128)(tsc - now) * timer_ratio >> 32;
	if (count >= UINT32_MAX)
		count = UINT32_MAX - 1;
	/* Rounded up: never early. */
	reg_write(APIC_INITIAL_COUNT, count + 1);
}

void lapic_timer_stop(void)
{
	if (timer_ratio)
		reg_write(APIC_INITIAL_COUNT, 0);
	else
		msr_write(IA32_TSC_DEADLINE, 0);
}

bool lapic_timer_is_exact(void)
{
	return !timer_ratio;
}

void lapic_timer_vector(uint8_t vector)
{
	uint32_t mode = timer_ratio ? APIC_LVT_TIMER_ONE_SHOT
				    : APIC_LVT_TIMER_TSC_DEADLINE;

	reg_write(APIC_LVT_TIMER, mode | vector);
	/* In xAPIC mode a WRMSR that arms the timer could overtake the store. */
	cpu_fence();
}
