/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest ACPI tables, laid out one behind the other as one copy.  Pure.
 * Source: ACPI Specification 6.3, "ACPI Software Programming Model".
 */
#include "guest/load/acpi_tables.h"

#include "build/gen/dsdt.h"
#include "guest/dev/ports.h"
#include "hv/lib/string.h"

#define ACPI_LAPIC_ADDRESS	 0xfee00000u
#define ACPI_IOAPIC_ADDRESS	 0xfec00000u /* as VIOAPIC_BASE */
#define ACPI_XAPIC_ID_MAX	 254	     /* 255 is broadcast */
#define ACPI_NO_C_STATE		 0xffff	     /* latency: state not supported */
#define ACPI_BOOT_LEGACY_DEVICES (1 << 0)
#define ACPI_BOOT_NO_VGA	 (1 << 2)
#define ACPI_FLAG_WBINVD	 (1 << 0)
#define ACPI_FLAG_PROC_C1	 (1 << 2)
#define ACPI_FLAG_SLP_BUTTON	 (1 << 5) /* no fixed-feature button */
#define ACPI_FLAG_FIX_RTC	 (1 << 6) /* no fixed-feature RTC wake */
#define ACPI_FLAG_TMR_VAL_EXT	 (1 << 8) /* 32 bits */
#define ACPI_FLAG_RESET_REG_SUP	 (1 << 10)
#define ACPI_PCAT_COMPAT	 1 /* there is an 8259 pair */
#define ACPI_ENABLED		 1
#define ACPI_ALL_CPUS		 0xff
#define ACPI_ALL_X2APIC_CPUS	 0xffffffffu
#define ACPI_LEVEL_ACTIVE_HIGH	 0xd /* interrupt flags: polarity, trigger */
#define ACPI_SPACE_IO		 1

#define ACPI_PACKED		 __attribute__((packed))

struct acpi_rsdp {
	char signature[8];
	uint8_t checksum; /* of the first 20 bytes */
	char oem_id[6];
	uint8_t revision;
	uint32_t rsdt;
	uint32_t size_bytes;
	uint64_t xsdt;
	uint8_t extended_checksum;
	uint8_t reserved[3];
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_rsdp) == 36, "RSDP");

struct acpi_header {
	char signature[4];
	uint32_t size_bytes;
	uint8_t revision;
	uint8_t checksum;
	char oem_id[6];
	char oem_table_id[8];
	uint32_t oem_revision;
	char creator_id[4];
	uint32_t creator_revision;
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_header) == 36, "table header");

struct acpi_gas {
	uint8_t space, width_bits, offset_bits, access;
	uint64_t address;
} ACPI_PACKED;

struct acpi_fadt {
	struct acpi_header header;
	uint32_t facs, dsdt;
	uint8_t reserved0, profile;
	uint16_t sci_irq;
	uint32_t smi_command;
	uint8_t acpi_enable, acpi_disable, s4bios_request, pstate_control;
	uint32_t pm1a_evt, pm1b_evt, pm1a_cnt, pm1b_cnt, pm2_cnt, pm_tmr;
	uint32_t gpe0, gpe1;
	uint8_t pm1_evt_bytes, pm1_cnt_bytes, pm2_cnt_bytes, pm_tmr_bytes;
	uint8_t gpe0_bytes, gpe1_bytes, gpe1_base, cstate_control;
	uint16_t c2_latency, c3_latency, flush_size, flush_stride;
	uint8_t duty_offset, duty_width, day_alarm, month_alarm, century;
	uint16_t boot_flags;
	uint8_t reserved1;
	uint32_t flags;
	struct acpi_gas reset_reg;
	uint8_t reset_value;
	uint16_t arm_flags;
	uint8_t minor_revision;
	uint64_t x_facs, x_dsdt;
	struct acpi_gas x_pm1a_evt, x_pm1b_evt, x_pm1a_cnt, x_pm1b_cnt;
	struct acpi_gas x_pm2_cnt, x_pm_tmr, x_gpe0, x_gpe1;
	struct acpi_gas sleep_control, sleep_status;
	uint64_t hypervisor_vendor;
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_fadt) == 276, "FADT");

struct acpi_facs {
	char signature[4];
	uint32_t size_bytes;
	uint32_t hardware_signature, waking_vector, global_lock, flags;
	uint64_t x_waking_vector;
	uint8_t version, reserved[31];
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_facs) == 64, "FACS");

struct acpi_madt {
	struct acpi_header header;
	uint32_t lapic_address, flags;
} ACPI_PACKED;

struct acpi_madt_lapic { /* type 0 */
	uint8_t type, size_bytes, uid, apic_id;
	uint32_t flags;
} ACPI_PACKED;

struct acpi_madt_ioapic { /* type 1 */
	uint8_t type, size_bytes, id, reserved;
	uint32_t address, gsi_base;
} ACPI_PACKED;

struct acpi_madt_override { /* type 2 */
	uint8_t type, size_bytes, bus, irq;
	uint32_t gsi;
	uint16_t flags;
} ACPI_PACKED;

struct acpi_madt_nmi { /* type 4 */
	uint8_t type, size_bytes, uid;
	uint16_t flags;
	uint8_t lint;
} ACPI_PACKED;

struct acpi_madt_x2apic { /* type 9 */
	uint8_t type, size_bytes, reserved[2];
	uint32_t x2apic_id, flags, uid;
} ACPI_PACKED;

struct acpi_madt_x2apic_nmi { /* type AH */
	uint8_t type, size_bytes;
	uint16_t flags;
	uint32_t uid;
	uint8_t lint, reserved[3];
} ACPI_PACKED;

/* Where the tables of fixed size lie, from ACPI_TABLES_AT. */
enum {
	ACPI_RSDP_OFFSET = 0,
	ACPI_FACS_OFFSET = 0x40, /* 64-byte aligned, as the FACS must be */
	ACPI_XSDT_OFFSET = 0x80,
	ACPI_FADT_OFFSET = 0x100,
	ACPI_DSDT_OFFSET = 0x220,
	ACPI_MADT_OFFSET =
		(ACPI_DSDT_OFFSET + sizeof(dsdt_aml_code) + 15) & ~15ul,
};

#define ACPI_XSDT_TABLES 2

static uint8_t acpi_checksum(const void *table, size_t size_bytes)
{
	const uint8_t *bytes = table;
	uint8_t sum = 0;

	for (size_t i = 0; i < size_bytes; i++)
		sum += bytes[i];
	return (uint8_t)-sum;
}

/* Fills the header, last of all the table. */
static void acpi_finish(struct acpi_header *header, const char *signature,
			uint8_t revision, size_t size_bytes)
{
	memcpy(header->signature, signature, sizeof(header->signature));
	header->size_bytes = (uint32_t)size_bytes;
	header->revision = revision;
	memcpy(header->oem_id, "APICAL", sizeof(header->oem_id));
	memcpy(header->oem_table_id, "APICAL  ", sizeof(header->oem_table_id));
	header->oem_revision = 1;
	memcpy(header->creator_id, "APIC", sizeof(header->creator_id));
	header->creator_revision = 1;
	header->checksum = acpi_checksum(header, size_bytes);
}

static void acpi_put_rsdp(uint8_t *base)
{
	struct acpi_rsdp *rsdp = (void *)(base + ACPI_RSDP_OFFSET);

	memcpy(rsdp->signature, "RSD PTR ", sizeof(rsdp->signature));
	memcpy(rsdp->oem_id, "APICAL", sizeof(rsdp->oem_id));
	rsdp->revision = 2;
	rsdp->size_bytes = sizeof(*rsdp);
	rsdp->xsdt = ACPI_TABLES_AT + ACPI_XSDT_OFFSET;
	rsdp->checksum = acpi_checksum(rsdp, 20);
	rsdp->extended_checksum = acpi_checksum(rsdp, sizeof(*rsdp));
}

static void acpi_put_facs(uint8_t *base)
{
	struct acpi_facs *facs = (void *)(base + ACPI_FACS_OFFSET);

	memcpy(facs->signature, "FACS", sizeof(facs->signature));
	facs->size_bytes = sizeof(*facs);
	facs->version = 2;
}

static void acpi_put_xsdt(uint8_t *base)
{
	static const uint64_t table[ACPI_XSDT_TABLES] = {
		ACPI_TABLES_AT + ACPI_FADT_OFFSET,
		ACPI_TABLES_AT + ACPI_MADT_OFFSET,
	};
	struct acpi_header *xsdt = (void *)(base + ACPI_XSDT_OFFSET);

	memcpy(xsdt + 1, table, sizeof(table));
	acpi_finish(xsdt, "XSDT", 1, sizeof(*xsdt) + sizeof(table));
}

static struct acpi_gas acpi_port(uint16_t port, uint8_t size_bytes)
{
	return (struct acpi_gas){
		.space = ACPI_SPACE_IO,
		.width_bits = (uint8_t)(size_bytes * 8),
		.address = port,
	};
}

/* No SMI command port: the machine is in ACPI mode from the start. */
static void acpi_put_fadt(uint8_t *base)
{
	struct acpi_fadt fadt = {
		.facs = ACPI_TABLES_AT + ACPI_FACS_OFFSET,
		.dsdt = ACPI_TABLES_AT + ACPI_DSDT_OFFSET,
		.sci_irq = PORTS_SCI_IRQ,
		.pm1a_evt = PORTS_PM1A_EVT,
		.pm1a_cnt = PORTS_PM1A_CNT,
		.pm_tmr = PORTS_PM_TMR,
		.pm1_evt_bytes = PORTS_PM1A_EVT_SIZE,
		.pm1_cnt_bytes = PORTS_PM1A_CNT_SIZE,
		.pm_tmr_bytes = PORTS_PM_TMR_SIZE,
		.c2_latency = ACPI_NO_C_STATE,
		.c3_latency = ACPI_NO_C_STATE,
		.boot_flags = ACPI_BOOT_LEGACY_DEVICES | ACPI_BOOT_NO_VGA,
		.flags = ACPI_FLAG_WBINVD | ACPI_FLAG_PROC_C1 |
			 ACPI_FLAG_SLP_BUTTON | ACPI_FLAG_FIX_RTC |
			 ACPI_FLAG_TMR_VAL_EXT | ACPI_FLAG_RESET_REG_SUP,
		.reset_reg = acpi_port(PORTS_RESET, 1),
		.reset_value = PORTS_RESET_VALUE,
		.minor_revision = 3,
		.x_dsdt = ACPI_TABLES_AT + ACPI_DSDT_OFFSET,
		.x_pm1a_evt = acpi_port(PORTS_PM1A_EVT, PORTS_PM1A_EVT_SIZE),
		.x_pm1a_cnt = acpi_port(PORTS_PM1A_CNT, PORTS_PM1A_CNT_SIZE),
		.x_pm_tmr = acpi_port(PORTS_PM_TMR, PORTS_PM_TMR_SIZE),
	};

	acpi_finish(&fadt.header, "FACP", 6, sizeof(fadt));
	memcpy(base + ACPI_FADT_OFFSET, &fadt, sizeof(fadt));
}

/* Adds one MADT entry at *end. */
static void acpi_add(uint8_t **end, const void *entry, size_t size_bytes)
{
	memcpy(*end, entry, size_bytes);
	*end += size_bytes;
}

static void acpi_add_cpus(const struct load_request *request, uint8_t **end)
{
	bool x2apic = false;

	for (uint32_t i = 0; i < request->vcpu_count; i++) {
		struct acpi_madt_lapic lapic = {
			.type = 0,
			.size_bytes = sizeof(lapic),
			.uid = (uint8_t)i,
			.apic_id = (uint8_t)request->apic_id[i],
			.flags = ACPI_ENABLED,
		};
		struct acpi_madt_x2apic wide = {
			.type = 9,
			.size_bytes = sizeof(wide),
			.x2apic_id = request->apic_id[i],
			.flags = ACPI_ENABLED,
			.uid = i,
		};

		if (request->apic_id[i] <= ACPI_XAPIC_ID_MAX) {
			acpi_add(end, &lapic, sizeof(lapic));
		} else {
			acpi_add(end, &wide, sizeof(wide));
			x2apic = true;
		}
	}
	/* NMI is wired to LINT1 of every CPU. */
	acpi_add(end,
		 &(struct acpi_madt_nmi){
			 .type = 4,
			 .size_bytes = sizeof(struct acpi_madt_nmi),
			 .uid = ACPI_ALL_CPUS,
			 .lint = 1,
		 },
		 sizeof(struct acpi_madt_nmi));
	if (x2apic)
		acpi_add(end,
			 &(struct acpi_madt_x2apic_nmi){
				 .type = 0xa,
				 .size_bytes =
					 sizeof(struct acpi_madt_x2apic_nmi),
				 .uid = ACPI_ALL_X2APIC_CPUS,
				 .lint = 1,
			 },
			 sizeof(struct acpi_madt_x2apic_nmi));
}

static void acpi_add_io(uint8_t **end)
{
	static const struct acpi_madt_ioapic ioapic = {
		.type = 1,
		.size_bytes = sizeof(ioapic),
		.id = 0,
		.address = ACPI_IOAPIC_ADDRESS,
		.gsi_base = 0,
	};
	static const struct acpi_madt_override override[] = {
		{
			/* the PIT */
			.type = 2,
			.size_bytes = sizeof(override[0]),
			.irq = PORTS_PIT_IRQ,
			.gsi = PORTS_PIT_PIN,
		},
		{
			.type = 2,
			.size_bytes = sizeof(override[0]),
			.irq = PORTS_SCI_IRQ,
			.gsi = PORTS_SCI_IRQ,
			.flags = ACPI_LEVEL_ACTIVE_HIGH,
		},
	};

	acpi_add(end, &ioapic, sizeof(ioapic));
	acpi_add(end, override, sizeof(override));
}

/* An upper bound of what acpi_put_madt() writes. */
static size_t acpi_madt_max(const struct load_request *request)
{
	return sizeof(struct acpi_madt) +
	       request->vcpu_count * sizeof(struct acpi_madt_x2apic) +
	       sizeof(struct acpi_madt_nmi) +
	       sizeof(struct acpi_madt_x2apic_nmi) +
	       sizeof(struct acpi_madt_ioapic) +
	       2 * sizeof(struct acpi_madt_override);
}

static void acpi_put_madt(const struct load_request *request, uint8_t *base)
{
	struct acpi_madt *madt = (void *)(base + ACPI_MADT_OFFSET);
	uint8_t *end = (uint8_t *)(madt + 1);

	madt->lapic_address = ACPI_LAPIC_ADDRESS;
	madt->flags = ACPI_PCAT_COMPAT;
	acpi_add_cpus(request, &end);
	acpi_add_io(&end);
	acpi_finish(&madt->header, "APIC", 5, (size_t)(end - (uint8_t *)madt));
}

bool acpi_tables_plan(struct builder *b)
{
	struct load_plan *plan = b->plan;
	size_t size = ACPI_MADT_OFFSET + acpi_madt_max(b->request);
	uint8_t *base = builder_take(b, size);

	if (!base)
		return false;
	if (plan->count == LOAD_COPIES_MAX)
		return builder_fail(b, "the image has too many segments");
	acpi_put_rsdp(base);
	acpi_put_facs(base);
	acpi_put_xsdt(base);
	acpi_put_fadt(base);
	memcpy(base + ACPI_DSDT_OFFSET, dsdt_aml_code, sizeof(dsdt_aml_code));
	acpi_put_madt(b->request, base);
	plan->copy[plan->count++] = (struct load_copy){
		.to = gpa(ACPI_TABLES_AT),
		.from = base,
		.file_bytes = size,
		.memory_bytes = size,
	};
	return true;
}
