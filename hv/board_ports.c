/* SPDX-License-Identifier: BSD-2-Clause */
/* A VM's ports: whose each is, and what an access leads to.  Any CPU. */
#include "hv/board_update.h"

#include "guest/dev/ports.h"
#include "hv/vm.h"
#include "vmx/machine.h"

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
	board_update_uart(vm);
	return value;
}

static enum dev_action uart_out(struct vm *vm, uint32_t port, unsigned size,
				uint32_t value)
{
	(void)size;
	vuart_write(&vm->board.uart, port - PORTS_COM1, (uint8_t)value);
	board_update_uart(vm);
	return DEV_ACTION_NONE;
}

static uint32_t pm_in(struct vm *vm, uint32_t port, unsigned size)
{
	return acpi_pm_read(&vm->board.pm, port, size, board_now_ns(vm));
}

static enum dev_action pm_out(struct vm *vm, uint32_t port, unsigned size,
			      uint32_t value)
{
	enum dev_action action = acpi_pm_write(&vm->board.pm, port, size, value,
					       board_now_ns(vm));

	board_update_timed(vm, board_now_ns(vm));
	return action;
}

static __attribute__((noinline)) uint32_t pic_poll(struct vm *vm, uint32_t port)
{
	uint32_t value = vpic_read(&vm->board.pic, port);

	board_update_intr(vm);
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
		board_update_intr(vm);
	return DEV_ACTION_NONE;
}

static uint32_t pit_in(struct vm *vm, uint32_t port, unsigned size)
{
	(void)size;
	return vpit_read(&vm->board.pit, port, board_now_ns(vm));
}

static enum dev_action pit_out(struct vm *vm, uint32_t port, unsigned size,
			       uint32_t value)
{
	(void)size;
	vpit_write(&vm->board.pit, port, (uint8_t)value, board_now_ns(vm));
	board_update_timed(vm, board_now_ns(vm));
	return DEV_ACTION_NONE;
}

static uint32_t rtc_in(struct vm *vm, uint32_t port, unsigned size)
{
	uint32_t value = vrtc_read(&vm->board.rtc, port, board_now_ns(vm));

	(void)size;
	board_update_timed(vm, board_now_ns(vm));
	return value;
}

static enum dev_action rtc_out(struct vm *vm, uint32_t port, unsigned size,
			       uint32_t value)
{
	(void)size;
	vrtc_write(&vm->board.rtc, port, (uint8_t)value, board_now_ns(vm));
	board_update_timed(vm, board_now_ns(vm));
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
		board_drive_line(vm, effect.line, effect.level);
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
	return acpi_pm_timer(board_now_ns(vm));
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
