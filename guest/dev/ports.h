/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the VM's devices are: port numbers and interrupt lines, shared by the
 * board that dispatches the accesses and by the ACPI tables that describe
 * them.  Interrupt lines are ISA numbers (8259 input and I/O APIC pin alike,
 * but for the PIT, see PORTS_PIT_PIN).  Pure.
 */
#ifndef GUEST_DEV_PORTS_H
#define GUEST_DEV_PORTS_H

#define PORTS_PIT	    0x40 /* 40H-43H */
#define PORTS_PIT_IRQ	    0
#define PORTS_PIT_PIN	    2 /* I/O APIC pin, as the MADT's override says */
#define PORTS_I8042_DATA    0x60
#define PORTS_SYSTEM_B	    0x61 /* belongs to the PIT */
#define PORTS_I8042_COMMAND 0x64
#define PORTS_RTC_INDEX	    0x70
#define PORTS_RTC_DATA	    0x71
#define PORTS_RTC_IRQ	    8
#define PORTS_SYSTEM_A	    0x92
#define PORTS_TESTDEV_REG   0xe0 /* E0H-E3H, one 32-bit register */
#define PORTS_TESTDEV_FLUSH 0xe4 /* E4H-E7H, accepted and ignored */
#define PORTS_DEBUG_EXIT    0xf4 /* F4H-F7H */
#define PORTS_COM1	    0x3f8
#define PORTS_COM1_IRQ	    4
#define PORTS_COM2	    0x2f8
#define PORTS_COM2_IRQ	    3
#define PORTS_COM_SIZE	    8
#define PORTS_FW_CFG	    0x510 /* selector; the data port is the next */
#define PORTS_FW_CFG_DATA   0x511
#define PORTS_PM1A_EVT	    0x600 /* status, then enable: 2 x 2 bytes */
#define PORTS_PM1A_EVT_SIZE 4
#define PORTS_PM1A_CNT	    0x604
#define PORTS_PM1A_CNT_SIZE 2
#define PORTS_PM_TMR	    0x608
#define PORTS_PM_TMR_SIZE   4
#define PORTS_PM_END	    0x60c /* one past the last of PM1a and PM_TMR */
#define PORTS_SCI_IRQ	    9	  /* level, active high */
#define PORTS_RESET	    0xcf9 /* 8-bit accesses */
#define PORTS_RESET_VALUE   0x06
#define PORTS_TESTDEV_LINES 0x2000 /* one port per interrupt line */
#define PORTS_SHUTDOWN	    0x8900

/* SLP_TYP in PM1a_CNT for S5: what the DSDT's \_S5 package must hold. */
#define PORTS_SLP_TYP_S5 5

#endif
