/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Things that a guest must not do, and what it must get for them: unknown MSRs,
 * VMX instructions, reserved control register bits, memory that is not there,
 * ports that are not there.  None may end or disturb the VM.
 */
#include "guest/test/lib/apic.h"
#include "guest/test/lib/guest.h"
#include "guest/test/lib/insn.h"

#define BAD_EFER   0xc0000080
#define BAD_PAT	   0x277
#define BAD_VECTOR 0x41

static void bad_traps(const char *name, int trapped, int should)
{
	guest_check(trapped == should, name, "vector %d, should be %d", trapped,
		    should);
}

static void bad_msrs(void)
{
	static const uint32_t msr[] = {0x3,	   0x480,      0x48b,
				       0x3a,	   0x7ff,      0x12345678,
				       0x40000000, 0xc0010117, 0xffffffff};
	uint64_t value;

	if (guest_on_tcg()) {
		guest_skip("unknown MSRs", "TCG reads 0");
		return;
	}
	for (unsigned i = 0; i < sizeof(msr) / sizeof(msr[0]); i++) {
		int read = trap_rdmsr(msr[i], &value);
		int write = trap_wrmsr(msr[i], 0);

		guest_check(read == TRAP_GP && write == TRAP_GP, "unknown MSR",
			    "0x%x: RDMSR vector %d, WRMSR vector %d", msr[i],
			    read, write);
	}
	bad_traps("EFER, reserved bit", trap_wrmsr(BAD_EFER, 1ull << 63),
		  TRAP_GP);
	bad_traps("EFER, LME off while paging",
		  trap_wrmsr(BAD_EFER, insn_rdmsr(BAD_EFER) & ~0x100ull),
		  TRAP_GP);
	bad_traps("PAT, reserved type", trap_wrmsr(BAD_PAT, 2), TRAP_GP);
	bad_traps("APIC base, reserved bit",
		  trap_wrmsr(APIC_BASE_MSR, insn_rdmsr(APIC_BASE_MSR) | 1),
		  TRAP_GP);
	bad_traps("APIC base, beyond the address width",
		  trap_wrmsr(APIC_BASE_MSR,
			     insn_rdmsr(APIC_BASE_MSR) | 1ull << 63),
		  TRAP_GP);
	bad_traps("XSS, reserved bit", trap_wrmsr(0xda0, 1ull << 63), TRAP_GP);
}

static void bad_vmx(void)
{
	static const struct {
		const char *name;
		uint8_t size, code[8];
	} row[] = {
		{"VMLAUNCH", 3, {0x0f, 0x01, 0xc2}},
		{"VMRESUME", 3, {0x0f, 0x01, 0xc3}},
		{"VMXOFF", 3, {0x0f, 0x01, 0xc4}},
		{"VMFUNC", 3, {0x0f, 0x01, 0xd4}},
		{"VMREAD", 3, {0x0f, 0x78, 0xc0}},
		{"VMWRITE", 3, {0x0f, 0x79, 0xc0}},
		{"VMXON", 5, {0xf3, 0x0f, 0xc7, 0x34, 0x24}},
		{"VMPTRLD", 4, {0x0f, 0xc7, 0x34, 0x24}},
		{"VMPTRST", 4, {0x0f, 0xc7, 0x3c, 0x24}},
		{"VMCLEAR", 5, {0x66, 0x0f, 0xc7, 0x34, 0x24}},
		{"INVEPT", 6, {0x66, 0x0f, 0x38, 0x80, 0x04, 0x24}},
		{"INVVPID", 6, {0x66, 0x0f, 0x38, 0x81, 0x04, 0x24}},
		{"GETSEC", 2, {0x0f, 0x37}},
		{"UD2", 2, {0x0f, 0x0b}},
	};

	if (insn_cpuid(1, 0).ecx & 1 << 5 && !guest_on_tcg())
		guest_check(false, "CPUID.VMX", "VMX is not hidden");
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		bad_traps(row[i].name, trap_run(row[i].code, row[i].size),
			  TRAP_UD);
}

/* CR4.VMXE cannot be set: VMX is hidden. */
static void bad_control_registers(void)
{
	uint64_t cr0 = insn_read_cr0(), cr4 = insn_read_cr4();

	if (guest_on_tcg()) {
		guest_skip("CR0 and CR4", "TCG does not check");
		return;
	}
	bad_traps("CR0, high half", trap_write_cr0(cr0 | 1ull << 32), TRAP_GP);
	bad_traps("CR0, PG without PE", trap_write_cr0(cr0 & ~1ull), TRAP_GP);
	bad_traps("CR0, NW without CD",
		  trap_write_cr0((cr0 & ~(1ull << 30)) | 1 << 29), TRAP_GP);
	bad_traps("CR4, PAE off in 64-bit mode",
		  trap_write_cr4(cr4 & ~(1ull << 5)), TRAP_GP);
	bad_traps("CR4, high half", trap_write_cr4(cr4 | 1ull << 32), TRAP_GP);
	bad_traps("CR4, VMXE", trap_write_cr4(cr4 | 1 << 13), TRAP_GP);
	guest_equal("CR0 as before", insn_read_cr0(), cr0);
	guest_equal("CR4 as before", insn_read_cr4(), cr4);
}

/* Between RAM and the devices nothing answers: ones, writes are dropped. */
static void bad_memory(void)
{
	static const uint64_t address[] = {0xc0000000, 0xd0000ffc, 0xf0000000,
					   0xfed40000, 0xfee01000, 0xfebff000};

	if (guest_on_tcg()) {
		guest_skip("unbacked memory", "QEMU's PCI answers 0");
		return;
	}
	for (unsigned i = 0; i < sizeof(address) / sizeof(address[0]); i++) {
		volatile uint64_t *p = (volatile uint64_t *)address[i];
		uint32_t wide;

		*(volatile uint32_t *)p = 0x12345678;
		wide = *(volatile uint32_t *)p;
		guest_check(wide == 0xffffffff &&
				    *(volatile uint8_t *)p == 0xff &&
				    *(volatile uint16_t *)p == 0xffff,
			    "unbacked memory", "0x%lx: 0x%x", address[i], wide);
	}
}

static void bad_ports(void)
{
	guest_equal("unbacked port, 8 bits", insn_in8(0x1234), 0xff);
	guest_equal("unbacked port, 16 bits", insn_in16(0x1234), 0xffff);
	guest_equal("unbacked port, 32 bits", insn_in32(0x1234), 0xffffffff);
	insn_out32(0x1234, 0);
	insn_out32(0xcf8, 0x80000000 | 31 << 11);
	guest_equal("PCI: no device", insn_in32(0xcfc), 0xffffffff);
}

/* VMCALL and CPUID of leaves that are not there. */
static void bad_calls(void)
{
	static const uint8_t vmcall[] = {0x0f, 0x01, 0xc1};
	int trapped = trap_run(vmcall, sizeof(vmcall));

	if (guest_on_tcg())
		guest_skip("VMCALL", "TCG has none");
	else
		bad_traps("VMCALL", trapped, GUEST_NO_TRAP);
	for (uint32_t leaf = 0x80000000; leaf < 0x80000100; leaf++)
		insn_cpuid(leaf, leaf);
	for (uint32_t leaf = 0; leaf < 0x100; leaf++)
		insn_cpuid(leaf, 0xffffffff);
	guest_check(true, "CPUID", "highest leaf 0x%x, hypervisor %d",
		    insn_cpuid(0, 0).eax, (int)(insn_cpuid(1, 0).ecx >> 31));
}

/* After all of it, interrupts still come. */
static void bad_still_alive(void)
{
	uint64_t before = cpu_this()->count[BAD_VECTOR];

	apic_send(0, APIC_ICR_SELF | BAD_VECTOR);
	insn_window();
	guest_equal("still alive", cpu_this()->count[BAD_VECTOR] - before, 1);
	__asm__ volatile("int $0x80" : : : "memory");
	guest_equal("INT n", cpu_this()->count[0x80], 1);
}

void guest_main(void)
{
	bad_msrs();
	bad_vmx();
	bad_control_registers();
	bad_memory();
	bad_ports();
	bad_calls();
	bad_still_alive();
}
