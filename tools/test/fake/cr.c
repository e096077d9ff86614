/* SPDX-License-Identifier: BSD-2-Clause */
/* The registers of the fake hv/hw/cr.h. */
#include "hv/hw/cr.h"

uint64_t fake_cr2, fake_cr4;
