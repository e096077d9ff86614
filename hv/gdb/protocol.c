/* SPDX-License-Identifier: BSD-2-Clause */
/* GDB's remote protocol; see protocol.h. */
#include "hv/gdb/protocol.h"

#include "boot/config.h"
#include "hv/gdb/command.h"
#include "hv/gdb/registers.h"
#include "hv/gdb/target.h"

#define SIGNAL_INT  2
#define SIGNAL_TRAP 5

#define MEMORY_MAX  (GDB_PACKET_SIZE / 2 - 1)

static bool answer_result(struct gdb_command *c, enum gdb_result result)
{
	switch (result) {
	case GDB_OK:
		return gdb_answer(c, "OK");
	case GDB_UNSUPPORTED:
		return true;
	case GDB_NO_ROOM:
		return gdb_answer(c, GDB_ERROR_ROOM);
	case GDB_BAD_ADDRESS:
		break;
	}
	return gdb_answer(c, GDB_ERROR_ADDRESS);
}

/* ---- why the VM stands ---- */

static void put_reason(struct gdb_reply *r, const struct gdb_protocol *p)
{
	static const char *const names[] = {
		[GDB_STOP_SOFTWARE] = "swbreak:;",
		[GDB_STOP_HARDWARE] = "hwbreak:;",
		[GDB_STOP_WRITE] = "watch:",
		[GDB_STOP_READ] = "rwatch:",
		[GDB_STOP_ACCESS] = "awatch:",
	};

	switch (p->stop.reason) {
	case GDB_STOP_SOFTWARE:
	case GDB_STOP_HARDWARE:
		if (p->tells_why)
			gdb_put(r, names[p->stop.reason]);
		break;
	case GDB_STOP_WRITE:
	case GDB_STOP_READ:
	case GDB_STOP_ACCESS:
		gdb_put(r, names[p->stop.reason]);
		gdb_put_number(r, p->stop.address);
		gdb_put(r, ";");
		break;
	default:
		break;
	}
}

static void put_stop(struct gdb_reply *r, const struct gdb_protocol *p)
{
	uint8_t signal =
		p->stop.reason == GDB_STOP_ASKED ? SIGNAL_INT : SIGNAL_TRAP;

	if (p->stop.reason == GDB_STOP_ENDED) {
		gdb_put(r, "W");
		gdb_put_bytes(r, &p->stop.status, 1);
		return;
	}
	gdb_put(r, "T");
	gdb_put_bytes(r, &signal, 1);
	gdb_put(r, "thread:");
	gdb_put_thread(r, p->stop.thread);
	gdb_put(r, ";");
	put_reason(r, p);
}

bool gdb_protocol_stopped(struct gdb_protocol *p, const struct gdb_stop *stop,
			  struct gdb_reply *reply)
{
	bool owed = p->running;

	p->stop = *stop;
	p->thread = stop->thread;
	p->running = false;
	if (stop->reason == GDB_STOP_ENDED)
		p->attached = false;
	if (owed)
		put_stop(reply, p);
	return owed;
}

bool gdb_protocol_interrupt(struct gdb_protocol *p, struct gdb_reply *reply)
{
	struct gdb_stop stop = {
		.reason = GDB_STOP_ASKED,
		.thread = p->thread,
	};

	if (!p->running)
		return false;
	gdb_target_stop();
	return gdb_protocol_stopped(p, &stop, reply);
}

/* A VM that has ended is told of, and left alone: it may start again. */
static void begin(struct gdb_protocol *p)
{
	bool there = gdb_target_is_there();

	if (there)
		gdb_target_begin();
	*p = (struct gdb_protocol){
		.attached = there,
		.no_acks = !there && p->no_acks,
		.avx = gdb_target_has_avx(),
		.run_thread = -1,
		.stop = {.reason = there ? GDB_STOP_STEP : GDB_STOP_ENDED},
	};
}

/* ---- threads ---- */

bool gdb_take_one_thread(struct gdb_command *c, uint32_t *thread)
{
	int32_t number;

	if (!gdb_take_thread(&c->t, &number) || gdb_left(&c->t) ||
	    number > (int32_t)gdb_target_threads())
		return false;
	if (number > 0)
		*thread = (uint32_t)number - 1;
	return true;
}

static bool select_thread(struct gdb_command *c)
{
	if (gdb_take(&c->t, 'g'))
		return gdb_answer(c, gdb_take_one_thread(c, &c->p->thread)
					     ? "OK"
					     : GDB_ERROR_PACKET);
	if (gdb_take(&c->t, 'c'))
		return gdb_answer(c, gdb_take_thread(&c->t, &c->p->run_thread)
					     ? "OK"
					     : GDB_ERROR_PACKET);
	return gdb_answer(c, GDB_ERROR_PACKET);
}

static bool is_alive(struct gdb_command *c)
{
	uint32_t thread;

	return gdb_answer(
		c, gdb_take_one_thread(c, &thread) ? "OK" : GDB_ERROR_PACKET);
}

/* ---- registers ---- */

static bool read_all(struct gdb_command *c)
{
	struct vmx_debug_registers r;

	if (!gdb_target_registers_read(c->p->thread, &r))
		return gdb_answer(c, GDB_ERROR_GONE);
	gdb_registers_put(c->reply, &r, c->p->avx);
	return true;
}

static bool read_one(struct gdb_command *c)
{
	struct vmx_debug_registers r;
	const void *bytes;
	uint64_t number;
	size_t size;

	if (!gdb_take_number(&c->t, &number) || gdb_left(&c->t) ||
	    number >= gdb_registers_count(c->p->avx))
		return gdb_answer(c, GDB_ERROR_PACKET);
	if (!gdb_target_registers_read(c->p->thread, &r))
		return gdb_answer(c, GDB_ERROR_GONE);
	bytes = gdb_registers_find(&r, c->p->avx, (uint32_t)number, &size);
	gdb_put_bytes(c->reply, bytes, size);
	return true;
}

static bool write_back(struct gdb_command *c,
		       const struct vmx_debug_registers *r)
{
	return gdb_answer(c, gdb_target_registers_write(c->p->thread, r)
				     ? "OK"
				     : GDB_ERROR_PACKET);
}

static bool write_all(struct gdb_command *c)
{
	struct vmx_debug_registers r;

	if (!gdb_target_registers_read(c->p->thread, &r))
		return gdb_answer(c, GDB_ERROR_GONE);
	if (!gdb_registers_take(&c->t, &r, c->p->avx))
		return gdb_answer(c, GDB_ERROR_PACKET);
	return write_back(c, &r);
}

static bool write_one(struct gdb_command *c)
{
	struct vmx_debug_registers r;
	uint64_t number;

	if (!gdb_take_number(&c->t, &number) || !gdb_take(&c->t, '=') ||
	    number >= gdb_registers_count(c->p->avx))
		return gdb_answer(c, GDB_ERROR_PACKET);
	if (!gdb_target_registers_read(c->p->thread, &r))
		return gdb_answer(c, GDB_ERROR_GONE);
	if (!gdb_registers_take_one(&c->t, &r, c->p->avx, (uint32_t)number))
		return gdb_answer(c, GDB_ERROR_PACKET);
	return write_back(c, &r);
}

/* ---- memory ---- */

static bool read_memory(struct gdb_command *c)
{
	static uint8_t bytes[MEMORY_MAX];
	uint64_t address, size;
	uint32_t done;

	if (!gdb_take_range(&c->t, &address, &size) || gdb_left(&c->t))
		return gdb_answer(c, GDB_ERROR_PACKET);
	if (size > sizeof(bytes))
		size = sizeof(bytes);
	done = gdb_target_memory_read(c->p->thread, address, bytes,
				      (uint32_t)size);
	if (!done && size)
		return gdb_answer(c, GDB_ERROR_ADDRESS);
	gdb_put_bytes(c->reply, bytes, done);
	return true;
}

/* "M" as digits, "X" as bytes. */
static bool write_memory(struct gdb_command *c, bool binary)
{
	static uint8_t bytes[MEMORY_MAX];
	const uint8_t *from = bytes;
	uint64_t address, size;

	if (!gdb_take_range(&c->t, &address, &size) || !gdb_take(&c->t, ':') ||
	    gdb_left(&c->t) / (binary ? 1 : 2) != size)
		return gdb_answer(c, GDB_ERROR_PACKET);
	if (binary)
		from = c->t.at;
	else if (size > sizeof(bytes) || !gdb_take_bytes(&c->t, bytes, size) ||
		 gdb_left(&c->t))
		return gdb_answer(c, GDB_ERROR_PACKET);
	if (size && !gdb_target_memory_write(c->p->thread, address, from,
					     (uint32_t)size))
		return gdb_answer(c, GDB_ERROR_ADDRESS);
	return gdb_answer(c, "OK");
}

/* ---- breakpoints ---- */

static bool breakpoint(struct gdb_command *c, bool insert)
{
	uint64_t kind, address, size;

	if (!gdb_take_number(&c->t, &kind) || !gdb_take(&c->t, ',') ||
	    !gdb_take_range(&c->t, &address, &size))
		return gdb_answer(c, GDB_ERROR_PACKET);
	if (kind >= GDB_BREAKPOINT_KINDS || gdb_left(&c->t))
		return true;
	/* The "kind" of a breakpoint: there is one alone. */
	if (kind <= GDB_BREAKPOINT_HARDWARE)
		size = 1;
	return answer_result(
		c, insert ? gdb_target_insert(c->p->thread,
					      (enum gdb_breakpoint_kind)kind,
					      address, size)
			  : gdb_target_remove((enum gdb_breakpoint_kind)kind,
					      address, size));
}

/* ---- running ---- */

static bool resume(struct gdb_command *c, const struct gdb_action *actions)
{
	bool any = false;

	for (uint32_t i = 0; i < gdb_target_threads(); i++) {
		any |= actions[i].kind != GDB_ACTION_HOLD;
		if (actions[i].kind == GDB_ACTION_STEP &&
		    !gdb_target_can_step())
			return gdb_answer(
				c, "E.this processor has no monitor trap "
				   "flag: it cannot step");
	}
	if (!any)
		return gdb_answer(c, GDB_ERROR_PACKET);
	c->p->running = true;
	gdb_target_resume(actions);
	return false;
}

/* "c" and "s", with "C" and "S", whose signal no processor can be given. */
static bool resume_old(struct gdb_command *c, bool step, bool signal)
{
	struct gdb_action actions[CONFIG_VCPUS_MAX] = {0};
	struct vmx_debug_registers r;
	uint64_t number, address;

	if (signal && !gdb_take_number(&c->t, &number))
		return gdb_answer(c, GDB_ERROR_PACKET);
	if (signal)
		gdb_take(&c->t, ';');
	if (gdb_left(&c->t)) {
		if (!gdb_take_number(&c->t, &address) || gdb_left(&c->t))
			return gdb_answer(c, GDB_ERROR_PACKET);
		if (!gdb_target_registers_read(c->p->thread, &r))
			return gdb_answer(c, GDB_ERROR_GONE);
		r.rip = address;
		if (!gdb_target_registers_write(c->p->thread, &r))
			return gdb_answer(c, GDB_ERROR_PACKET);
	}
	for (uint32_t i = 0; i < gdb_target_threads(); i++)
		actions[i].kind = step ? GDB_ACTION_HOLD : GDB_ACTION_GO;
	if (step)
		actions[c->p->thread].kind = GDB_ACTION_STEP;
	return resume(c, actions);
}

/* "c", "C05", "s", "S05", "t" or "rFROM,TO" */
static bool take_action(struct gdb_command *c, struct gdb_action *action)
{
	uint64_t signal;

	*action = (struct gdb_action){.kind = GDB_ACTION_STEP};
	if (gdb_take(&c->t, 's'))
		return true;
	if (gdb_take(&c->t, 'S'))
		return gdb_take_number(&c->t, &signal);
	if (gdb_take(&c->t, 'r'))
		return gdb_take_range(&c->t, &action->from, &action->to);
	action->kind = GDB_ACTION_HOLD;
	if (gdb_take(&c->t, 't'))
		return true;
	action->kind = GDB_ACTION_GO;
	if (gdb_take(&c->t, 'c'))
		return true;
	return gdb_take(&c->t, 'C') && gdb_take_number(&c->t, &signal);
}

/* "vCont;ACTION[:THREAD]...": the first that fits a thread is its own. */
static bool resume_each(struct gdb_command *c)
{
	struct gdb_action actions[CONFIG_VCPUS_MAX] = {0};
	bool given[CONFIG_VCPUS_MAX] = {false};
	int32_t threads = (int32_t)gdb_target_threads();

	while (gdb_take(&c->t, ';')) {
		struct gdb_action action;
		int32_t thread = -1;

		if (!take_action(c, &action) ||
		    (gdb_take(&c->t, ':') &&
		     !gdb_take_thread(&c->t, &thread)) ||
		    thread > threads)
			return gdb_answer(c, GDB_ERROR_PACKET);
		for (int32_t i = 0; i < threads; i++) {
			if (given[i] || (thread > 0 && thread != i + 1))
				continue;
			given[i] = true;
			actions[i] = action;
		}
	}
	return gdb_left(&c->t) ? gdb_answer(c, GDB_ERROR_PACKET)
			       : resume(c, actions);
}

static bool detach(struct gdb_command *c)
{
	gdb_target_detach();
	c->p->attached = false;
	return gdb_answer(c, "OK");
}

static bool kill(struct gdb_command *c, bool answered)
{
	gdb_target_kill();
	c->p->attached = false;
	return answered && gdb_answer(c, "OK");
}

static bool command_v(struct gdb_command *c)
{
	if (gdb_take_word(&c->t, "Cont?"))
		return gdb_answer(c, "vCont;c;C;s;S;t;r");
	if (gdb_take_word(&c->t, "Cont"))
		return resume_each(c);
	if (gdb_take_word(&c->t, "Kill"))
		return kill(c, true);
	return true;
}

/* Those that make sense without a VM, or before one is looked at. */
static bool any_time(struct gdb_command *c, uint8_t first, bool *owed)
{
	switch (first) {
	case 'q':
		*owed = gdb_query(c);
		return true;
	case 'Q':
		*owed = gdb_set(c);
		return true;
	case '?':
		put_stop(c->reply, c->p);
		*owed = true;
		return true;
	case 'D':
		*owed = detach(c);
		return true;
	default:
		return false;
	}
}

static bool dispatch(struct gdb_command *c, uint8_t first)
{
	switch (first) {
	case 'g':
		return read_all(c);
	case 'G':
		return write_all(c);
	case 'p':
		return read_one(c);
	case 'P':
		return write_one(c);
	case 'm':
		return read_memory(c);
	case 'M':
		return write_memory(c, false);
	case 'X':
		return write_memory(c, true);
	case 'c':
	case 'C':
		return resume_old(c, false, first == 'C');
	case 's':
	case 'S':
		return resume_old(c, true, first == 'S');
	case 'v':
		return command_v(c);
	case 'H':
		return select_thread(c);
	case 'T':
		return is_alive(c);
	case 'Z':
		return breakpoint(c, true);
	case 'z':
		return breakpoint(c, false);
	case 'k':
		return kill(c, false);
	default:
		return true; /* empty: not supported */
	}
}

bool gdb_protocol_packet(struct gdb_protocol *p, const uint8_t *text,
			 size_t size, struct gdb_reply *reply)
{
	struct gdb_command c = {
		.p = p,
		.t = {text, text + size},
		.reply = reply,
	};
	struct gdb_text hello = c.t;
	bool owed;
	uint8_t first;

	if (!p->attached || gdb_take_word(&hello, "qSupported"))
		begin(p);
	if (p->running) { /* GDB does not say such a thing then */
		gdb_target_stop();
		p->running = false;
	}
	if (!size)
		return true;
	first = *c.t.at++;
	if (any_time(&c, first, &owed))
		return owed;
	if (!gdb_target_is_there())
		return gdb_answer(&c, GDB_ERROR_GONE);
	return dispatch(&c, first);
}
