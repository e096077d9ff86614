/* SPDX-License-Identifier: BSD-2-Clause */
/* What GDB asks about the stub and the VM as a whole; see command.h. */
#include "hv/gdb/command.h"
#include "hv/gdb/registers.h"
#include "hv/gdb/target.h"
#include "hv/lib/format.h"
#include "hv/lib/string.h"

#define XFER_MAX (GDB_PACKET_SIZE / 2 - 1) /* all may need an escape */
#define LINE_MAX 512

static bool list_threads(struct gdb_command *c)
{
	for (uint32_t i = 0; i < gdb_target_threads(); i++) {
		gdb_put(c->reply, i ? "," : "m");
		gdb_put_thread(c->reply, i);
	}
	return true;
}

static bool describe_thread(struct gdb_command *c)
{
	uint32_t thread = 0;
	char text[128];

	if (!gdb_take_one_thread(c, &thread))
		return gdb_answer(c, GDB_ERROR_PACKET);
	gdb_target_describe(thread, text, sizeof(text));
	gdb_put_bytes(c->reply, text, strlen(text));
	return true;
}

static bool contains(const struct gdb_text *t, const char *word)
{
	struct gdb_text at = *t;

	for (; at.at != at.end; at.at++) {
		struct gdb_text here = at;

		if (gdb_take_word(&here, word))
			return true;
	}
	return false;
}

static bool supported(struct gdb_command *c)
{
	char text[160];

	c->p->tells_why = contains(&c->t, "swbreak+");
	format(text, sizeof(text),
	       "PacketSize=%x;qXfer:features:read+;QStartNoAckMode+;"
	       "vContSupported+%s",
	       GDB_PACKET_SIZE, c->p->tells_why ? ";swbreak+;hwbreak+" : "");
	return gdb_answer(c, text);
}

static bool features(struct gdb_command *c)
{
	uint64_t offset, size;
	uint8_t bytes[XFER_MAX];
	size_t done;
	bool more;

	if (!gdb_take_range(&c->t, &offset, &size) || gdb_left(&c->t))
		return gdb_answer(c, GDB_ERROR_PACKET);
	if (size > sizeof(bytes))
		size = sizeof(bytes);
	done = gdb_registers_xml(c->p->avx, offset, bytes, size, &more);
	gdb_put(c->reply, more ? "m" : "l");
	gdb_put_raw(c->reply, bytes, done);
	return true;
}

static bool monitor(struct gdb_command *c)
{
	uint8_t line[LINE_MAX];
	size_t size = gdb_left(&c->t) / 2;

	if (size >= sizeof(line) || !gdb_take_bytes(&c->t, line, size) ||
	    gdb_left(&c->t))
		return gdb_answer(c, GDB_ERROR_PACKET);
	for (size_t i = 0; i < size; i++)
		if (line[i] < ' ' || line[i] > '~')
			return gdb_answer(c, GDB_ERROR_PACKET);
	line[size] = 0;
	gdb_target_monitor(c->p->thread, (const char *)line);
	return gdb_answer(c, "OK");
}

bool gdb_query(struct gdb_command *c)
{
	if (gdb_take_word(&c->t, "Supported"))
		return supported(c);
	if (gdb_take_word(&c->t, "Xfer:features:read:target.xml:"))
		return features(c);
	if (gdb_take_word(&c->t, "fThreadInfo"))
		return list_threads(c);
	if (gdb_take_word(&c->t, "sThreadInfo"))
		return gdb_answer(c, "l");
	if (gdb_take_word(&c->t, "ThreadExtraInfo,"))
		return describe_thread(c);
	if (gdb_take_word(&c->t, "Rcmd,"))
		return monitor(c);
	if (gdb_take_word(&c->t, "Attached"))
		return gdb_answer(c, "1");
	if (gdb_take(&c->t, 'C') && !gdb_left(&c->t)) {
		gdb_put(c->reply, "QC");
		gdb_put_thread(c->reply, c->p->thread);
	}
	return true;
}

bool gdb_set(struct gdb_command *c)
{
	if (!gdb_take_word(&c->t, "StartNoAckMode"))
		return true;
	c->p->no_acks = true;
	return gdb_answer(c, "OK");
}
