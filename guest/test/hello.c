/* SPDX-License-Identifier: BSD-2-Clause */
/* The smallest guest: it runs, it prints, it ends. */
#include "guest/test/lib/guest.h"

void guest_main(void)
{
	print("Hello from 64-bit mode.\n");
	guest_check(true, "hello", "%u CPUs in the ACPI tables", cpu_count);
}
