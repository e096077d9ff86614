/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The items of the firmware configuration device.  Touches only the struct
 * fw_cfg it is given.
 * Source: QEMU documentation, "QEMU Firmware Configuration (fw_cfg) Device";
 * item 11H is what kvm-unit-tests read as the end of the RAM to be used.
 */
#include "guest/dev/fw_cfg.h"

#include "guest/dev/ports.h"

enum {
	FW_CFG_SIGNATURE = 0x00,
	FW_CFG_ID = 0x01,
	FW_CFG_RAM_SIZE = 0x03,
	FW_CFG_NB_CPUS = 0x05,
	FW_CFG_MAX_CPUS = 0x0f,
	FW_CFG_MAX_RAM = 0x11,
};

#define FW_CFG_SIGNATURE_QEMU 0x554d4551u /* "QEMU" */
#define FW_CFG_ID_TRADITIONAL 0x01u	  /* no DMA interface */

void fw_cfg_init(struct fw_cfg *f, uint32_t vcpus, uint64_t ram_bytes,
		 uint64_t ram_end)
{
	*f = (struct fw_cfg){
		.vcpus = vcpus,
		.ram_bytes = ram_bytes,
		.ram_end = ram_end,
	};
}

/* The selected item, little-endian, followed by zeroes. */
static uint64_t fw_cfg_item(const struct fw_cfg *f)
{
	switch (f->selector) {
	case FW_CFG_SIGNATURE:
		return FW_CFG_SIGNATURE_QEMU;
	case FW_CFG_ID:
		return FW_CFG_ID_TRADITIONAL;
	case FW_CFG_RAM_SIZE:
		return f->ram_bytes;
	case FW_CFG_NB_CPUS:
	case FW_CFG_MAX_CPUS:
		return f->vcpus;
	case FW_CFG_MAX_RAM:
		return f->ram_end;
	default:
		return 0;
	}
}

static uint8_t fw_cfg_next_byte(struct fw_cfg *f)
{
	if (f->offset >= sizeof(uint64_t))
		return 0;
	return fw_cfg_item(f) >> 8 * f->offset++;
}

uint32_t fw_cfg_read(struct fw_cfg *f, uint16_t port, unsigned size)
{
	uint32_t value = 0;

	if (port != PORTS_FW_CFG_DATA)
		return UINT32_MAX;
	for (unsigned i = 0; i < size && i < 4; i++)
		value |= (uint32_t)fw_cfg_next_byte(f) << 8 * i;
	return value;
}

void fw_cfg_write(struct fw_cfg *f, uint16_t port, unsigned size,
		  uint32_t value)
{
	if (port != PORTS_FW_CFG || size != 2)
		return;
	f->selector = value;
	f->offset = 0;
}
