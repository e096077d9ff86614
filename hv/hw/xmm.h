/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The seam to the processor: the XMM registers, which are the guest's all the
 * time.  Interrupts are off; CR0.TS and CR4.OSFXSR are as this needs them in
 * root mode.
 */
#ifndef HV_HW_XMM_H
#define HV_HW_XMM_H

#include <stdint.h>

/* xmm0 to xmm15 to and from 16 bytes; other numbers do nothing. */
void xmm_read(unsigned number, uint8_t *bytes);
void xmm_write(unsigned number, const uint8_t *bytes);

/* The x87, MMX and SSE state, MXCSR included, as after FNINIT and RESET; and
 * (CR4.OSXSAVE is 1) whatever XCR0 has now: AVX, AVX-512, PKRU. */
void xmm_reset(void);
void xmm_reset_all(void);

#endif
