/* SPDX-License-Identifier: BSD-2-Clause */
/* The end of the road for a bug of our own; see hv/lib/panic.h. */
#include "hv/panic.h"

#include <stdarg.h>
#include <stddef.h>

#include "hv/screen/framebuffer.h"
#include "hv/hw/cpu.h"
#include "hv/hw/cr.h"
#include "hv/lib/format.h"
#include "hv/lib/ksyms.h"
#include "hv/lib/log.h"
#include "hv/lib/string.h"
#include "hv/lib/version.h"
#include "hv/percpu.h"
#include "hv/power.h"
#include "hv/smp.h"
#include "hv/vm.h"

#define TEXT_SIZE	256
#define BACKTRACE_DEPTH 24

static const char *const exception_names[VECTOR_EXCEPTIONS] = {
	[0] = "#DE divide error",	 [1] = "#DB debug",
	[3] = "#BP breakpoint",		 [4] = "#OF overflow",
	[5] = "#BR bound range",	 [6] = "#UD invalid opcode",
	[7] = "#NM no math coprocessor", [8] = "#DF double fault",
	[10] = "#TS invalid TSS",	 [11] = "#NP segment not present",
	[12] = "#SS stack fault",	 [13] = "#GP general protection",
	[14] = "#PF page fault",	 [16] = "#MF math fault",
	[17] = "#AC alignment check",	 [18] = "#MC machine check",
	[19] = "#XM SIMD exception",	 [20] = "#VE virtualization",
	[21] = "#CP control protection",
};

/* What a function that keeps RBP has at RBP. */
struct stack_frame {
	const struct stack_frame *caller;
	uint64_t return_address;
};

/* back: the name is that of so many bytes before; 1 for a return address, as a
 * CALL that never returns may be its function's last instruction. */
static void print_address(uint64_t address, unsigned back)
{
	uint64_t offset = 0;
	const char *name = ksyms_lookup(address - back, &offset);

	if (name)
		log_line("  %016lx %s+0x%lx", address, name, offset + back);
	else
		log_line("  %016lx", address);
}

/* Follows RBP while it points into a stack of this CPU. */
static void print_backtrace(const struct stack_frame *frame)
{
	for (int depth = 0; depth < BACKTRACE_DEPTH; depth++) {
		if ((uintptr_t)frame % sizeof(uint64_t) ||
		    !percpu_owns_stack(frame, sizeof(*frame)))
			return;
		print_address(frame->return_address, 1);
		frame = frame->caller;
	}
}

static void print_registers(const struct idt_frame *f)
{
	log_line("  rip %016lx rflags %08lx cs %02lx ss %02lx", f->rip,
		 f->rflags, f->cs, f->ss);
	log_line("  rax %016lx rbx %016lx rcx %016lx", f->rax, f->rbx, f->rcx);
	log_line("  rdx %016lx rsi %016lx rdi %016lx", f->rdx, f->rsi, f->rdi);
	log_line("  rbp %016lx rsp %016lx r8  %016lx", f->rbp, f->rsp, f->r8);
	log_line("  r9  %016lx r10 %016lx r11 %016lx", f->r9, f->r10, f->r11);
	log_line("  r12 %016lx r13 %016lx r14 %016lx", f->r12, f->r13, f->r14);
	log_line("  r15 %016lx cr2 %016lx cr3 %016lx", f->r15, cr2_read(),
		 cr3_read());
}

/* What stays at the top of the screen, however much follows. */
static void alarm(const char *text)
{
	char title[TEXT_SIZE];

	format(title, sizeof(title),
	       " Apical " APICAL_VERSION ": panic on CPU %u, APIC ID %u",
	       percpu()->self.number, percpu()->self.apic_id);
	framebuffer_alarm(title, strlen(title));
	format(title, sizeof(title), " %s", text);
	framebuffer_alarm(title, strlen(title));
}

/* frame: what an exception left, or NULL; caller: where to begin else. */
static void report(const char *text, const struct idt_frame *frame,
		   const struct stack_frame *caller)
{
	alarm(text);
	log_line("panic: %s", text);
	log_line("CPU %u, APIC ID %u", percpu()->self.number,
		 percpu()->self.apic_id);
	if (frame) {
		print_registers(frame);
		log_line("backtrace:");
		print_address(frame->rip, 0);
		print_backtrace((const struct stack_frame *)frame->rbp);
	} else {
		log_line("backtrace:");
		print_backtrace(caller);
	}
	vmx_panic_dump();
	log_line("all CPUs are stopped");
}

static __attribute__((noreturn)) void stop(const char *text,
					   const struct idt_frame *frame,
					   const struct stack_frame *caller)
{
	static int depth; /* only the CPU that stops the others gets there */

	cpu_cli();
	smp_stop_others();
	if (!depth++)
		report(text, frame, caller);
	else if (depth == 2)
		log_line("and in reporting this: %s", text);
	power_panicked();
}

void panic(const char *fmt, ...)
{
	char text[TEXT_SIZE];
	va_list args;

	va_start(args, fmt);
	format_va(text, sizeof(text), fmt, args);
	va_end(args);
	stop(text, NULL, __builtin_frame_address(0));
}

void panic_exception(const struct idt_frame *frame)
{
	const char *name = exception_names[frame->vector % VECTOR_EXCEPTIONS];
	char text[TEXT_SIZE];

	format(text, sizeof(text), "exception %lu, %s, error code %lx",
	       frame->vector, name ? name : "reserved", frame->error_code);
	stop(text, frame, NULL);
}
