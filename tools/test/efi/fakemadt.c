/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Firmware in a file: installs ACPI tables of its own, then starts the loader.
 * The MADT names the real processors (even ones as local APIC, odd ones as
 * local x2APIC entries, the first one twice), three enabled ones that do not
 * exist, and two disabled ones.  With the word "spcr" or "dbg2" in \acpi.txt
 * that table names COM2.  Source: ACPI specification, "Multiple APIC Description Table".
 */
#include "tools/test/efi/chain.h"

#define TABLES_SIZE 0x2000u
#define HEADER_SIZE 36u

struct tables {
	uint8_t *bytes;
	uint32_t used;
	uint64_t table[4];
	uint32_t count;
};

static void put(struct tables *t, uint64_t value, uint32_t size)
{
	if (t->used + size > TABLES_SIZE)
		return;
	memcpy(t->bytes + t->used, &value, size);
	t->used += size;
}

static void fix_sum(uint8_t *bytes, uint32_t size, uint32_t at)
{
	uint8_t sum = 0;

	bytes[at] = 0;
	for (uint32_t i = 0; i < size; i++)
		sum += bytes[i];
	bytes[at] = (uint8_t)-sum;
}

static uint32_t begin(struct tables *t, const char *signature, uint8_t revision)
{
	uint32_t at = t->used = (t->used + 15) & ~15u;

	memset(t->bytes + at, 0, HEADER_SIZE);
	memcpy(t->bytes + at, signature, 4);
	t->bytes[at + 8] = revision;
	memcpy(t->bytes + at + 10, "APICALFAKEMADT", 14);
	t->used += HEADER_SIZE;
	return at;
}

static void end(struct tables *t, uint32_t at)
{
	uint32_t size = t->used - at;

	memcpy(t->bytes + at + 4, &size, 4);
	fix_sum(t->bytes + at, size, 9);
	t->table[t->count++] = (uint64_t)(t->bytes + at);
}

static void put_lapic(struct tables *t, uint32_t id, uint32_t flags)
{
	put(t, 0x0800 | (uint64_t)id << 24 | (uint64_t)flags << 32, 8);
}

static void put_x2apic(struct tables *t, uint32_t id, uint32_t flags)
{
	put(t, 0x1009 | (uint64_t)id << 32, 8);
	put(t, flags, 8);
}

static void put_real_cpus(struct tables *t, EFI_SYSTEM_TABLE *system)
{
	EFI_GUID guid = MP_SERVICES_GUID;
	struct mp_services *mp;
	UINTN count, enabled;

	if (EFI_ERROR(system->BootServices->LocateProtocol(&guid, NULL,
							   (VOID **)&mp)) ||
	    EFI_ERROR(mp->get_number(mp, &count, &enabled)))
		return;
	for (UINTN i = 0; i < count; i++) {
		struct mp_processor info = {0};

		if (EFI_ERROR(mp->get_info(mp, i, &info)))
			continue;
		if (i % 2 == 0)
			put_lapic(t, (uint32_t)info.processor_id, 1);
		if (i % 2 == 1 || i == 0)
			put_x2apic(t, (uint32_t)info.processor_id, 1);
	}
}

static void put_override(struct tables *t, uint8_t irq, uint32_t gsi,
			 uint16_t flags)
{
	put(t, 0x0a02 | (uint64_t)irq << 24 | (uint64_t)gsi << 32, 8);
	put(t, flags, 2);
}

static void put_madt(struct tables *t, EFI_SYSTEM_TABLE *system)
{
	uint32_t at = begin(t, "APIC", 4);

	put(t, 0xfee00000, 4);
	put(t, 1, 4); /* there are 8259s */
	put_lapic(t, 0x55, 0);
	put_real_cpus(t, system);
	put_lapic(t, 0x60, 1);
	put_lapic(t, 0x61, 1);
	put_x2apic(t, 0x62, 1);
	put_x2apic(t, 0x12345, 0);
	put(t, 0x0c01, 4);
	put(t, 0xfec00000, 8); /* GSI base 0 */
	put_override(t, 0, 2, 0);
	put_override(t, 9, 9, 0xd); /* level, high */
	end(t, at);
}

/* COM2 at 115200 baud, interrupt 3 on 8259s and I/O APIC. */
static void put_spcr(struct tables *t)
{
	uint32_t at = begin(t, "SPCR", 2);

	put(t, 0, 4);	       /* 16550 */
	put(t, 0x00000801, 4); /* I/O, 8 bits */
	put(t, 0x2f8, 8);
	put(t, 0x0303, 2);
	put(t, 3, 4);
	put(t, 7, 2);	       /* 115200, no parity */
	put(t, 1, 4);	       /* one stop bit, no flow control */
	put(t, 0xffffffff, 4); /* no PCI device */
	put(t, 0, 8);
	put(t, 0, 4);
	end(t, at);
}

/* COM2 once more; a parallel port and a USB debug port stand before it. */
static void put_dbg2(struct tables *t)
{
	uint32_t at = begin(t, "DBG2", 0);

	put(t, 44, 4);
	put(t, 3, 4);
	for (uint32_t i = 0; i < 3; i++) {
		static const uint16_t type[] = {0x8001, 0x8002, 0x8000};

		put(t, 0, 1);
		put(t, 22 + 12 + 4 + 2, 2);
		put(t, 1, 1);		/* address */
		put(t, 2, 2);		/* bytes of name */
		put(t, 22 + 12 + 4, 2); /* the name's offset */
		put(t, 0, 4);		/* nothing of the maker's */
		put(t, type[i], 2);
		put(t, 0, 2); /* 16550, for the serial port */
		put(t, 0, 2);
		put(t, 22, 2);	    /* offset of the address */
		put(t, 22 + 12, 2); /* and of its size */
		put(t, 0x00000801, 4);
		put(t, i == 2 ? 0x2f8 : 0x378, 8);
		put(t, 8, 4);
		put(t, '.', 2);
	}
	end(t, at);
}

/* The first four characters of \acpi.txt on our volume; zeroes: none. */
static void read_wish(EFI_HANDLE image, EFI_SYSTEM_TABLE *system, char text[4])
{
	EFI_GUID loaded_guid = EFI_LOADED_IMAGE_PROTOCOL_GUID;
	EFI_GUID volume_guid = EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID;
	EFI_BOOT_SERVICES *boot = system->BootServices;
	CHAR16 name[] = {'\\', 'a', 'c', 'p', 'i', '.', 't', 'x', 't', 0};
	EFI_SIMPLE_FILE_SYSTEM_PROTOCOL *volume;
	EFI_FILE_PROTOCOL *root, *file;
	EFI_LOADED_IMAGE *self;
	UINTN size = 4;

	memset(text, 0, 4);
	if (EFI_ERROR(boot->HandleProtocol(image, &loaded_guid,
					   (VOID **)&self)) ||
	    EFI_ERROR(boot->HandleProtocol(self->DeviceHandle, &volume_guid,
					   (VOID **)&volume)) ||
	    EFI_ERROR(volume->OpenVolume(volume, &root)) ||
	    EFI_ERROR(root->Open(root, &file, name, EFI_FILE_MODE_READ, 0)) ||
	    EFI_ERROR(file->Read(file, &size, text)))
		memset(text, 0, 4);
}

static void *finish(struct tables *t)
{
	uint32_t count = t->count;
	uint32_t at = begin(t, "XSDT", 1);
	uint8_t *rsdp;

	for (uint32_t i = 0; i < count; i++)
		put(t, t->table[i], 8);
	end(t, at);
	t->used = (t->used + 15) & ~15u;
	rsdp = t->bytes + t->used;
	memset(rsdp, 0, 36);
	memcpy(rsdp, "RSD PTR ", 8);
	memcpy(rsdp + 9, "APICAL", 6);
	rsdp[15] = 2;
	rsdp[20] = 36;
	memcpy(rsdp + 24, &t->table[count], 8);
	fix_sum(rsdp, 20, 8);
	fix_sum(rsdp, 36, 32);
	return rsdp;
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
	EFI_GUID acpi = ACPI_20_TABLE_GUID;
	EFI_PHYSICAL_ADDRESS pages;
	struct tables t = {0};
	char wish[4];

	if (EFI_ERROR(system->BootServices->AllocatePages(
		    AllocateAnyPages, EfiACPIReclaimMemory,
		    TABLES_SIZE / FIRMWARE_PAGE_SIZE, &pages)))
		return EFI_OUT_OF_RESOURCES;
	t.bytes = (uint8_t *)pages;
	put_madt(&t, system);
	read_wish(image, system, wish);
	if (!memcmp(wish, "spcr", 4))
		put_spcr(&t);
	if (!memcmp(wish, "dbg2", 4))
		put_dbg2(&t);
	if (EFI_ERROR(system->BootServices->InstallConfigurationTable(
		    &acpi, finish(&t))))
		return EFI_OUT_OF_RESOURCES;
	chain_say("fakemadt: ACPI tables installed\r\n");
	return chain_start(image, system);
}
