/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log that the last run left in memory.  Touches the memory at a fixed
 * address, once the firmware has given it away, and one file.
 */
#include "boot/last_log.h"

#include "boot/files.h"
#include "boot/memory.h"
#include "boot/say.h"
#include "hv/lib/log_ring.h"
#include "hv/lib/string.h"

/*
 * The same for every boot and every version, or nothing is found.  Just below
 * 2 MiB: no guest's memory is taken from there (boot/memory.c), nor does
 * firmware load programs so low.
 */
#define LAST_LOG_START 0x1f0000ull
#define LAST_LOG_BYTES 0x10000u
#define LAST_LOG_FILE  "apical.log"

static const char last_log_damaged[] = "[apical] the rest is damaged\n";

/* The text of the lines; a line's end is no longer than its header was. */
static size_t last_log_text(struct log_ring_reader *reader, char *text,
			    uint32_t *lines)
{
	size_t size = 0;
	int length;

	while ((length = log_ring_next(reader, text + size)) >= 0) {
		size += (size_t)length;
		text[size++] = '\n';
		++*lines;
	}
	if (reader->damaged) {
		memcpy(text + size, last_log_damaged,
		       sizeof(last_log_damaged) - 1);
		size += sizeof(last_log_damaged) - 1;
	}
	return size;
}

static void last_log_write(struct log_ring_reader *reader)
{
	uint32_t lines = 0;
	hpa_t text;
	size_t size;

	/* What is read behind the last good line may be as long as a line. */
	if (!memory_pages(MEMORY_ANYWHERE,
			  LAST_LOG_BYTES + LOG_RING_LINE_MAX +
				  sizeof(last_log_damaged),
			  &text)) {
		say("the last run left a log, but there is no memory to write "
		    "it from.");
		return;
	}
	size = last_log_text(reader, (char *)text.value, &lines);
	if (!lines)
		return;
	if (files_write(LAST_LOG_FILE, (const void *)text.value, size))
		say("the last run's log, %u lines, is in \\%s now.", lines,
		    LAST_LOG_FILE);
	else
		say("the last run left a log of %u lines, but \\%s cannot be "
		    "written.",
		    lines, LAST_LOG_FILE);
}

void last_log_save(struct boot_region *kept)
{
	struct log_ring_reader reader;
	void *memory = (void *)LAST_LOG_START;

	if (!memory_at(LAST_LOG_START, LAST_LOG_BYTES, kept)) {
		say("the firmware uses the memory at 0x%llx: this run's log "
		    "will not survive a reset.",
		    LAST_LOG_START);
		return;
	}
	if (log_ring_find(&reader, memory, LAST_LOG_BYTES))
		last_log_write(&reader);
	log_ring_erase(memory);
}
