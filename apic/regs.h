/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The local APIC's registers: their offsets in the 4 KiB page, their MSR
 * numbers in x2APIC mode, and the bits in them; for the physical and the
 * virtual APIC alike.  Pure.  Source: SDM volume 3, "Advanced Programmable
 * Interrupt Controller (APIC)", and volume 4 for the MSRs.
 */
#ifndef APIC_REGS_H
#define APIC_REGS_H

#include <stdint.h>

/* Offsets in the page ("Local APIC Register Address Map"). */
#define APIC_ID			  0x020u
#define APIC_VERSION		  0x030u
#define APIC_TPR		  0x080u
#define APIC_APR		  0x090u /* not on processors since the Pentium 4 */
#define APIC_PPR		  0x0a0u
#define APIC_EOI		  0x0b0u
#define APIC_RRD		  0x0c0u /* not on processors since the Pentium 4 */
#define APIC_LDR		  0x0d0u
#define APIC_DFR		  0x0e0u
#define APIC_SVR		  0x0f0u
#define APIC_ISR		  0x100u /* eight words, 10H apart; so TMR and IRR */
#define APIC_TMR		  0x180u
#define APIC_IRR		  0x200u
#define APIC_ESR		  0x280u
#define APIC_LVT_CMCI		  0x2f0u
#define APIC_ICR		  0x300u
#define APIC_ICR_HIGH		  0x310u /* xAPIC mode */
#define APIC_LVT_TIMER		  0x320u
#define APIC_LVT_THERMAL	  0x330u
#define APIC_LVT_PERFORMANCE	  0x340u
#define APIC_LVT_LINT0		  0x350u
#define APIC_LVT_LINT1		  0x360u
#define APIC_LVT_ERROR		  0x370u
#define APIC_INITIAL_COUNT	  0x380u
#define APIC_CURRENT_COUNT	  0x390u
#define APIC_DIVIDE_CONFIGURATION 0x3e0u
#define APIC_SELF_IPI		  0x3f0u /* x2APIC mode */

/* In x2APIC mode a virtual-APIC page holds ICR's high half here. */
#define APIC_ICR_HIGH_X2APIC 0x304u

/* The MSRs of x2APIC mode: 800H plus the offset divided by 16. */
#define APIC_MSR_FIRST	 0x800u
#define APIC_MSR_LAST	 0x8ffu
#define APIC_MSR(offset) (APIC_MSR_FIRST + ((offset) >> 4))

/* MSRs that exist in both modes. */
#define MSR_IA32_APIC_BASE    0x01bu
#define MSR_IA32_TSC_DEADLINE 0x6e0u

/* IA32_APIC_BASE */
#define APIC_BASE_BSP	  (1ull << 8)
#define APIC_BASE_EXTD	  (1ull << 10) /* x2APIC mode */
#define APIC_BASE_EN	  (1ull << 11) /* global enable */
#define APIC_BASE_DEFAULT 0xfee00000ull

/* Local APIC version register */
#define APIC_VERSION_INTEGRATED	     0x14u
#define APIC_VERSION_MAX_LVT_SHIFT   16
#define APIC_VERSION_EOI_SUPPRESSION (1u << 24)

#define APIC_ID_SHIFT		     24 /* xAPIC mode; also LDR and ICR's high half */
#define APIC_BROADCAST		     0xffu
#define APIC_BROADCAST_X2APIC	     0xffffffffu

/* Destination format register, bits 31:28; the others read as ones */
#define APIC_DFR_MODEL_SHIFT   28
#define APIC_DFR_MODEL_FLAT    0xfu
#define APIC_DFR_MODEL_CLUSTER 0x0u
#define APIC_DFR_RESERVED      0x0fffffffu

/* Spurious-interrupt vector register */
#define APIC_SVR_VECTOR		 0xffu
#define APIC_SVR_ENABLE		 (1u << 8)
#define APIC_SVR_FOCUS_DISABLE	 (1u << 9)
#define APIC_SVR_EOI_SUPPRESSION (1u << 12)

/* Error status register */
#define APIC_ESR_REDIRECTABLE_IPI	(1u << 4)
#define APIC_ESR_SEND_ILLEGAL_VECTOR	(1u << 5)
#define APIC_ESR_RECEIVE_ILLEGAL_VECTOR (1u << 6)
#define APIC_ESR_ILLEGAL_REGISTER	(1u << 7)

/* Local vector table entries */
#define APIC_LVT_VECTOR		     0xffu
#define APIC_LVT_DELIVERY_MODE_SHIFT 8
#define APIC_LVT_DELIVERY_MODE	     (7u << 8)
#define APIC_LVT_DELIVERY_STATUS     (1u << 12) /* read-only */
#define APIC_LVT_POLARITY	     (1u << 13)
#define APIC_LVT_REMOTE_IRR	     (1u << 14) /* read-only */
#define APIC_LVT_LEVEL		     (1u << 15)
#define APIC_LVT_MASK		     (1u << 16)
#define APIC_LVT_TIMER_MODE	     (3u << 17)
#define APIC_LVT_TIMER_ONE_SHOT	     (0u << 17)
#define APIC_LVT_TIMER_PERIODIC	     (1u << 17)
#define APIC_LVT_TIMER_TSC_DEADLINE  (2u << 17)

/* Interrupt command register, low half */
#define APIC_ICR_VECTOR		     0xffu
#define APIC_ICR_DELIVERY_MODE_SHIFT 8
#define APIC_ICR_DELIVERY_MODE	     (7u << 8)
#define APIC_ICR_LOGICAL	     (1u << 11)
#define APIC_ICR_DELIVERY_STATUS     (1u << 12) /* read-only */
#define APIC_ICR_ASSERT		     (1u << 14)
#define APIC_ICR_LEVEL		     (1u << 15)
#define APIC_ICR_SHORTHAND_SHIFT     18
#define APIC_ICR_SHORTHAND	     (3u << 18)

/* Delivery modes, in ICR, the LVT, MSIs and I/O APIC entries */
#define APIC_DELIVERY_FIXED	      0u
#define APIC_DELIVERY_LOWEST_PRIORITY 1u
#define APIC_DELIVERY_SMI	      2u
#define APIC_DELIVERY_NMI	      4u
#define APIC_DELIVERY_INIT	      5u
#define APIC_DELIVERY_STARTUP	      6u
#define APIC_DELIVERY_EXTINT	      7u

/* Divide configuration register: bits 3, 1 and 0 */
#define APIC_DIVIDE_BITS 0xbu

/* Vectors 0 to 15 cannot be sent or received through a local APIC. */
#define APIC_VECTOR_FIRST_LEGAL 16

#endif
