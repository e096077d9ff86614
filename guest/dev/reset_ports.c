/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reset register and system control port A.  Touches only the struct reset_ports it
 * is given.  Source: Intel ICH data sheets, "RST_CNT - Reset Control Register"
 * and "PORT92 - Fast A20 and Init Register".
 */
#include "guest/dev/reset_ports.h"

#include "guest/dev/ports.h"

#define RESET_PORTS_RST_CPU   0x04 /* the reset happens when this is written 1 */
#define RESET_PORTS_KIND      0x0a /* SYS_RST and FULL_RST: which kind it will be */
#define RESET_PORTS_FAST_INIT 0x01
#define RESET_PORTS_FAST_A20  0x02 /* kept; A20 is never masked */

void reset_ports_init(struct reset_ports *r)
{
	r->control = 0;
	r->system_a = RESET_PORTS_FAST_A20;
}

uint8_t reset_ports_read(const struct reset_ports *r, uint16_t port)
{
	if (port == PORTS_RESET)
		return r->control;
	return port == PORTS_SYSTEM_A ? r->system_a : 0xff;
}

enum dev_action reset_ports_write(struct reset_ports *r, uint16_t port,
				  uint8_t value)
{
	uint8_t trigger = 0;

	if (port == PORTS_RESET) {
		r->control = value & RESET_PORTS_KIND;
		trigger = value & RESET_PORTS_RST_CPU;
	} else if (port == PORTS_SYSTEM_A) {
		r->system_a = value & RESET_PORTS_FAST_A20;
		trigger = value & RESET_PORTS_FAST_INIT;
	}
	return trigger ? DEV_ACTION_RESET : DEV_ACTION_NONE;
}
