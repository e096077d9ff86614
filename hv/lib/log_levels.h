/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How loud the log is: levels, subjects, and the text that sets them, as in
 * "log = info, vm = debug".  Pure; for the loader, the log and the monitor.
 */
#ifndef HV_LIB_LOG_LEVELS_H
#define HV_LIB_LOG_LEVELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Each shows what stands before it, too. */
enum log_level {
	LOG_ERROR,
	LOG_WARNING,
	LOG_NOTICE,
	LOG_INFO, /* the default */
	LOG_DEBUG,
	LOG_LEVEL_COUNT,
};

enum log_subject {
	LOG_BOOT,
	LOG_VM,
	LOG_APIC,
	LOG_VMX,
	LOG_CONSOLE,
	LOG_GDB,
	LOG_SUBJECT_COUNT,
};

struct log_levels {
	uint8_t of[LOG_SUBJECT_COUNT]; /* enum log_level */
};

extern const char *const log_level_name[LOG_LEVEL_COUNT];
extern const char *const log_subject_name[LOG_SUBJECT_COUNT];

void log_levels_default(struct log_levels *levels);

/*
 * Applies size bytes of text to levels: "LEVEL" for all subjects or
 * "SUBJECT=LEVEL", any number of them with commas or blanks between.  False, with
 * nothing changed, when a name is not known.
 */
bool log_levels_parse(struct log_levels *levels, const char *text, size_t size);

#endif
