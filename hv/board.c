/* SPDX-License-Identifier: BSD-2-Clause */
/* The devices around a VM's CPUs; see board.h. */
#include "hv/board.h"

#include "guest/dev/ports.h"
#include "hv/clock.h"
#include "hv/console/console.h"
#include "hv/hw/tsc.h"
#include "hv/vm.h"
#include "vmx/machine.h"

static uint64_t now_ns(const struct vm *vm)
{
	return clock_ns_from_tsc(tsc_read() - vm->start_tsc);
}

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
static void update_intr(struct vm *vm)
{
	uint32_t intr = vpic_intr(&vm->board.pic);

	if (intr == vm->board.intr)
		return;
	__atomic_store_n(&vm->board.intr, intr, __ATOMIC_SEQ_CST);
	for (uint32_t i = 0; intr && i < vm->vcpu_count; i++)
		vcpu_request(vm->vcpu[i],
			     VCPU_REQUEST_LINT0 | VCPU_REQUEST_EVENT);
}

static void drive_line(struct vm *vm, unsigned irq, bool active)
{
	struct board *b = &vm->board;
	unsigned pin = irq == PORTS_PIT_IRQ ? PORTS_PIT_PIN : irq;

	b->lines = (b->lines & ~(1u << irq)) | (uint32_t)active << irq;
	if (irq < 16)
		vpic_set_line(&b->pic, irq, active);
	send_pins(vm, vioapic_set_line(&b->ioapic, pin, active));
	update_intr(vm);
}

static void set_line(struct vm *vm, unsigned irq, bool active)
{
	if ((vm->board.lines >> irq & 1) != active)
		drive_line(vm, irq, active);
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

/* Timed devices, after any access to one of them. */
static void update_timed(struct vm *vm, uint64_t now)
{
	struct board *b = &vm->board;

	vrtc_tick(&b->rtc, now);
	acpi_pm_tick(&b->pm, now);
	set_line(vm, PORTS_RTC_IRQ, vrtc_irq(&b->rtc));
	set_line(vm, PORTS_SCI_IRQ, acpi_pm_sci(&b->pm));
	if (vpit_tick(&b->pit, now)) {
		drive_line(vm, PORTS_PIT_IRQ, false);
		drive_line(vm, PORTS_PIT_IRQ, true);
	}
	set_next(vm);
}

static void update_uart(struct vm *vm)
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

/* ---- ports ---- */

enum device {
	DEVICE_NONE,
	DEVICE_UART,
	DEVICE_PM,
	DEVICE_PIC,
	DEVICE_PIT,
	DEVICE_RTC,
	DEVICE_I8042,
	DEVICE_RESET,
	DEVICE_FW_CFG,
	DEVICE_EXIT,
	DEVICE_TESTDEV,
};

/* Whose port that is: of the devices that only some VMs have. */
static enum device optional_device_at(const struct vm *vm, uint16_t port)
{
	const struct config_vm *config = vm->config;

	if ((port == PORTS_DEBUG_EXIT && config->debug_exit) ||
	    (port == PORTS_SHUTDOWN && config->shutdown_port))
		return DEVICE_EXIT;
	if (config->testdev && testdev_owns(port))
		return DEVICE_TESTDEV;
	return DEVICE_NONE;
}

static enum device device_at(const struct vm *vm, uint16_t port)
{
	switch (port) {
	case PORTS_COM1 ... PORTS_COM1 + PORTS_COM_SIZE - 1:
		return DEVICE_UART;
	case PORTS_PM1A_EVT ... PORTS_PM_END - 1:
		return DEVICE_PM;
	case 0x20 ... 0x21:
	case 0xa0 ... 0xa1:
	case 0x4d0 ... 0x4d1:
		return DEVICE_PIC;
	case PORTS_PIT ... PORTS_PIT + 3:
	case PORTS_SYSTEM_B:
		return DEVICE_PIT;
	case PORTS_RTC_INDEX:
	case PORTS_RTC_DATA:
		return DEVICE_RTC;
	case PORTS_I8042_DATA:
	case PORTS_I8042_COMMAND:
		return DEVICE_I8042;
	case PORTS_SYSTEM_A:
	case PORTS_RESET:
		return DEVICE_RESET;
	case PORTS_FW_CFG ... PORTS_FW_CFG_DATA:
		return DEVICE_FW_CFG;
	default:
		return optional_device_at(vm, port);
	}
}

/* ---- their devices; the lock is held ---- */

static uint32_t device_in(struct vm *vm, enum device device, uint16_t port,
			  unsigned size)
{
	struct board *b = &vm->board;
	uint32_t value;

	switch (device) {
	case DEVICE_UART:
		value = vuart_read(&b->uart, port - PORTS_COM1);
		update_uart(vm);
		return value;
	case DEVICE_PM:
		return acpi_pm_read(&b->pm, port, size, now_ns(vm));
	case DEVICE_PIC:
		value = vpic_read(&b->pic, port);
		update_intr(vm);
		return value;
	case DEVICE_PIT:
		return vpit_read(&b->pit, port, now_ns(vm));
	case DEVICE_RTC:
		value = vrtc_read(&b->rtc, port, now_ns(vm));
		update_timed(vm, now_ns(vm));
		return value;
	case DEVICE_I8042:
		return i8042_read(&b->i8042, port);
	case DEVICE_RESET:
		return reset_ports_read(&b->reset, port);
	case DEVICE_FW_CFG:
		return fw_cfg_read(&b->fw_cfg, port, size);
	case DEVICE_TESTDEV:
		return testdev_read(&b->testdev, port, size);
	case DEVICE_EXIT:
	case DEVICE_NONE:
		break;
	}
	return ~0u;
}

static void testdev_out(struct vm *vm, uint16_t port, unsigned size,
			uint32_t value)
{
	struct testdev_effect effect =
		testdev_write(&vm->board.testdev, port, size, value);

	if (effect.drive)
		drive_line(vm, effect.line, effect.level);
}

static enum dev_action device_out(struct vm *vm, enum device device,
				  uint16_t port, unsigned size, uint32_t value)
{
	struct board *b = &vm->board;
	enum dev_action action = DEV_ACTION_NONE;

	switch (device) {
	case DEVICE_UART:
		vuart_write(&b->uart, port - PORTS_COM1, (uint8_t)value);
		update_uart(vm);
		break;
	case DEVICE_PM:
		action = acpi_pm_write(&b->pm, port, size, value, now_ns(vm));
		update_timed(vm, now_ns(vm));
		break;
	case DEVICE_PIC:
		vpic_write(&b->pic, port, (uint8_t)value);
		update_intr(vm);
		break;
	case DEVICE_PIT:
		vpit_write(&b->pit, port, (uint8_t)value, now_ns(vm));
		update_timed(vm, now_ns(vm));
		break;
	case DEVICE_RTC:
		vrtc_write(&b->rtc, port, (uint8_t)value, now_ns(vm));
		update_timed(vm, now_ns(vm));
		break;
	case DEVICE_I8042:
		return i8042_write(&b->i8042, port, (uint8_t)value);
	case DEVICE_RESET:
		return reset_ports_write(&b->reset, port, (uint8_t)value);
	case DEVICE_FW_CFG:
		fw_cfg_write(&b->fw_cfg, port, size, value);
		break;
	case DEVICE_EXIT:
		return exit_ports_write(&b->exit, port, size, value);
	case DEVICE_TESTDEV:
		testdev_out(vm, port, size, value);
		break;
	case DEVICE_NONE:
		break;
	}
	return action;
}

/* ---- what vmx/ asks of us ---- */

uint32_t machine_port_in(struct vcpu *v, uint16_t port, unsigned size)
{
	struct vm *vm = v->vm;
	enum device device = device_at(vm, port);
	uint32_t value;

	/* No lock for what is no state: a clock that all CPUs read, and ports
	 * without a device, that Linux waits by. */
	if (device == DEVICE_NONE)
		return ~0u;
	if (port == PORTS_PM_TMR && size == PORTS_PM_TMR_SIZE)
		return acpi_pm_timer(now_ns(vm));
	spin_lock(&vm->board.lock);
	value = device_in(vm, device, port, size);
	spin_unlock(&vm->board.lock);
	return value;
}

void machine_port_out(struct vcpu *v, uint16_t port, unsigned size,
		      uint32_t value)
{
	struct vm *vm = v->vm;
	enum device device = device_at(vm, port);
	enum dev_action action;
	uint32_t code;

	if (device == DEVICE_NONE)
		return;
	spin_lock(&vm->board.lock);
	action = device_out(vm, device, port, size, value);
	code = vm->board.exit.code;
	spin_unlock(&vm->board.lock);
	switch (action) {
	case DEV_ACTION_NONE:
		return;
	case DEV_ACTION_POWEROFF:
		machine_end(v, MACHINE_POWEROFF, 0, NULL);
		return;
	case DEV_ACTION_RESET:
		machine_end(v, MACHINE_RESET, 0, NULL);
		return;
	case DEV_ACTION_EXIT:
		machine_end(v, MACHINE_EXIT_CODE, code, NULL);
		return;
	}
}

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
	update_intr(vm);
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
	update_timed(vm, now_ns(vm));
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
	update_uart(vm);
	spin_unlock(&vm->board.lock);
}
