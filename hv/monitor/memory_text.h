/* SPDX-License-Identifier: BSD-2-Clause */
/* Page walks and memory as text for people, and addresses out of words.  Pure. */
#ifndef HV_MONITOR_MEMORY_TEXT_H
#define HV_MONITOR_MEMORY_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/lib/text.h"
#include "mm/ept.h"
#include "mm/guest_walk.h"

#define MEMORY_TEXT_LINE 16 /* bytes of memory that one line shows */

/* "p:ADDRESS": guest-physical; "v:ADDRESS" or "ADDRESS": guest-linear.  False:
 * it is no address. */
bool memory_text_address(const char *word, bool *physical, uint64_t *address);

/* The bytes that "b", "w", "d" and "q" stand for; 0: any other word, or NULL. */
unsigned memory_text_size(const char *word);

/* A page's size as people say it: "4 KiB". */
void memory_text_page(struct text *t, uint64_t page_bytes);

/* A line for each entry of a walk; the guest's own, by its paging mode. */
void memory_text_ept(struct text *t, const struct ept_trace *trace);
void memory_text_walk(struct text *t, const struct guest_paging *paging,
		      const struct guest_walk_trace *trace);

/* Why a walk ended without a page, as the end of a sentence. */
const char *memory_text_end(enum guest_walk_end end);

/* A line of count bytes (up to MEMORY_TEXT_LINE, a multiple of size): values of
 * size bytes, and the bytes as ASCII. */
void memory_text_dump(struct text *t, uint64_t address, const uint8_t *bytes,
		      unsigned count, unsigned size);

#endif
