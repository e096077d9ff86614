/* SPDX-License-Identifier: BSD-2-Clause */
/* vmx/text/apicv_text.c: the processor's view of an APIC beside the model's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "apic/regs.h"
#include "hv/hw/cr_bits.h"
#include "mm/frame.h"
#include "vmx/text/apicv_text.h"
#include "vmx/vmcs.h"

#define POOL_PAGES 64
#define POOL_HPA   0x7654000

static uint8_t pool[POOL_PAGES * PAGE_SIZE] __attribute__((aligned(4096)));
static char buffer[4000];
static struct vcpu *v;
static struct apicv_state s;

/* What the VMCS holds for v->controls. */
static void put_vmcs(void)
{
	vmcs_write32(VMCS_PIN_BASED_CONTROLS, v->controls.pin);
	vmcs_write32(VMCS_PRIMARY_CONTROLS, v->controls.proc);
	vmcs_write32(VMCS_SECONDARY_CONTROLS, v->controls.proc2);
	vmcs_write64(VMCS_VIRTUAL_APIC_ADDRESS, frame_hpa(v->apic_page).value);
	vmcs_write64(VMCS_APIC_ACCESS_ADDRESS, v->apic_access.value);
	vmcs_write64(VMCS_POSTED_INTERRUPT_DESCRIPTOR_ADDRESS,
		     frame_hpa(&v->pi).value);
	vmcs_write16(VMCS_POSTED_INTERRUPT_NOTIFICATION_VECTOR,
		     v->notification_vector);
	vmcs_write(VMCS_GUEST_RFLAGS, RFLAGS_IF);
}

/* A vCPU on the highest tier whose APIC is enabled. */
static int setup(void **state)
{
	(void)state;
	memset(pool, 0, sizeof(pool));
	fake_vmx_reset();
	frame_init(pool, hpa(POOL_HPA), sizeof(pool), 0);
	v = frame_alloc(FRAME_VM, (sizeof(*v) + PAGE_MASK) / PAGE_SIZE);
	v->apic_page = frame_alloc(FRAME_VM, 1);
	v->apic_access = hpa(0x60000);
	v->notification_vector = 0xf2;
	v->controls.pin = VMX_PIN_POSTED_INTERRUPTS;
	v->controls.proc = VMX_PROC_TPR_SHADOW;
	v->controls.proc2 = VMX_PROC2_VIRTUALIZE_APIC_ACCESSES |
			    VMX_PROC2_APIC_REGISTER_VIRTUALIZATION |
			    VMX_PROC2_VIRTUAL_INTERRUPT_DELIVERY;
	v->apic_wanted = v->apic =
		(struct apic_choice){.tier = APIC_TIER_POSTED};
	vlapic_init(&v->vlapic, v->apic_page, &v->pi, 0, true);
	vlapic_reset(&v->vlapic);
	pi_desc_set_target(&v->pi, 0xf2, 1, false);
	vlapic_write(&v->vlapic, APIC_SVR, 0x1ff);
	put_vmcs();
	return 0;
}

static bool says(const char *words)
{
	return strstr(buffer, words);
}

static void processor(void)
{
	struct text t;

	apicv_text_take(v, 0, &s);
	text_begin(&t, buffer, sizeof(buffer));
	apicv_text_processor(&t, &s);
}

static unsigned differences(void)
{
	struct text t;

	apicv_text_take(v, 0, &s);
	text_begin(&t, buffer, sizeof(buffer));
	return apicv_text_differences(&t, &s);
}

static void accept(uint8_t vector, bool level)
{
	vlapic_accept(&v->vlapic, vector, level);
}

static void both_agree(void **state)
{
	(void)state;
	assert_int_equal(differences(), 0);
	assert_string_equal(buffer, "");
	accept(0x41, false);
	vmcs_write16(VMCS_GUEST_INTERRUPT_STATUS, 0x0041);
	assert_int_equal(differences(), 0);
	processor();
	assert_true(says("  PIR none  ON 0  SN 0  NV f2  NDST 100\n"));
	assert_true(says("  processor: RVI 41  SVI 00; model: 41 00\n"));
	assert_true(says("  EOI exits for none\n"));
	assert_true(says("  next: vector 41, with the next VM entry\n"));
}

static void what_keeps_a_vector_out(void **state)
{
	(void)state;
	accept(0x41, false);
	vmcs_write32(VMCS_GUEST_INTERRUPTIBILITY_STATE, 1);
	processor();
	assert_true(says("next: vector 41, behind the STI or MOV-SS shadow\n"));
	vmcs_write(VMCS_GUEST_RFLAGS, 0);
	processor();
	assert_true(says("next: vector 41, when RFLAGS.IF is 1\n"));
	vlapic_write(&v->vlapic, APIC_TPR, 0x50);
	processor();
	assert_true(
		says("next: vector 41, when PPR, 50, is below its class\n"));
	vlapic_write(&v->vlapic, APIC_TPR, 0);
	vmcs_write(VMCS_GUEST_RFLAGS, RFLAGS_IF);
	vmcs_write32(VMCS_GUEST_INTERRUPTIBILITY_STATE, 0);
	v->state = VCPU_WAIT_FOR_SIPI;
	processor();
	assert_true(says("next: vector 41, but it waits for a start-up IPI\n"));
}

static void a_status_that_lags(void **state)
{
	(void)state;
	accept(0x41, false);
	accept(0x92, false);
	vlapic_deliver(&v->vlapic, 0x92);
	assert_int_equal(differences(), 2);
	assert_string_equal(buffer, "! RVI: the VMCS has 0, the model 41\n"
				    "! SVI: the VMCS has 0, the model 92\n");
	/* Nothing is wrong if the next entry writes it. */
	v->due |= VCPU_DUE_EVENTS;
	assert_int_equal(differences(), 0);
	processor();
	assert_true(says("model: 41 92 (written at the next VM entry)\n"));
}

static void levels_need_their_eoi_exit(void **state)
{
	(void)state;
	accept(0x44, true);
	vmcs_write16(VMCS_GUEST_INTERRUPT_STATUS, 0x0044);
	assert_int_equal(differences(), 1);
	assert_string_equal(
		buffer, "! level-triggered, but their EOI does not exit: 44\n");
	bitmap256_set(&v->eoi_exit, 0x44);
	assert_int_equal(differences(), 2);
	assert_true(says("! EOI-exit bitmap: the VMCS has 0, the model 10\n"));
	vmcs_write64(VMCS_EOI_EXIT_BITMAP_1, 1 << 4);
	assert_int_equal(differences(), 0);
	processor();
	assert_true(says("  EOI exits for 44\n"));
}

static void posted_vectors(void **state)
{
	(void)state;
	pi_desc_post(&v->pi, 0x30);
	assert_int_equal(differences(), 0);
	processor();
	assert_true(says("  PIR 30  ON 1  SN 0"));
	/* Nobody would look there. */
	v->pi.control &= ~PI_DESC_ON;
	assert_int_equal(differences(), 1);
	assert_true(says("! PIR has vectors, but ON is 0"));
	v->pi.control |= PI_DESC_ON | PI_DESC_SN;
	assert_int_equal(differences(), 1);
	assert_true(says("! SN is 1"));
}

static void the_timers_own_vector_may_lie_there(void **state)
{
	(void)state;
	assert_true(pi_desc_post_timer(&v->pi, 0x40));
	assert_int_equal(differences(), 0);
	processor();
	assert_true(says("  PIR none  ON 0"));
	assert_true(
		says("the timer's vector 40 lies in PIR for its deadline\n"));
}

static void fields_that_differ(void **state)
{
	(void)state;
	vmcs_write64(VMCS_VIRTUAL_APIC_ADDRESS, 0x1000);
	vmcs_write64(VMCS_APIC_ACCESS_ADDRESS, 0x2000);
	vmcs_write64(VMCS_POSTED_INTERRUPT_DESCRIPTOR_ADDRESS, 0x3000);
	vmcs_write16(VMCS_POSTED_INTERRUPT_NOTIFICATION_VECTOR, 1);
	vmcs_write32(VMCS_PIN_BASED_CONTROLS, 0);
	vmcs_write32(VMCS_PRIMARY_CONTROLS, 0);
	vmcs_write32(VMCS_SECONDARY_CONTROLS, 0);
	assert_int_equal(differences(), 7);
	assert_true(says("! APIC-access address: the VMCS has 2000, the model "
			 "60000\n"));
}

static void windows_and_the_trap_flag_are_no_difference(void **state)
{
	(void)state;
	v->interrupt_window = v->nmi_window = true;
	vmcs_write32(VMCS_PRIMARY_CONTROLS,
		     v->controls.proc | VMX_PROC_INTERRUPT_WINDOW_EXITING |
			     VMX_PROC_NMI_WINDOW_EXITING |
			     VMX_PROC_MONITOR_TRAP_FLAG);
	assert_int_equal(differences(), 0);
	processor();
	assert_true(says("  waits for a window: interrupt NMI\n"));
}

/* Fields that a tier does not use are not looked at. */
static void lower_tiers(void **state)
{
	(void)state;
	v->controls = (struct vmx_controls){.proc = VMX_PROC_TPR_SHADOW};
	put_vmcs();
	v->tpr_threshold = 4;
	accept(0x41, false);
	vmcs_write64(VMCS_APIC_ACCESS_ADDRESS, 0);
	assert_int_equal(differences(), 1);
	assert_string_equal(buffer,
			    "! TPR threshold: the VMCS has 0, the model 4\n");
	vmcs_write32(VMCS_TPR_THRESHOLD, 4);
	assert_int_equal(differences(), 0);
	processor();
	assert_true(says("  TPR threshold 4\n"));
	assert_false(says("RVI"));
	v->controls.proc = 0;
	put_vmcs();
	assert_int_equal(differences(), 0);
}

static void tiers_in_words(void **state)
{
	struct vmx_caps caps = {
		/* Ice Lake */
		.basic = VMX_BASIC_TRUE_CONTROLS, .pin = 0xffull << 32 | 0x16,
		.proc = 0xfff9fffe04006172,	  .proc2 = 0x2d77fffull << 32,
		.exit = 0x007fffff00036dfb,	  .entry = 0x0000ffff000011fb,
		.ept_vpid = 0xf0106734141,
	};
	struct text t;

	(void)state;
	v->apic_wanted.off = APIC_CONTROL_REGISTER;
	apicv_text_take(v, 0, &s);
	text_begin(&t, buffer, sizeof(buffer));
	apicv_text_tier(&t, &s, &caps, true);
	assert_true(says("  tier posted -register; while the APIC is as it is: "
			 "posted\n"));
	assert_true(says("  controls: use TPR shadow, virtualize APIC "
			 "accesses, APIC-register\n    virtualization, "
			 "virtual-interrupt delivery, process posted "
			 "interrupts\n"));
	assert_true(says("\n  there is no higher one\n"));
	v->apic_wanted = v->apic = (struct apic_choice){
		.tier = APIC_TIER_EMULATE, .on = APIC_CONTROL_TPR_SHADOW};
	v->controls = (struct vmx_controls){0};
	apicv_text_take(v, 0, &s);
	text_begin(&t, buffer, sizeof(buffer));
	apicv_text_tier(&t, &s, &caps, true);
	assert_true(says("  tier emulate +tpr-shadow\n  controls: none\n"
			 "  chosen so: this machine can run posted\n"));
	v->apic_wanted.tier = APIC_TIER_DELIVERY;
	caps.pin &= ~((uint64_t)VMX_PIN_POSTED_INTERRUPTS << 32);
	apicv_text_take(v, 0, &s);
	text_begin(&t, buffer, sizeof(buffer));
	apicv_text_tier(&t, &s, &caps, true);
	assert_true(says("  not posted: this processor has no \"process posted "
			 "interrupts\" (IA32_VMX_TRUE_PINBASED_CTLS, MSR 48DH, "
			 "bit 39 is 0)"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(both_agree, setup),
		cmocka_unit_test_setup(what_keeps_a_vector_out, setup),
		cmocka_unit_test_setup(a_status_that_lags, setup),
		cmocka_unit_test_setup(levels_need_their_eoi_exit, setup),
		cmocka_unit_test_setup(posted_vectors, setup),
		cmocka_unit_test_setup(the_timers_own_vector_may_lie_there,
				       setup),
		cmocka_unit_test_setup(fields_that_differ, setup),
		cmocka_unit_test_setup(
			windows_and_the_trap_flag_are_no_difference, setup),
		cmocka_unit_test_setup(lower_tiers, setup),
		cmocka_unit_test_setup(tiers_in_words, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
