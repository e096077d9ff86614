/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The devices around a VM's CPUs: interrupt lines, time, device memory; see
 * board.h.  Ports: board_ports.c.
 */
#include "hv/board.h"

#include "guest/dev/ports.h"
#include "hv/board_update.h"
#include "hv/clock.h"
#include "hv/console/console.h"
#include "hv/vm.h"
#include "vmx/machine.h"

/* ---- interrupt lines; the lock is held ---- */

static void send_pins(struct vm *vm, uint32_t pins)
{
	struct vioapic *io = &vm->board.ioapic;

	for (; pins; pins &= pins - 1) {
		unsigned pin = (unsigned)__builtin_ctz(pins);
		struct vlapic_message message = vioapic_message(io, pin);

		vioapic_sent(io, pin, vm_send(vm, &message, NULL));
	}
}

/* The 8259's output is wired to LINT0 of every local APIC. */
void board_update_intr(struct vm *vm)
{
	uint32_t intr = vpic_intr(&vm->board.pic);

	if (intr == vm->board.intr)
		return;
	__atomic_store_n(&vm->board.intr, intr, __ATOMIC_SEQ_CST);
	for (uint32_t i = 0; intr && i < vm->vcpu_count; i++)
		vcpu_request(vm->vcpu[i],
			     VCPU_REQUEST_LINT0 | VCPU_REQUEST_EVENT);
}

void board_drive_line(struct vm *vm, unsigned irq, bool active)
{
	struct board *b = &vm->board;
	unsigned pin = irq == PORTS_PIT_IRQ ? PORTS_PIT_PIN : irq;

	b->lines = (b->lines & ~(1u << irq)) | (uint32_t)active << irq;
	if (irq < 16)
		vpic_set_line(&b->pic, irq, active);
	send_pins(vm, vioapic_set_line(&b->ioapic, pin, active));
	board_update_intr(vm);
}

static void set_line(struct vm *vm, unsigned irq, bool active)
{
	if ((vm->board.lines >> irq & 1) != active)
		board_drive_line(vm, irq, active);
}

/* When devices want to be looked at again. */
static void set_next(struct vm *vm)
{
	struct board *b = &vm->board;
	uint64_t next = vpit_next(&b->pit);
	uint64_t rtc = vrtc_next(&b->rtc);
	uint64_t pm = acpi_pm_next(&b->pm);

	next = rtc < next ? rtc : next;
	next = pm < next ? pm : next;
	if (next != BOARD_NEVER)
		next = vm->start_tsc + clock_tsc_from_ns(next) + 1;
	if (next == b->next_tsc)
		return;
	__atomic_store_n(&b->next_tsc, next, __ATOMIC_SEQ_CST);
	vcpu_request(vm->vcpu[0], VCPU_REQUEST_TIMER);
}

void board_update_timed(struct vm *vm, uint64_t now)
{
	struct board *b = &vm->board;

	vrtc_tick(&b->rtc, now);
	acpi_pm_tick(&b->pm, now);
	set_line(vm, PORTS_RTC_IRQ, vrtc_irq(&b->rtc));
	set_line(vm, PORTS_SCI_IRQ, acpi_pm_sci(&b->pm));
	if (vpit_tick(&b->pit, now)) {
		board_drive_line(vm, PORTS_PIT_IRQ, false);
		board_drive_line(vm, PORTS_PIT_IRQ, true);
	}
	set_next(vm);
}

void board_update_uart(struct vm *vm)
{
	struct vuart *u = &vm->board.uart;
	uint8_t byte;

	if (vm->config->console == CONFIG_CONSOLE_NONE)
		while (vuart_tx_take(u, &byte))
			;
	while (console_guest_has_room(vm->number) && vuart_tx_take(u, &byte))
		console_guest_put(vm->number, byte);
	set_line(vm, PORTS_COM1_IRQ, vuart_irq(u));
}

/* ---- what vmx/ asks of us ---- */

static bool in_ioapic(gpa_t address)
{
	return address.value - VIOAPIC_BASE < PAGE_SIZE;
}

static bool in_testdev(const struct vm *vm, gpa_t address)
{
	return vm->config->testdev &&
	       address.value - TESTDEV_MMIO_BASE < TESTDEV_MMIO_SIZE;
}

const char *board_device_at(const struct vm *vm, gpa_t address)
{
	if (in_ioapic(address))
		return "the I/O APIC";
	return in_testdev(vm, address) ? "the test device" : NULL;
}

uint64_t machine_mmio_read(struct vcpu *v, gpa_t address, unsigned size)
{
	struct vm *vm = v->vm;
	uint64_t value = ~0ull;

	spin_lock(&vm->board.lock);
	if (in_ioapic(address))
		value = vioapic_read(&vm->board.ioapic,
				     address.value & PAGE_MASK, size);
	else if (in_testdev(vm, address))
		value = testdev_mmio_read(&vm->board.testdev,
					  address.value - TESTDEV_MMIO_BASE,
					  size);
	spin_unlock(&vm->board.lock);
	return value;
}

void machine_mmio_write(struct vcpu *v, gpa_t address, unsigned size,
			uint64_t value)
{
	struct vm *vm = v->vm;

	spin_lock(&vm->board.lock);
	if (in_ioapic(address))
		send_pins(vm, vioapic_write(&vm->board.ioapic,
					    address.value & PAGE_MASK, size,
					    (uint32_t)value));
	else if (in_testdev(vm, address))
		testdev_mmio_write(&vm->board.testdev,
				   address.value - TESTDEV_MMIO_BASE, size,
				   value);
	spin_unlock(&vm->board.lock);
}

void machine_eoi(struct vcpu *v, uint8_t vector)
{
	struct vm *vm = v->vm;

	spin_lock(&vm->board.lock);
	send_pins(vm, vioapic_eoi(&vm->board.ioapic, vector));
	spin_unlock(&vm->board.lock);
}

/* Taking the lock orders what the APIC now takes against a message under way:
 * either its sender sees that, or the message is found untaken here. */
void machine_reach(struct vcpu *v)
{
	struct vm *vm = v->vm;

	spin_lock(&vm->board.lock);
	send_pins(vm, vioapic_retry(&vm->board.ioapic));
	spin_unlock(&vm->board.lock);
}

bool machine_intr(struct vcpu *v)
{
	return __atomic_load_n(&v->vm->board.intr, __ATOMIC_SEQ_CST);
}

uint8_t machine_intr_acknowledge(struct vcpu *v)
{
	struct vm *vm = v->vm;
	uint8_t vector;

	spin_lock(&vm->board.lock);
	vector = vpic_acknowledge(&vm->board.pic);
	board_update_intr(vm);
	spin_unlock(&vm->board.lock);
	return vector;
}

/* ---- for the rest of hv/ ---- */

static uint64_t ram_above_4g(const struct vm *vm)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < vm->memory.bank_count; i++)
		if (vm->memory.bank[i].start.value >= 4ull << 30)
			bytes += vm->memory.bank[i].size_bytes;
	return bytes;
}

void board_init(struct vm *vm, uint8_t *testdev_mmio)
{
	struct board *b = &vm->board;
	uint64_t ram = (uint64_t)vm->config->memory_mib << 20;
	uint64_t above = ram_above_4g(vm);
	uint64_t end = above ? (4ull << 30) + above : ram;

	spin_lock(&b->lock);
	vpic_init(&b->pic);
	vioapic_init(&b->ioapic, 0);
	vpit_init(&b->pit, 0);
	vrtc_init(&b->rtc, clock_unix_seconds(), ram - above, above, 0);
	vuart_init(&b->uart);
	acpi_pm_init(&b->pm, 0);
	i8042_init(&b->i8042);
	reset_ports_init(&b->reset);
	exit_ports_init(&b->exit);
	fw_cfg_init(&b->fw_cfg, vm->vcpu_count, ram, end);
	if (testdev_mmio)
		testdev_init(&b->testdev, testdev_mmio);
	b->lines = 0;
	b->intr = 0;
	b->next_tsc = BOARD_NEVER;
	spin_unlock(&b->lock);
}

void board_tick(struct vm *vm)
{
	spin_lock(&vm->board.lock);
	board_update_timed(vm, board_now_ns(vm));
	spin_unlock(&vm->board.lock);
}

bool board_uart_put(struct vm *vm, uint8_t byte)
{
	bool taken;

	spin_lock(&vm->board.lock);
	taken = vuart_rx_put(&vm->board.uart, byte);
	set_line(vm, PORTS_COM1_IRQ, vuart_irq(&vm->board.uart));
	spin_unlock(&vm->board.lock);
	return taken;
}

void board_uart_drain(struct vm *vm)
{
	spin_lock(&vm->board.lock);
	board_update_uart(vm);
	spin_unlock(&vm->board.lock);
}
