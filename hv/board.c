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
	DEVICE_OPTIONAL, /* optional_device_at() knows */
	DEVICE_PM_TMR,
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
static enum device optional_device_at(const struct vm *vm, uint32_t port)
{
	const struct config_vm *config = vm->config;

	if ((port == PORTS_DEBUG_EXIT && config->debug_exit) ||
	    (port == PORTS_SHUTDOWN && config->shutdown_port))
		return DEVICE_EXIT;
	if (config->testdev && testdev_owns(port))
		return DEVICE_TESTDEV;
	return DEVICE_NONE;
}

/* Whose a port is. */
static const uint8_t devices[PORTS_RESET + 1] = {
	[0x20 ... 0x21] = DEVICE_PIC,
	[PORTS_PIT... PORTS_PIT + 3] = DEVICE_PIT,
	[PORTS_I8042_DATA] = DEVICE_I8042,
	[PORTS_SYSTEM_B] = DEVICE_PIT,
	[PORTS_I8042_COMMAND] = DEVICE_I8042,
	[PORTS_RTC_INDEX] = DEVICE_RTC,
	[PORTS_RTC_DATA] = DEVICE_RTC,
	[PORTS_SYSTEM_A] = DEVICE_RESET,
	[PORTS_TESTDEV_REG... PORTS_TESTDEV_FLUSH + 3] = DEVICE_OPTIONAL,
	[PORTS_DEBUG_EXIT] = DEVICE_OPTIONAL,
	[0xa0 ... 0xa1] = DEVICE_PIC,
	[PORTS_COM1... PORTS_COM1 + PORTS_COM_SIZE - 1] = DEVICE_UART,
	[0x4d0 ... 0x4d1] = DEVICE_PIC,
	[PORTS_FW_CFG... PORTS_FW_CFG_DATA] = DEVICE_FW_CFG,
	[PORTS_PM1A_EVT... PORTS_PM_TMR - 1] = DEVICE_PM,
	[PORTS_PM_TMR] = DEVICE_PM_TMR,
	[PORTS_PM_TMR + 1 ... PORTS_PM_END - 1] = DEVICE_PM,
	[PORTS_RESET] = DEVICE_RESET,
};

static inline enum device device_at(uint32_t port)
{
	return port < sizeof(devices) ? (enum device)devices[port]
				      : DEVICE_OPTIONAL;
}

static uint32_t nothing_in(struct vm *vm, uint32_t port, unsigned size)
{
	(void)vm, (void)port, (void)size;
	return ~0u;
}

static uint32_t uart_in(struct vm *vm, uint32_t port, unsigned size)
{
	uint32_t value = vuart_read(&vm->board.uart, port - PORTS_COM1);

	(void)size;
	update_uart(vm);
	return value;
}

static enum dev_action uart_out(struct vm *vm, uint32_t port, unsigned size,
				uint32_t value)
{
	(void)size;
	vuart_write(&vm->board.uart, port - PORTS_COM1, (uint8_t)value);
	update_uart(vm);
	return DEV_ACTION_NONE;
}

static uint32_t pm_in(struct vm *vm, uint32_t port, unsigned size)
{
	return acpi_pm_read(&vm->board.pm, port, size, now_ns(vm));
}

static enum dev_action pm_out(struct vm *vm, uint32_t port, unsigned size,
			      uint32_t value)
{
	enum dev_action action =
		acpi_pm_write(&vm->board.pm, port, size, value, now_ns(vm));

	update_timed(vm, now_ns(vm));
	return action;
}

static __attribute__((noinline)) uint32_t pic_poll(struct vm *vm, uint32_t port)
{
	uint32_t value = vpic_read(&vm->board.pic, port);

	update_intr(vm);
	return value;
}

/* Only a poll changes what is asked for. */
static uint32_t pic_in(struct vm *vm, uint32_t port, unsigned size)
{
	(void)size;
	if (vpic_polls(&vm->board.pic))
		return pic_poll(vm, port);
	return vpic_read(&vm->board.pic, port);
}

static enum dev_action pic_out(struct vm *vm, uint32_t port, unsigned size,
			       uint32_t value)
{
	(void)size;
	if (vpic_write(&vm->board.pic, port, (uint8_t)value))
		update_intr(vm);
	return DEV_ACTION_NONE;
}

static uint32_t pit_in(struct vm *vm, uint32_t port, unsigned size)
{
	(void)size;
	return vpit_read(&vm->board.pit, port, now_ns(vm));
}

static enum dev_action pit_out(struct vm *vm, uint32_t port, unsigned size,
			       uint32_t value)
{
	(void)size;
	vpit_write(&vm->board.pit, port, (uint8_t)value, now_ns(vm));
	update_timed(vm, now_ns(vm));
	return DEV_ACTION_NONE;
}

static uint32_t rtc_in(struct vm *vm, uint32_t port, unsigned size)
{
	uint32_t value = vrtc_read(&vm->board.rtc, port, now_ns(vm));

	(void)size;
	update_timed(vm, now_ns(vm));
	return value;
}

static enum dev_action rtc_out(struct vm *vm, uint32_t port, unsigned size,
			       uint32_t value)
{
	(void)size;
	vrtc_write(&vm->board.rtc, port, (uint8_t)value, now_ns(vm));
	update_timed(vm, now_ns(vm));
	return DEV_ACTION_NONE;
}

static uint32_t keyboard_in(struct vm *vm, uint32_t port, unsigned size)
{
	(void)size;
	return i8042_read(&vm->board.i8042, port);
}

static enum dev_action keyboard_out(struct vm *vm, uint32_t port, unsigned size,
				    uint32_t value)
{
	(void)size;
	return i8042_write(&vm->board.i8042, port, (uint8_t)value);
}

static uint32_t reset_in(struct vm *vm, uint32_t port, unsigned size)
{
	(void)size;
	return reset_ports_read(&vm->board.reset, port);
}

static enum dev_action reset_out(struct vm *vm, uint32_t port, unsigned size,
				 uint32_t value)
{
	(void)size;
	return reset_ports_write(&vm->board.reset, port, (uint8_t)value);
}

static uint32_t fw_in(struct vm *vm, uint32_t port, unsigned size)
{
	return fw_cfg_read(&vm->board.fw_cfg, port, size);
}

static enum dev_action fw_out(struct vm *vm, uint32_t port, unsigned size,
			      uint32_t value)
{
	fw_cfg_write(&vm->board.fw_cfg, port, size, value);
	return DEV_ACTION_NONE;
}

static enum dev_action exit_out(struct vm *vm, uint32_t port, unsigned size,
				uint32_t value)
{
	return exit_ports_write(&vm->board.exit, port, size, value);
}

static uint32_t test_in(struct vm *vm, uint32_t port, unsigned size)
{
	return testdev_read(&vm->board.testdev, port, size);
}

static enum dev_action test_out(struct vm *vm, uint32_t port, unsigned size,
				uint32_t value)
{
	struct testdev_effect effect =
		testdev_write(&vm->board.testdev, port, size, value);

	if (effect.drive)
		drive_line(vm, effect.line, effect.level);
	return DEV_ACTION_NONE;
}

/* By enum device; what every VM has, and a few more. */
static const struct {
	uint32_t (*in)(struct vm *vm, uint32_t port, unsigned size);
	enum dev_action (*out)(struct vm *vm, uint32_t port, unsigned size,
			       uint32_t value);
} ports_of[] = {
	[DEVICE_PM_TMR] = {pm_in, pm_out},
	[DEVICE_UART] = {uart_in, uart_out},
	[DEVICE_PM] = {pm_in, pm_out},
	[DEVICE_PIC] = {pic_in, pic_out},
	[DEVICE_PIT] = {pit_in, pit_out},
	[DEVICE_RTC] = {rtc_in, rtc_out},
	[DEVICE_I8042] = {keyboard_in, keyboard_out},
	[DEVICE_RESET] = {reset_in, reset_out},
	[DEVICE_FW_CFG] = {fw_in, fw_out},
	[DEVICE_EXIT] = {nothing_in, exit_out},
	[DEVICE_TESTDEV] = {test_in, test_out},
};

/* ---- what vmx/ asks of us ---- */

/* The device comes last, so that no argument has to move. */
static __attribute__((noinline)) uint32_t locked_in(struct vm *vm,
						    uint32_t port,
						    unsigned size,
						    enum device device)
{
	uint32_t value;

	spin_lock(&vm->board.lock);
	value = ports_of[device].in(vm, port, size);
	spin_unlock(&vm->board.lock);
	return value;
}

static __attribute__((noinline)) uint32_t optional_in(struct vm *vm,
						      uint32_t port,
						      unsigned size)
{
	enum device device = optional_device_at(vm, port);

	return device ? locked_in(vm, port, size, device) : ~0u;
}

static __attribute__((noinline)) uint32_t timer_in(const struct vm *vm)
{
	return acpi_pm_timer(now_ns(vm));
}

/* No lock for what is no state: a clock that all CPUs read, and ports without a
 * device, that Linux waits by. */
uint32_t machine_port_in(struct vcpu *v, uint32_t port, unsigned size)
{
	enum device device = device_at(port);

	if (device > DEVICE_PM_TMR)
		return locked_in(v->vm, port, size, device);
	if (device == DEVICE_PM_TMR)
		return size == PORTS_PM_TMR_SIZE
			       ? timer_in(v->vm)
			       : locked_in(v->vm, port, size, device);
	return device == DEVICE_NONE ? ~0u : optional_in(v->vm, port, size);
}

/* Gives the lock back. */
static __attribute__((noinline)) void end(struct vcpu *v,
					  enum dev_action action)
{
	struct board *b = &v->vm->board;
	uint32_t code = b->exit.code;

	spin_unlock(&b->lock);
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

static __attribute__((noinline)) void locked_out(struct vcpu *v, uint32_t port,
						 unsigned size, uint32_t value,
						 enum device device)
{
	enum dev_action action;

	spin_lock(&v->vm->board.lock);
	action = ports_of[device].out(v->vm, port, size, value);
	if (action == DEV_ACTION_NONE)
		spin_unlock(&v->vm->board.lock);
	else
		end(v, action);
}

static __attribute__((noinline)) void optional_out(struct vcpu *v,
						   uint32_t port, unsigned size,
						   uint32_t value)
{
	enum device device = optional_device_at(v->vm, port);

	if (device)
		locked_out(v, port, size, value, device);
}

void machine_port_out(struct vcpu *v, uint32_t port, unsigned size,
		      uint32_t value)
{
	enum device device = device_at(port);

	if (device > DEVICE_OPTIONAL)
		locked_out(v, port, size, value, device);
	else if (device != DEVICE_NONE)
		optional_out(v, port, size, value);
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
