/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exit qualifications taken apart, so that handlers see meanings, not bits.
 * Pure.
 *
 * Source: SDM volume 3, "Exit Qualification".
 */
#ifndef VMX_QUALIFICATION_H
#define VMX_QUALIFICATION_H

#include <stdbool.h>
#include <stdint.h>

enum qualification_cr_kind {
	QUALIFICATION_MOV_TO_CR,
	QUALIFICATION_MOV_FROM_CR,
	QUALIFICATION_CLTS,
	QUALIFICATION_LMSW,
};

struct qualification_cr {
	uint8_t number; /* of the control register, 0 to 15 */
	uint8_t kind;	/* enum qualification_cr_kind */
	uint8_t gpr;	/* 0 to 15, SDM encoding; MOV only */
	uint16_t lmsw_source;
};

struct qualification_dr {
	uint8_t number; /* of the debug register, 0 to 7 */
	uint8_t gpr;	/* 0 to 15, SDM encoding */
	bool read;	/* MOV from the debug register */
};

struct qualification_io {
	uint16_t port;
	uint8_t size; /* 1, 2 or 4 bytes */
	bool in;      /* IN or INS, else OUT or OUTS */
	bool string;
	bool rep;
};

struct qualification_ept {
	bool read; /* the access */
	bool write;
	bool fetch;
	bool readable; /* what the EPT entries allowed */
	bool writable;
	bool executable;
	bool linear_valid; /* the guest linear address field is valid */
	bool final;	   /* the page itself; else one of its page tables */
	bool nmi_unblocking;
	bool asynchronous; /* not by the instruction (trace, PEBS) */
};

/* Values of the access type; those not listed are reserved. */
enum qualification_apic_type {
	QUALIFICATION_APIC_READ = 0,
	QUALIFICATION_APIC_WRITE = 1,
	QUALIFICATION_APIC_FETCH = 2,
	QUALIFICATION_APIC_EVENT = 3, /* during event delivery */
	QUALIFICATION_APIC_MONITOR = 4,
	QUALIFICATION_APIC_PHYSICAL_EVENT = 10,
	QUALIFICATION_APIC_PHYSICAL_MONITOR = 11, /* or trace */
	QUALIFICATION_APIC_PHYSICAL = 15, /* fetch, or during execution */
};

struct qualification_apic {
	uint16_t offset; /* in the page; defined for types 0 to 4 */
	uint8_t type;	 /* enum qualification_apic_type, or reserved */
	bool asynchronous;
};

/* "Exit Qualification for Control-Register Accesses" */
static inline struct qualification_cr qualification_cr(uint64_t q)
{
	return (struct qualification_cr){
		.number = q & 15,
		.kind = q >> 4 & 3,
		.gpr = q >> 8 & 15,
		.lmsw_source = q >> 16 & 0xffff,
	};
}

/* "Exit Qualification for MOV DR" */
static inline struct qualification_dr qualification_dr(uint64_t q)
{
	return (struct qualification_dr){
		.number = q & 7,
		.gpr = q >> 8 & 15,
		.read = q >> 4 & 1,
	};
}

/* "Exit Qualification for I/O Instructions" */
#define QUALIFICATION_IO_IN	(1u << 3)
#define QUALIFICATION_IO_STRING (1u << 4)

static inline uint16_t qualification_io_port(uint64_t q)
{
	return (uint16_t)((uint32_t)q >> 16);
}

static inline unsigned qualification_io_size(uint64_t q)
{
	return ((unsigned)q & 7) + 1;
}

static inline struct qualification_io qualification_io(uint64_t q)
{
	return (struct qualification_io){
		.port = qualification_io_port(q),
		.size = (uint8_t)qualification_io_size(q),
		.in = q & QUALIFICATION_IO_IN,
		.string = q & QUALIFICATION_IO_STRING,
		.rep = q >> 5 & 1,
	};
}

/* "Exit Qualification for EPT Violations" */
static inline struct qualification_ept qualification_ept(uint64_t q)
{
	return (struct qualification_ept){
		.read = q & 1,
		.write = q >> 1 & 1,
		.fetch = q >> 2 & 1,
		.readable = q >> 3 & 1,
		.writable = q >> 4 & 1,
		.executable = q >> 5 & 1,
		.linear_valid = q >> 7 & 1,
		.final = q >> 8 & 1,
		.nmi_unblocking = q >> 12 & 1,
		.asynchronous = q >> 16 & 1,
	};
}

/* "Exit Qualification for APIC-Access VM Exits" */
static inline struct qualification_apic qualification_apic(uint64_t q)
{
	return (struct qualification_apic){
		.offset = q & 0xfff,
		.type = q >> 12 & 15,
		.asynchronous = q >> 16 & 1,
	};
}

#endif
