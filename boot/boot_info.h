/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hand-over contract: all that the loader tells the hypervisor.  Written
 * by boot/, read by hv/; values and fixed arrays only.  Pure.
 *
 * One physically contiguous "pool", 2 MiB aligned, holds the hypervisor image
 * at its start, this structure, and free frames behind them; the whole pool is
 * mapped at HV_BASE, so a host-virtual address in it is its physical address
 * plus a constant.
 */
#ifndef BOOT_BOOT_INFO_H
#define BOOT_BOOT_INFO_H

#include <stdint.h>

#include "boot/config.h"
#include "mm/addr.h"

#define HV_BASE		    0xffffffff80000000ull
#define BOOT_INFO_MAGIC	    0x6c61636970417631ull

#define BOOT_CPUS_MAX	    256
#define BOOT_IOAPICS_MAX    16
#define BOOT_OVERRIDES_MAX  24
#define BOOT_REGIONS_MAX    256
#define BOOT_RAM_CHUNKS_MAX 32
#define BOOT_VENDOR_SIZE    48

struct boot_region {
	hpa_t start;
	uint64_t size_bytes;
};

struct boot_file {
	hpa_t start; /* 0: none */
	uint64_t size_bytes;
};

struct boot_cpu {
	uint32_t apic_id;
};

struct boot_ioapic {
	hpa_t address;
	uint32_t gsi_base;
};

/* ISA interrupt -> GSI, MADT type 2. */
struct boot_override {
	uint8_t irq;
	uint8_t active_low;
	uint8_t level;
	uint32_t gsi;
};

struct boot_vm {
	struct boot_file kernel, initrd, module[CONFIG_MODULES_MAX];
	/* Guest RAM, zeroed by nobody yet; 2 MiB aligned chunks, in any order,
	 * memory_mib in all. */
	struct boot_region ram[BOOT_RAM_CHUNKS_MAX];
	uint32_t ram_count;
};

/* What the loader does, in this order. */
enum boot_stage {
	BOOT_STAGE_ENTRY,  /* nothing yet */
	BOOT_STAGE_CONFIG, /* tables and configuration are read */
	BOOT_STAGE_CPUS,   /* processors are counted and checked */
	BOOT_STAGE_FILES,  /* memory is taken, guests' files are read */
	BOOT_STAGE_EXIT,   /* the firmware is gone */
	BOOT_STAGE_COUNT,
};

enum boot_console_kind {
	BOOT_CONSOLE_NONE,
	BOOT_CONSOLE_IO,   /* 16550 behind I/O ports */
	BOOT_CONSOLE_MMIO, /* 16550 behind memory */
};

struct boot_console {
	enum boot_console_kind kind;
	uint64_t address;
	uint32_t stride_bytes; /* between registers */
	uint32_t width_bytes;  /* of an access */
	uint32_t gsi;	       /* UINT32_MAX: none, the UART is polled */
	uint32_t baud;	       /* 0: leave as it is */
	uint32_t clock_hz; /* that the baud rate is divided from; 0: a PC's */
	uint32_t pci_function; /* bus, device, function; 0: not on PCI */
};

struct boot_framebuffer {
	hpa_t address;				  /* 0: none */
	uint32_t width, height, stride_pixels;	  /* of 4 bytes each */
	uint32_t red_mask, green_mask, blue_mask; /* none is 0 */
};

struct boot_info {
	uint64_t magic;
	struct boot_region pool;  /* mapped at HV_BASE */
	uint64_t pool_used_bytes; /* image, this structure, loader's tables */
	struct boot_region trampoline; /* below 1 MiB, at least 2 pages */

	struct boot_cpu cpu[BOOT_CPUS_MAX]; /* [0] is the one that runs */
	uint32_t cpu_count;
	uint32_t cpus_skipped; /* MADT entries disabled or beyond the table */

	struct boot_ioapic ioapic[BOOT_IOAPICS_MAX];
	uint32_t ioapic_count; /* 0: none known */
	struct boot_override override[BOOT_OVERRIDES_MAX];
	uint32_t override_count;

	hpa_t rsdp;		     /* 0: none */
	hpa_t hpet;		     /* 0: none */
	uint16_t pm_timer_port;	     /* 0: none */
	uint8_t interrupt_remapping; /* firmware left it on */

	struct boot_console console;
	struct boot_framebuffer framebuffer;
	struct boot_region kept_log; /* hv/console/log_keep.h; size 0: none */

	/* UEFI system table; printable ASCII, ends in NUL */
	char firmware_vendor[BOOT_VENDOR_SIZE];
	uint32_t firmware_revision, uefi_revision;
	uint64_t free_mib; /* memory that the firmware had left for us */

	/* EFI runtime services, for ResetSystem: physical (identity) mode. */
	uint64_t
		efi_runtime_services; /* physical address of the table; 0: none */
	struct boot_region
		runtime[BOOT_REGIONS_MAX]; /* code and data regions */
	uint32_t runtime_count;

	struct config config;
	struct boot_vm vm[CONFIG_VMS_MAX];

	uint64_t loader_tsc[BOOT_STAGE_COUNT]; /* TSC at the end of each */
};

#endif
