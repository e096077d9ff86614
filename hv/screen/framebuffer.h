/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The framebuffer console: the log, and panics, on the screen that the firmware
 * set up (UEFI's Graphics Output Protocol), for machines without a serial line.
 * Until framebuffer_run() and in a panic each line is drawn at once; after it
 * CPU 0 alone draws, a little at a time, and nobody waits for it.  Does nothing
 * where the loader found no screen.  Any CPU may call, none in NMI context.
 */
#ifndef HV_FRAMEBUFFER_H
#define HV_FRAMEBUFFER_H

#include <stddef.h>
#include <stdint.h>

#include "boot/boot_info.h"

#define FRAMEBUFFER_NEVER UINT64_MAX

/* Maps the screen and clears it.  Boot CPU, once. */
void framebuffer_init(const struct boot_info *info);

/* One line of the log, without its end. */
void framebuffer_line(const char *text, size_t size);

/* A line at the top, white on red, which stays there: a panic's. */
void framebuffer_alarm(const char *text, size_t size);

/* From here on lines are drawn by framebuffer_poll(). */
void framebuffer_run(void);

/*
 * Draws some of what is to be drawn.  CPU 0 only.  Returns the TSC value by
 * which it wants to be called again, FRAMEBUFFER_NEVER mostly; whoever moves
 * that time forward kicks CPU 0.
 */
uint64_t framebuffer_poll(void);

/* From here on one CPU is left: the lock that another held is free, and lines
 * are drawn at once again. */
void framebuffer_alone(void);

#endif
