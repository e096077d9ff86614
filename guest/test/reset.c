/* SPDX-License-Identifier: BSD-2-Clause */
/* Resets its machine, after a look at whether it is one just switched on. */
#include "guest/test/lib/apic.h"
#include "guest/test/lib/guest.h"
#include "guest/test/lib/insn.h"

#define MARK	   0x800000ul /* nobody loads anything there */
#define MARK_VALUE 0x6d61726b6d61726b
#define RESET_PORT 0xcf9

void guest_main(void)
{
	volatile uint64_t *mark = (uint64_t *)MARK;

	guest_equal("memory is zero", *mark, 0);
	guest_equal("TPR is zero", apic_read(APIC_TPR), 0);
	guest_equal("the CMOS byte is zero",
		    (insn_out8(0x70, 0x50), insn_in8(0x71)), 0);
	*mark = MARK_VALUE;
	apic_write(APIC_TPR, 0x50);
	insn_out8(0x70, 0x50);
	insn_out8(0x71, 0x77);
	cpu_start_all();
	insn_out8(RESET_PORT, 6);
	guest_check(false, "reset", "the machine goes on");
}
