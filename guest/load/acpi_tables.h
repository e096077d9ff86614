/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ACPI tables that a guest finds: RSDP, XSDT, FADT, FACS, MADT and DSDT,
 * in firmware's memory below 1 MiB.  Pure; used by guest/load/load.c.
 */
#ifndef GUEST_LOAD_ACPI_TABLES_H
#define GUEST_LOAD_ACPI_TABLES_H

#include <stdbool.h>

#include "guest/load/builder.h"

#define ACPI_TABLES_AT 0xe0000 /* the RSDP, and all others behind it */

/*
 * Adds the tables to the builder's plan, for the vCPUs of its request; false
 * with the error written.  May be called first or last.
 */
bool acpi_tables_plan(struct builder *b);

#endif
