/* SPDX-License-Identifier: BSD-2-Clause */
/* Instructions that C has no words for, for test guests. */
#ifndef GUEST_TEST_LIB_INSN_H
#define GUEST_TEST_LIB_INSN_H

#include <stdint.h>

struct insn_cpuid {
	uint32_t eax, ebx, ecx, edx;
};

static inline struct insn_cpuid insn_cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct insn_cpuid r;

	__asm__ volatile("cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "a"(leaf), "c"(subleaf));
	return r;
}

static inline void insn_out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void insn_out16(uint16_t port, uint16_t value)
{
	__asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline void insn_out32(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t insn_in8(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline uint16_t insn_in16(uint16_t port)
{
	uint16_t value;

	__asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline uint32_t insn_in32(uint16_t port)
{
	uint32_t value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline uint64_t insn_rdmsr(uint32_t msr)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (uint64_t)high << 32 | low;
}

static inline void insn_wrmsr(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr"
			 :
			 : "c"(msr), "a"((uint32_t)value),
			   "d"((uint32_t)(value >> 32))
			 : "memory");
}

static inline uint64_t insn_rdtsc(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

static inline uint64_t insn_read_cr0(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr0, %0" : "=r"(value));
	return value;
}

static inline uint64_t insn_read_cr4(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr4, %0" : "=r"(value));
	return value;
}

static inline uint64_t insn_read_cr8(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr8, %0" : "=r"(value));
	return value;
}

static inline void insn_write_cr8(uint64_t value)
{
	__asm__ volatile("mov %0, %%cr8" : : "r"(value) : "memory");
}

static inline void insn_cli(void)
{
	__asm__ volatile("cli" : : : "memory");
}

static inline void insn_sti(void)
{
	__asm__ volatile("sti" : : : "memory");
}

/* Takes what is pending, and no more; interrupts are off again afterwards. */
static inline void insn_window(void)
{
	__asm__ volatile("sti; nop; nop; cli" : : : "memory");
}

/* Sleeps until an interrupt was taken; interrupts are off again afterwards. */
static inline void insn_sleep(void)
{
	__asm__ volatile("sti; hlt; cli" : : : "memory");
}

static inline void insn_pause(void)
{
	__asm__ volatile("pause" : : : "memory");
}

#endif
