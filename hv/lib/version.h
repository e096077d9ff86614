/* SPDX-License-Identifier: BSD-2-Clause */
/* What loader and hypervisor call themselves.  Pure. */
#ifndef HV_LIB_VERSION_H
#define HV_LIB_VERSION_H

#define APICAL_VERSION "0.1"

#endif
