/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtual CPU.  It is pinned to one physical CPU, which alone touches it,
 * but for the fields under "from any CPU", which are accessed atomically.
 */
#ifndef VMX_VCPU_H
#define VMX_VCPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apic/pi_desc.h"
#include "apic/vlapic.h"
#include "hv/lib/apic_tier.h"
#include "hv/lib/bitmap256.h"
#include "hv/lib/spinlock.h"
#include "mm/addr.h"
#include "mm/ept.h"
#include "mm/guest_mem.h"
#include "vmx/caps.h"
#include "vmx/cpuid_policy.h"
#include "vmx/emulate/emulate.h"
#include "vmx/exit_reason.h"
#include "vmx/exit_stats.h"
#include "vmx/emulate/insn_cache.h"
#include "vmx/msr_bitmap.h"
#include "vmx/trace.h"

struct vm;

/* General registers in the order that instructions encode them. */
enum gpr {
	GPR_RAX,
	GPR_RCX,
	GPR_RDX,
	GPR_RBX,
	GPR_RSP, /* lies in the VMCS; the slot here is a scratch copy */
	GPR_RBP,
	GPR_RSI,
	GPR_RDI,
	GPR_R8, /* ... GPR_R15 */
	GPR_COUNT = 16,
};

enum vcpu_state {
	VCPU_RUNNING,
	VCPU_HALTED,
	VCPU_WAIT_FOR_SIPI,
	VCPU_SHUTDOWN, /* its VM has ended */
};

/* What others ask of a vCPU, served before its next VM entry. */
enum vcpu_request {
	VCPU_REQUEST_EVENT = 1u << 0, /* look at NMI, ExtINT, PIR again */
	VCPU_REQUEST_INIT = 1u << 1,
	VCPU_REQUEST_SIPI = 1u << 2,
	VCPU_REQUEST_TIMER = 1u << 3, /* the VM's devices need another time */
	VCPU_REQUEST_STOP = 1u << 4,
	VCPU_REQUEST_APIC = 1u << 5,  /* apic_wanted changed: configure anew */
	VCPU_REQUEST_CALL = 1u << 6,  /* hv/vcpu_call.h */
	VCPU_REQUEST_HOLD = 1u << 7,  /* stays until nobody holds the vCPU */
	VCPU_REQUEST_LINT0 = 1u << 8, /* the pin rose */
	VCPU_REQUEST_CONSOLE = 1u << 9, /* CPU 0's: console_serve() */
	VCPU_REQUEST_STEP = 1u << 10,	/* stays while a debugger steps it */
};

/*
 * What the vCPU's own CPU has to see to before the next VM entry.  Whoever makes
 * it necessary sets the bit; who sees to it clears it first.  When there is no
 * bit here and no request either, the entry follows at once.
 */
enum vcpu_due {
	/* VIRR, VISR, TPR, the APIC's mode or base, an NMI or a pin: what goes
	 * in, windows, RVI and SVI; apicv_before_entry(). */
	VCPU_DUE_EVENTS = 1u << 0,
	/* Timers, and what the physical one is armed for; also after any
	 * interrupt. */
	VCPU_DUE_TIME = 1u << 1,
	VCPU_DUE_STATE = 1u << 2, /* it was set: is it VCPU_RUNNING? */
	VCPU_DUE_TRACE = 1u << 3, /* the entry goes into the trace */
};

/* What the exit handlers answer; one place acts on it. */
enum exit_result {
	EXIT_RESUME,	/* RIP is right as it is */
	EXIT_NEXT_INSN, /* advance RIP by the VM-exit instruction length */
	EXIT_STOP,	/* the VM was ended */
};

/* Who wants to know of each exit. */
enum vcpu_watch {
	VCPU_WATCH_LOG = 1u << 0,   /* vcpu.log */
	VCPU_WATCH_TRACE = 1u << 1, /* vcpu.trace */
};

/* The exits since somebody last looked, for test guests. */
struct exit_log {
	uint32_t count;
	uint32_t reason; /* of the first one, as is what follows */
	uint64_t qualification, address;
};

/* What a debugger has set; vmx/debug.c alone. */
struct vcpu_debug {
	uint32_t proc; /* primary controls that it needs */
	bool stepping;
	/* Some pages are there for fetches alone, with breakpoints in them:
	 * vcpu.hidden_view is in use, but while they are open. */
	bool hiding;
	enum vcpu_open {
		VCPU_OPEN_NOT,
		VCPU_OPEN_NEXT, /* in the entry to come */
		VCPU_OPEN_NOW,	/* until the exit that follows */
	} open;
	bool has_dr;	   /* DR0 to DR3 and DR7 are the debugger's */
	uint64_t rip;	   /* where the step began */
	uint64_t from, to; /* it goes on while RIP is in there */
	uint64_t dr[4];
	uint64_t guest_dr[4], guest_dr7; /* while has_dr */
};

struct vcpu {
	union {
		uint64_t gpr[GPR_COUNT]; /* first: entry.asm */
		/* The same; RSP, rip and rflags while one is emulated. */
		struct emulate_registers registers;
	};

	/*
	 * ---- what every exit touches, in one cache line (see below) ----
	 * From any CPU: requests, in_guest, watched.
	 */
	union {
		struct {
			uint32_t requests; /* enum vcpu_request */
			uint32_t due;	   /* enum vcpu_due; its own CPU's */
		};
		uint64_t before_entry; /* both: 0, and it may go on */
	};
	uint32_t in_guest;    /* 1: an IPI is needed to be heard */
	uint32_t watched;     /* enum vcpu_watch */
	uint32_t exit_reason; /* basic reason of the last exit */
	uint32_t exit_tsc;    /* when it was, plus what it waited; low half */
	struct exit_stats_row *exit_row; /* where stats counts it */
	const struct cpuid_policy *cpuid;
	uint32_t mitigations; /* enum mitigation; entry.asm */
	bool event_injected;  /* the entry's event field is taken */

	/* ---- from any CPU ---- */
	uint32_t nmi_posted;	  /* NMIs that others sent */
	uint64_t level_posted[4]; /* level-triggered vectors for IRR */
	uint64_t edge_posted[4];  /* edge-triggered ones that cannot use PIR */
	struct spinlock posters_lock;
	struct bitmap256 posters; /* vectors that came by PIR, set for good */
	uint8_t sipi_vector;
	struct apic_choice apic_wanted; /* what the VM was last switched to */
	uint32_t held_by;		/* enum vcpu_holder */
	uint32_t call;			/* how far a call is; hv/vcpu_call.c */
	void (*call_function)(struct vcpu *v, void *argument);
	void *call_argument;
	struct trace_ring trace;

	/* ---- the CPU's own ---- */
	enum vcpu_state state; /* by vcpu_set_state() */
	uint32_t entry_error; /* VM-instruction error of an entry that failed */
	bool nmi_window, interrupt_window;
	uint8_t nmi_pending;
	uint8_t tpr_threshold;
	uint64_t timer_tsc;	   /* vlapic_timer_next() */
	uint64_t armed_tsc;	   /* what the physical timer is set to */
	uint64_t notify_tsc;	   /* when it sends the notification vector */
	uint64_t stood_ticks;	   /* of its VM, as far as its time knows */
	uint8_t timer_vector;	   /* what the physical timer sends */
	struct bitmap256 eoi_exit; /* as in the VMCS */
	uint64_t xcr0;
	uint64_t tsc_adjust;
	uint64_t misc_enable;
	uint64_t mtrr[32];
	uint64_t exit_count[EXIT_REASON_COUNT];
	struct exit_reason_ring history;

	struct vmx_controls controls; /* as in the VMCS */
	struct apic_choice apic;      /* what they were made from */
	struct exit_log log;
	struct exit_stats stats;
	struct insn_cache insn_cache;
	struct vcpu_debug debug;
	struct vlapic vlapic;
	struct pi_desc pi;
	struct ept_view view;
	struct ept_view hidden_view; /* no tables before it is first needed */

	/* ---- set once ---- */
	struct vm *vm;
	uint32_t index;	    /* within its VM; also its APIC ID */
	uint32_t cpu;	    /* the physical CPU's number */
	uint32_t spec_ctrl; /* IA32_SPEC_CTRL while it runs; entry.asm */
	uint16_t vpid;
	uint8_t notification_vector;
	uint64_t quiet_tsc; /* far longer than an IPI is under way */
	bool hypercalls;
	bool hlt_exits; /* see vmx/halt.h */
	const struct vmx_caps *caps;
	uint64_t cr4_allowed, xcr0_allowed;
	uint8_t phys_bits; /* the guest's MAXPHYADDR */
	const struct guest_mem *memory;
	void *vmcs;
	uint8_t *apic_page; /* the virtual-APIC page */
	struct msr_bitmap *msr_bitmap;
	uint64_t *pid_pointers; /* the VM's, one entry per vCPU; any CPU */
	uint16_t pid_last;	/* the last entry's index */
	hpa_t apic_access;	/* the VM's APIC-access frame */
	hpa_t io_bitmap;	/* two pages, A then B */
};

/* A vCPU begins on a page. */
#define VCPU_LINE(member) (offsetof(struct vcpu, member) / 64)

_Static_assert(VCPU_LINE(before_entry) == VCPU_LINE(event_injected),
	       "one cache line for every exit, beside the registers'");

static inline bool vcpu_is_bsp(const struct vcpu *v)
{
	return v->index == 0;
}

/* The vCPU's own CPU. */
static inline void vcpu_set_state(struct vcpu *v, enum vcpu_state state)
{
	v->state = state;
	v->due |= VCPU_DUE_STATE;
}

static inline uint32_t vcpu_eax(const struct vcpu *v)
{
	return (uint32_t)v->gpr[GPR_RAX];
}

/* EDX:EAX, as RDMSR, WRMSR, XSETBV and RDTSC use it. */
static inline uint64_t vcpu_edx_eax(const struct vcpu *v)
{
	return v->gpr[GPR_RDX] << 32 | (uint32_t)v->gpr[GPR_RAX];
}

static inline void vcpu_set_edx_eax(struct vcpu *v, uint64_t value)
{
	v->gpr[GPR_RAX] = (uint32_t)value;
	v->gpr[GPR_RDX] = value >> 32;
}

#endif
