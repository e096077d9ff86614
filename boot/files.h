/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of the volume that the loader was started from.  Before ExitBootServices. */
#ifndef BOOT_FILES_H
#define BOOT_FILES_H

#include <stdbool.h>

#include "boot/boot_info.h"

/* True if the file could be opened; refuses otherwise. */
bool files_open_volume(void);

bool files_exists(const char *path);

/*
 * Reads a whole file into pages that memory_free_all() frees.  What is the
 * purpose, in words, for the sentence of a refusal.
 */
bool files_read(const char *path, const char *purpose, struct boot_file *file);

/* Writes a whole file, in place of one that is there; says nothing if it
 * fails. */
bool files_write(const char *path, const void *bytes, size_t size);

void files_close_volume(void);

/*
 * The load options as ASCII text, "" if there are none or they are no text.
 * Returns their length; the text is cut at size - 1.
 */
size_t files_load_options(char *text, size_t size);

#endif
