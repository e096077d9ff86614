/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NMIs between two CPUs: two that arrive while none is in service are both
 * delivered, one more is held while one is in service, none is delivered in
 * the shadow of STI or MOV SS, and IRET lets the next one in.  Source: SDM
 * volume 3, "Handling Multiple NMIs", and volume 2, STI.
 */
#include "guest/test/lib/apic.h"
#include "guest/test/lib/guest.h"
#include "guest/test/lib/insn.h"

#define ROUNDS	 200
#define SHADOWS	 400
#define LIMIT_MS 2000
#define SOFT	 0x41

static volatile uint64_t nmi_entered, nmi_left, nmi_depth, nmi_deepest;
static volatile uint64_t nmi_go;    /* the handler may return */
static volatile uint64_t nmi_ready; /* the other CPU has begun */
static volatile uint64_t nmi_stop;
static volatile uint64_t nmi_bad_rip, nmi_rip;
static uint64_t nmi_shadow[4]; /* addresses where no NMI may come */

static void nmi_send(unsigned index)
{
	apic_send(cpus[index].apic_id, APIC_ICR_NMI | APIC_ICR_ASSERT);
}

static void nmi_begin(void)
{
	nmi_entered = nmi_left = nmi_depth = nmi_deepest = 0;
	nmi_go = nmi_ready = nmi_stop = 0;
}

/* Waits until *counter has stayed at its value for a while. */
static uint64_t nmi_settled(const volatile uint64_t *counter)
{
	uint64_t value;

	do {
		value = *counter;
		time_delay_us(2000);
	} while (value != *counter);
	return value;
}

/* ---- how many ---- */

static void nmi_wait_handler(struct trap_frame *f)
{
	(void)f;
	nmi_entered++;
	if (++nmi_depth > nmi_deepest)
		nmi_deepest = nmi_depth;
	while (!nmi_go)
		insn_pause();
	nmi_depth--;
	nmi_left++;
}

static void nmi_spin(void)
{
	nmi_ready = 1;
	while (!nmi_stop)
		insn_pause();
}

static void nmi_spin_with_exits(void)
{
	nmi_ready = 1;
	while (!nmi_stop)
		insn_cpuid(0, 0);
}

static void nmi_sleep(void)
{
	nmi_ready = 1;
	while (!nmi_stop)
		__asm__ volatile("cli; hlt" : : : "memory");
}

/* Sends count NMIs, the first of which stays in service until all are sent. */
static uint64_t nmi_round(void (*work)(void), unsigned count)
{
	uint64_t taken;

	nmi_begin();
	cpu_ask(1, work);
	time_wait(&nmi_ready, 1, LIMIT_MS);
	for (unsigned i = 0; i < count; i++)
		nmi_send(1);
	time_wait(&nmi_entered, 1, LIMIT_MS);
	nmi_go = 1;
	time_wait(&nmi_left, count < 2 ? count : 2, LIMIT_MS);
	nmi_stop = 1;
	taken = nmi_settled(&nmi_left);
	if (work == nmi_sleep) {
		nmi_send(1); /* the last one, so that it looks */
		time_wait(&nmi_left, taken + 1, LIMIT_MS);
	}
	cpu_wait(1);
	return taken;
}

static void nmi_counts(const char *name, void (*work)(void))
{
	for (unsigned count = 1; count <= 4; count++) {
		uint64_t should = count < 2 ? count : 2;
		unsigned wrong = 0;
		uint64_t taken = 0;

		for (unsigned i = 0; i < ROUNDS / 50; i++) {
			taken = nmi_round(work, count);
			wrong += taken != should;
		}
		guest_check(!wrong && nmi_deepest == 1, name,
			    "%u sent, %lu taken, depth %lu, %u wrong", count,
			    taken, nmi_deepest, wrong);
	}
}

/* While one is in service two more come: one of them is held. */
static void nmi_held(void)
{
	nmi_begin();
	cpu_ask(1, nmi_spin);
	nmi_send(1);
	time_wait(&nmi_entered, 1, LIMIT_MS);
	nmi_send(1);
	time_delay_us(1000);
	nmi_send(1);
	time_delay_us(1000);
	guest_equal("in service: no other comes", nmi_entered, 1);
	nmi_go = 1;
	time_wait(&nmi_left, 2, LIMIT_MS);
	guest_equal("then one of the two that came", nmi_settled(&nmi_left), 2);
	nmi_stop = 1;
	cpu_wait(1);
}

/* ---- IRET ---- */

static void nmi_nested_handler(struct trap_frame *f)
{
	(void)f;
	nmi_entered++;
	if (++nmi_depth > nmi_deepest)
		nmi_deepest = nmi_depth;
	if (nmi_entered == 1) {
		nmi_send(0);
		insn_cpuid(0, 0);
		nmi_bad_rip = nmi_entered; /* still 1 */
		__asm__ volatile("int %0" : : "i"(SOFT) : "memory");
	}
	nmi_depth--;
	nmi_left++;
}

static void nmi_on_soft(struct trap_frame *f)
{
	(void)f;
}

static void nmi_iret(void)
{
	nmi_begin();
	trap_handle(TRAP_NMI, nmi_nested_handler);
	trap_handle(SOFT, nmi_on_soft);
	nmi_send(0);
	guest_equal("held while in service", nmi_bad_rip, 1);
	guest_equal("any IRET lets it in", nmi_deepest, 2);
	guest_equal("both left", nmi_left, 2);
}

static void nmi_rip_handler(struct trap_frame *f)
{
	nmi_entered++;
	nmi_rip = f->rip;
	for (unsigned i = 0; i < 4; i++)
		if (f->rip == nmi_shadow[i])
			nmi_bad_rip = f->rip;
}

/* Right behind the write that sent it, whichever exit that is. */
static void nmi_to_self(void)
{
	uint64_t at;

	nmi_begin();
	trap_handle(TRAP_NMI, nmi_rip_handler);
	__asm__ volatile("lea 1f(%%rip), %0; movl %2, (%1); 1: nop"
			 : "=&r"(at)
			 : "r"(APIC_BASE + APIC_ICR),
			   "r"(APIC_ICR_NMI | APIC_ICR_ASSERT)
			 : "memory");
	guest_equal("to itself: once", nmi_entered, 1);
	guest_equal("  right behind the write", nmi_rip, at);
	/* In the shadow of STI the write is done, then it comes. */
	__asm__ volatile("lea 1f(%%rip), %0; cli; sti; movl %2, (%1); 1: nop;"
			 "cli"
			 : "=&r"(at)
			 : "r"(APIC_BASE + APIC_ICR),
			   "r"(APIC_ICR_NMI | APIC_ICR_ASSERT)
			 : "memory");
	guest_equal("  behind STI", nmi_rip, at);
	/* An instruction that exits lies in the shadow, the NMI is there. */
	__asm__ volatile("lea 1f(%%rip), %0; mov %%ss, %%ecx; cli; sti;"
			 "mov %%ecx, %%ss; movl %2, (%1); 1: nop; cli"
			 : "=&r"(at)
			 : "r"(APIC_BASE + APIC_ICR),
			   "r"(APIC_ICR_NMI | APIC_ICR_ASSERT)
			 : "rcx", "memory");
	guest_equal("  behind MOV SS", nmi_rip, at);
}

/* ---- shadows ---- */

static void nmi_shadows(void)
{
	__asm__ volatile("lea 3f(%%rip), %%rax; mov %%rax, %1;"
			 "lea 4f(%%rip), %%rax; mov %%rax, %2;"
			 "lea 5f(%%rip), %%rax; mov %%rax, %3;"
			 "mov %%ss, %%esi; movq $1, %4;"
			 "2: cli; sti; 3: nop; nop; mov %%esi, %%ss; 4: nop;"
			 "cli; xor %%eax, %%eax; sti; 5: cpuid;"
			 "cmpq $0, %0; je 2b; cli"
			 : "+m"(nmi_stop), "=m"(nmi_shadow[0]),
			   "=m"(nmi_shadow[1]), "=m"(nmi_shadow[2]),
			   "=m"(nmi_ready)
			 :
			 : "rax", "rbx", "rcx", "rdx", "rsi", "memory");
}

static void nmi_storm(void)
{
	unsigned lost = 0;

	nmi_begin();
	nmi_bad_rip = 0;
	trap_handle(TRAP_NMI, nmi_rip_handler);
	cpu_ask(1, nmi_shadows);
	time_wait(&nmi_ready, 1, LIMIT_MS);
	for (uint64_t i = 1; i <= SHADOWS; i++) {
		nmi_send(1);
		lost += !time_wait(&nmi_entered, i, LIMIT_MS);
	}
	nmi_stop = 1;
	cpu_wait(1);
	guest_equal("a storm: every one comes", nmi_settled(&nmi_entered),
		    SHADOWS);
	guest_equal("  in time", lost, 0);
	guest_equal("  none in the shadow of STI or MOV SS", nmi_bad_rip, 0);
}

void guest_main(void)
{
	nmi_to_self();
	nmi_iret();
	if (cpu_start_all() < 2) {
		guest_check(false, "CPUs", "only one");
		return;
	}
	nmi_storm();
	trap_handle(TRAP_NMI, nmi_wait_handler);
	nmi_held();
	nmi_counts("to a running CPU", nmi_spin);
	nmi_counts("to one that exits", nmi_spin_with_exits);
	nmi_counts("to a sleeping CPU", nmi_sleep);
}
