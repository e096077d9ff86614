/* SPDX-License-Identifier: BSD-2-Clause */
/* The memory behind the fake of mm/window.h. */
#include "mm/window.h"

uint8_t window_fake[WINDOW_FAKE_BYTES] __attribute__((aligned(4096)));
uint64_t window_fake_changes;
