/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The devices around a VM's CPUs, wired together: who answers which port and
 * address, and which output drives which interrupt line.  One lock per VM
 * guards all of them.  Any CPU.
 */
#ifndef HV_BOARD_H
#define HV_BOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "apic/vioapic.h"
#include "apic/vpic.h"
#include "guest/dev/acpi_pm.h"
#include "guest/dev/exit_ports.h"
#include "guest/dev/fw_cfg.h"
#include "guest/dev/i8042.h"
#include "guest/dev/vpit.h"
#include "guest/dev/reset_ports.h"
#include "guest/dev/vrtc.h"
#include "guest/dev/testdev.h"
#include "guest/dev/vuart.h"
#include "hv/lib/spinlock.h"
#include "mm/addr.h"

#define BOARD_NEVER UINT64_MAX

struct vm;

struct board {
	struct spinlock lock;
	struct vpic pic;
	struct vioapic ioapic;
	struct vpit pit;
	struct vrtc rtc;
	struct vuart uart;
	struct acpi_pm pm;
	struct i8042 i8042;
	struct reset_ports reset;
	struct exit_ports exit;
	struct fw_cfg fw_cfg;
	struct testdev testdev;
	uint32_t lines;	   /* ISA interrupt lines, as they were last driven */
	uint32_t intr;	   /* the 8259s' INTR; read without the lock */
	uint64_t next_tsc; /* board_tick() is wanted then; without the lock */
};

/* As at power-on.  testdev_mmio: TESTDEV_MMIO_SIZE bytes, or NULL. */
void board_init(struct vm *vm, uint8_t *testdev_mmio);

/* Lets time pass for the devices.  The CPU of vCPU 0, when next_tsc is due. */
void board_tick(struct vm *vm);

/* The device whose registers lie at a guest-physical address, or NULL. */
const char *board_device_at(const struct vm *vm, gpa_t address);

/* A byte arrives at the UART; false: no room. */
bool board_uart_put(struct vm *vm, uint8_t byte);

/* The console takes output again. */
void board_uart_drain(struct vm *vm);

#endif
