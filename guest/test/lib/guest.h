/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a test guest can use: printing, verdicts, traps, CPUs, time.  A guest
 * defines guest_main(), which runs on the boot CPU with interrupts off; when it
 * returns, the VM ends with the number of failed checks.
 *
 * Nothing here knows the hypervisor: the guests run under QEMU's -kernel too.
 */
#ifndef GUEST_TEST_LIB_GUEST_H
#define GUEST_TEST_LIB_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUEST_CPUS_MAX	  64
#define GUEST_STACK_BYTES 8192
#define GUEST_VECTORS	  256
#define GUEST_NO_TRAP	  (-1)

/* Vectors of exceptions. */
enum {
	TRAP_DB = 1,
	TRAP_NMI = 2,
	TRAP_UD = 6,
	TRAP_DF = 8,
	TRAP_GP = 13,
	TRAP_PF = 14,
};

/* What a trap stub saves; the first is the lowest address. */
struct trap_frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
	uint64_t rdi, rsi, rbp, rbx, rdx, rcx, rax;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

/* One per CPU, at GS:0. */
struct cpu {
	struct cpu *self;	/* GS:0 */
	uint64_t fixup;		/* GS:8: where a trap resumes, or 0 */
	int64_t trapped;	/* GS:16: its vector, or GUEST_NO_TRAP */
	uint64_t trapped_error; /* GS:24 */
	uint32_t index;
	uint32_t apic_id;
	bool x2apic; /* which way apic_read() and apic_write() take */
	volatile uint64_t count[GUEST_VECTORS]; /* interrupts taken */
	volatile uint32_t last_vector;
	void (*volatile work)(void); /* what another CPU asks of this one */
	volatile uint32_t starts;    /* times that SIPI started this CPU */
};

/* ---- a guest's own ---- */

void guest_main(void);
/* Is word among the words of the command line? */
bool guest_has_word(const char *word);
/* The decimal number in the first word there that begins with prefix. */
uint64_t guest_number(const char *prefix, uint64_t otherwise);

/* ---- verdicts; each prints one line ---- */

/* "PASS name: text" or "FAIL name: text", and counts failures. */
__attribute__((format(printf, 3, 4))) void guest_check(bool ok,
						       const char *name,
						       const char *fmt, ...);
/* The same, showing what is and what should be. */
void guest_equal(const char *name, uint64_t is, uint64_t should);
/* "SKIP name: why": what this machine does not have. */
void guest_skip(const char *name, const char *why);
/* QEMU without hardware support: some checks it is known to fail. */
bool guest_on_tcg(void);
/* Ends the VM with code, by port F4H. */
__attribute__((noreturn)) void guest_exit(uint32_t code);
__attribute__((noreturn)) void guest_stop(void); /* cli; hlt for ever */

/* %s %c %d %u %x %lx %lu %ld, a width with or without '0'; nothing else. */
__attribute__((format(printf, 1, 2))) void print(const char *fmt, ...);

/* ---- traps ---- */

/* Handlers run with interrupts off; NULL means: count, EOI, return. */
void trap_handle(unsigned vector, void (*handler)(struct trap_frame *));
/* GUEST_NO_TRAP or the vector of the trap that cut the instruction off. */
int trap_rdmsr(uint32_t msr, uint64_t *value);
int trap_wrmsr(uint32_t msr, uint64_t value);
int trap_write_cr0(uint64_t value);
int trap_write_cr4(uint64_t value);
int trap_write_cr8(uint64_t value);
/* Runs size bytes of machine code, at most 15, with RAX = 0. */
int trap_run(const uint8_t *code, size_t size);

/* ---- CPUs ---- */

extern struct cpu cpus[GUEST_CPUS_MAX];
extern unsigned cpu_count; /* as the ACPI tables tell */
/* Starts all others by INIT, SIPI, SIPI; returns how many CPUs then run. */
unsigned cpu_start_all(void);
/* INIT, then SIPI, without a pause between them. */
void cpu_restart(unsigned index);
/* Runs work on another CPU; cpu_wait() waits for its end, false on time-out. */
void cpu_ask(unsigned index, void (*work)(void));
bool cpu_wait(unsigned index);

static inline struct cpu *cpu_this(void)
{
	struct cpu *self;

	__asm__ volatile("mov %%gs:0, %0" : "=r"(self));
	return self;
}

/* ---- time, by the ACPI PM timer ---- */

#define TIME_PM_HZ 3579545u

uint32_t time_pm(void); /* 24 bits of it */
/* Ticks from then to now; right up to 4.6 s. */
uint32_t time_pm_since(uint32_t then);
void time_delay_us(uint32_t us);
/* Waits until *counter >= wanted; false when limit_ms pass first. */
bool time_wait(const volatile uint64_t *counter, uint64_t wanted,
	       uint32_t limit_ms);
uint64_t time_tsc_hz(void); /* measured against the PM timer */

void *memcpy(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);

#endif
