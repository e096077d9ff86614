/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtual machines: made once from the configuration, started, restarted and
 * ended.  A VM's vCPUs are pinned one to one to physical CPUs.
 */
#ifndef HV_VM_H
#define HV_VM_H

#include <stdbool.h>
#include <stdint.h>

#include "boot/boot_info.h"
#include "guest/load/load.h"
#include "hv/board.h"
#include "mm/ept.h"
#include "mm/guest_mem.h"
#include "vmx/machine.h"
#include "vmx/setup.h"
#include "vmx/vcpu.h"

enum vm_state {
	VM_STARTING,  /* vCPU 0's CPU loads it, the others wait */
	VM_RESETTING, /* each vCPU's CPU resets it */
	VM_RUNNING,   /* paused too */
	VM_STOPPING,  /* vCPUs are on their way out */
	VM_ENDED,     /* vm_start() starts it again */
};

struct vm {
	uint32_t number;
	const struct config_vm *config;
	const struct boot_vm *files;
	uint32_t vcpu_count;
	struct vcpu *vcpu[CONFIG_VCPUS_MAX];
	struct guest_mem memory;
	struct ept ept;
	struct cpuid_policy cpuid;
	struct board board;
	hpa_t apic_access;	/* the APIC-access page's frame */
	uint64_t *pid_pointers; /* for IPI virtualization, by APIC ID */
	uint64_t start_tsc;	/* when the devices' time was 0 */

	/* Time that stands still, hv/vm_hold.c: under the board's lock, but
	 * stands, which any CPU reads, and stood_ticks for vCPUs. */
	uint32_t stands;
	uint64_t stands_tsc;  /* since when, if it does */
	uint64_t stood_ticks; /* so far, all together */

	uint8_t *testdev_mmio; /* NULL: no test device */

	/* The guest's files, mapped read-only; hv/vm_load.c. */
	struct load_file kernel, initrd, module[CONFIG_MODULES_MAX];

	uint32_t state;	 /* enum vm_state; any CPU */
	uint32_t inside; /* vCPUs that are up and have not left; any CPU */
	uint32_t ending; /* 1 once machine_end() has decided; any CPU */
	enum machine_end end;
	uint32_t end_code;
	char end_text[160];
};

/*
 * Makes every VM of the configuration and assigns their vCPUs to CPUs.  Boot
 * CPU, after all CPUs are up.  False, with a log line that says why, when one
 * cannot be made.
 */
bool vms_create(const struct boot_info *info);

/* The VMs that were made, by number from 0 to vms_count() - 1.  Any CPU. */
uint32_t vms_count(void);
struct vm *vm_of(uint32_t number);

/* The verdict of the whole run, 0: all VMs ended well; then the machine is
 * switched off, or halted with poweroff = off.  Any CPU. */
__attribute__((noreturn)) void vms_end(uint32_t status);

/* ---- for whoever sits at the machine: CPU 0, no lock held ---- */

/*
 * Ends a VM that is running, paused or not, or resets it as at power-on; one
 * that is paused stays so.  Its CPUs need a moment longer.  What kept it from
 * that, or NULL.
 */
const char *vm_stop(struct vm *vm);
const char *vm_reset(struct vm *vm);

/* Loads a VM that has ended and starts it.  What kept it from that, or NULL. */
const char *vm_start(struct vm *vm);

/*
 * Switches the machine off or starts it again, whatever runs: each VM is
 * reported as ended by the operator.  The verdict counts those that failed
 * before; where there is none and the machine starts again, it is left to the
 * run that follows.
 */
__attribute__((noreturn)) void vms_poweroff(void);
__attribute__((noreturn)) void vms_reboot(void);

/* What a CPU does for ever: run its vCPU, if it has one, else wait. */
__attribute__((noreturn)) void cpu_main(void);

/* A byte for VM number's UART, from the console; dropped when it is full. */
void vm_console_input(uint32_t number, uint8_t byte);

/* The console has room again for VM number's output. */
void vm_console_room(uint32_t number);

/*
 * Can this machine run the VM's APIC so, in each mode that the guest may choose?
 * If not, one sentence in text.
 */
bool vm_apic_possible(const struct vm *vm, struct apic_choice choice,
		      char *text, size_t size);

/* Asks every vCPU to go over to a choice that is possible; it runs on.  Any
 * CPU. */
void vm_apic_switch(struct vm *vm, struct apic_choice choice);

/* For panic(): this CPU's vCPU and its VMCS, if it has them; hv/vm_report.c. */
void vmx_panic_dump(void);

/* ---- between hv/vm*.c and hv/vcpu.c ---- */

/* Sets request bits and makes the vCPU's CPU look.  Any CPU. */
void vcpu_request(struct vcpu *v, uint32_t requests);

/* Runs v until its VM ends; its VMCS is current. */
void vcpu_run(struct vcpu *v);

/* hv/vm_send.c: delivers a message to all vCPUs that it is for; sender NULL: a
 * device.  False: it is level-triggered, and no
 * vCPU took it. */
bool vm_send(struct vm *vm, const struct vlapic_message *message,
	     struct vcpu *sender);

/* hv/vm_create.c: everything that a VM needs is allocated here.  NULL, with a
 * log line, when it cannot be. */
struct vm *vm_create(const struct boot_info *info, uint32_t number);

/* The vCPU that CPU number runs, or NULL. */
struct vcpu *vm_vcpu_of_cpu(uint32_t number);

/* hv/vm_load.c: maps the guest's files, once.  False: no address space. */
bool vm_load_files(struct vm *vm);

/* RAM as at power-on with the guest loaded.  False: end_text says why. */
bool vm_load(struct vm *vm, struct setup_entry *entry);

#endif
