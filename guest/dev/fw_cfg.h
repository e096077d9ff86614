/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The firmware configuration device, as far as guests made for QEMU's -kernel
 * read it: a 16-bit selector at 510H, the selected item's bytes, one after the
 * other, at 511H.  Unknown items, and what follows an item's end, read 0.
 * Pure.  The caller holds the VM's device lock.
 * Source: QEMU documentation, "QEMU Firmware Configuration (fw_cfg) Device".
 */
#ifndef GUEST_DEV_FW_CFG_H
#define GUEST_DEV_FW_CFG_H

#include <stdint.h>

struct fw_cfg {
	uint64_t ram_bytes;
	uint64_t ram_end;
	uint32_t vcpus;
	uint16_t selector;
	uint32_t offset; /* into the selected item */
};

/*
 * ram_bytes: the VM's RAM; ram_end: one past its highest guest-physical
 * address.
 */
void fw_cfg_init(struct fw_cfg *f, uint32_t vcpus, uint64_t ram_bytes,
		 uint64_t ram_end);

/*
 * PORTS_FW_CFG (the selector is write-only: ones) and PORTS_FW_CFG_DATA; size 1,
 * 2 or 4: wider data reads take as many bytes, the first one lowest.
 */
uint32_t fw_cfg_read(struct fw_cfg *f, uint16_t port, unsigned size);

/* A selector is written with 16 bits; everything else is ignored. */
void fw_cfg_write(struct fw_cfg *f, uint16_t port, unsigned size,
		  uint32_t value);

#endif
