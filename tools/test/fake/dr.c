/* SPDX-License-Identifier: BSD-2-Clause */
/* The registers of the fake hv/hw/dr.h. */
#include "hv/hw/dr.h"

uint64_t fake_dr[4], fake_dr6;
