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

#endif
