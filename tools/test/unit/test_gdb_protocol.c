/* SPDX-License-Identifier: BSD-2-Clause */
/* GDB's protocol against a VM of memory: each command, and what is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "hv/gdb/protocol.h"
#include "hv/gdb/registers.h"
#include "hv/gdb_target.h"

static struct gdb_protocol protocol;
static struct gdb_reply reply;

/* The reply to a packet, or NULL while it is owed. */
static const char *ask(const char *packet)
{
	memset(&reply, 0, sizeof(reply));
	if (!gdb_protocol_packet(&protocol, (const uint8_t *)packet,
				 strlen(packet), &reply))
		return NULL;
	assert_false(reply.overflow);
	assert_true(reply.size < sizeof(reply.text));
	return (const char *)reply.text;
}

static void assert_reply(const char *packet, const char *wanted)
{
	const char *is = ask(packet);

	assert_non_null(is);
	assert_string_equal(is, wanted);
}

static int nobody_yet(void **state)
{
	(void)state;
	fake_gdb_reset();
	memset(&protocol, 0, sizeof(protocol));
	return 0;
}

static int setup(void **state)
{
	nobody_yet(state);
	assert_reply("qSupported:swbreak+;hwbreak+;xmlRegisters=i386",
		     "PacketSize=1000;qXfer:features:read+;QStartNoAckMode+;"
		     "vContSupported+;swbreak+;hwbreak+");
	assert_int_equal(fake_gdb.begins, 1);
	return 0;
}

static void a_session_begins(void **state)
{
	(void)state;
	assert_reply("?", "T05thread:1;");
	assert_reply("QStartNoAckMode", "OK");
	assert_true(protocol.no_acks);
	assert_reply("qAttached", "1");
	assert_reply("vMustReplyEmpty", "");
	assert_reply("qTStatus", "");
	assert_reply("!", "");
	assert_reply("", "");
	/* Another debugger, after the first went without a word. */
	ask("qSupported");
	assert_int_equal(fake_gdb.begins, 2);
	assert_false(protocol.no_acks);
	assert_false(protocol.tells_why);
	assert_reply("D", "OK");
	assert_int_equal(fake_gdb.detaches, 1);
	assert_reply("?", "T05thread:1;");
	assert_int_equal(fake_gdb.begins, 3);
}

static void threads(void **state)
{
	(void)state;
	assert_reply("qfThreadInfo", "m1,2,3");
	assert_reply("qsThreadInfo", "l");
	assert_reply("qC", "QC1");
	assert_reply("Hg2", "OK");
	assert_reply("qC", "QC2");
	assert_reply("Hg0", "OK");
	assert_reply("qC", "QC2");
	assert_reply("Hg4", "E16");
	assert_reply("Hgx", "E16");
	assert_reply("Hc-1", "OK");
	assert_reply("Hx1", "E16");
	assert_reply("T3", "OK");
	assert_reply("T4", "E16");
	assert_reply("qThreadExtraInfo,3", "766d2e32");
	assert_reply("qThreadExtraInfo,9", "E16");
}

static void registers(void **state)
{
	(void)state;
	fake_gdb.registers[1].gpr[GPR_RBX] = 0x1122334455667788;
	assert_reply("Hg2", "OK");
	assert_reply("p1", "8877665544332211");
	assert_reply("p10", "0020000000000000");
	assert_reply("P10=0000008000000000", "OK");
	assert_int_equal(fake_gdb.registers[1].rip, 0x80000000);
	assert_reply("P10=00", "E16");
	assert_reply("P10=00000080000000000", "E16");
	assert_reply("P10", "E16");
	assert_reply("pff", "E16");
	assert_reply("pffffffffffffffff", "E16");
	assert_reply("p", "E16");
	assert_reply("Pffffffff=0", "E16");
}

static void all_registers(void **state)
{
	static char all[GDB_PACKET_SIZE];
	struct vmx_debug_registers before;

	(void)state;
	for (size_t i = 0; i < sizeof(before); i++)
		((uint8_t *)&fake_gdb.registers[0])[i] = (uint8_t)(i * 3);
	before = fake_gdb.registers[0];
	snprintf(all, sizeof(all), "G%s", ask("g"));
	memset(&fake_gdb.registers[0], 0, sizeof(before));
	fake_gdb.registers[0].cr0 = before.cr0;
	assert_reply(all, "OK");
	assert_memory_equal(&fake_gdb.registers[0], &before, sizeof(before));
	all[strlen(all) - 1] = 0;
	assert_reply(all, "E16");
	assert_reply("G", "E16");
	/* The last digit of RAX is none. */
	snprintf(all, sizeof(all), "G%s", ask("g"));
	all[16] = 'x';
	assert_reply(all, "E16");
}

static void memory(void **state)
{
	(void)state;
	assert_reply("m1,3", "070e15");
	assert_reply("m0,0", "");
	assert_reply("mfffe,10", "f2f9");
	assert_reply("m10000,1", "E0e");
	assert_reply("mffffffffffffffff,ffffffffffffffff", "E0e");
	assert_reply("m1", "E16");
	assert_reply("m1,x", "E16");
	assert_reply("m1,2,3", "E16");
	assert_reply("M2,2:abcd", "OK");
	assert_reply("m1,4", "07abcd1c");
	assert_reply("M2,3:abcd", "E16");
	assert_reply("M2,2:abcx", "E16");
	assert_reply("M2,2:abcdef", "E16");
	assert_reply("M2,2:abcd0", "E16");
	assert_reply("Mffff,2:abcd", "E0e");
	assert_reply("M2,8000000000000000:", "E16");
	assert_reply("X2,0:", "OK");
	assert_reply("X2,3:xyz", "OK");
	assert_reply("m2,3", "78797a");
	assert_reply("X2,3:xy", "E16");
	assert_int_equal(strlen(ask("m0,ffffffff")), GDB_PACKET_SIZE - 2);
}

static void breakpoints(void **state)
{
	(void)state;
	assert_reply("Z0,123,1", "OK");
	assert_int_equal(fake_gdb.kind, GDB_BREAKPOINT_SOFTWARE);
	assert_int_equal(fake_gdb.address, 0x123);
	assert_reply("Z2,1000,8", "OK");
	assert_int_equal(fake_gdb.kind, GDB_BREAKPOINT_WRITE);
	assert_int_equal(fake_gdb.size, 8);
	assert_reply("Z1,ffffffff,1", "E0e");
	assert_reply("Z5,0,1", "");
	assert_reply("Z0,0,1;X1,27", "");
	assert_reply("Z", "E16");
	assert_reply("Z0,1", "E16");
	assert_int_equal(fake_gdb.inserts, 3);
	assert_reply("z0,123,1", "OK");
	assert_int_equal(fake_gdb.removes, 1);
}

static void assert_actions(enum gdb_action_kind a, enum gdb_action_kind b,
			   enum gdb_action_kind c)
{
	assert_int_equal(fake_gdb.actions[0].kind, a);
	assert_int_equal(fake_gdb.actions[1].kind, b);
	assert_int_equal(fake_gdb.actions[2].kind, c);
}

static void assert_resumes(const char *packet)
{
	struct gdb_stop stop = {.reason = GDB_STOP_STEP};
	unsigned before = fake_gdb.resumes;

	assert_null(ask(packet));
	assert_int_equal(fake_gdb.resumes, before + 1);
	assert_true(gdb_protocol_stopped(&protocol, &stop, &reply));
}

static void running(void **state)
{
	enum gdb_action_kind go = GDB_ACTION_GO, step = GDB_ACTION_STEP,
			     hold = GDB_ACTION_HOLD;

	(void)state;
	assert_reply("vCont?", "vCont;c;C;s;S;t;r");
	assert_resumes("vCont;c");
	assert_actions(go, go, go);
	assert_resumes("vCont;s:2;c");
	assert_actions(go, step, go);
	assert_resumes("vCont;s:3");
	assert_actions(hold, hold, step);
	assert_resumes("vCont;t:1;r10,20:2;C05:-1");
	assert_actions(hold, step, go);
	assert_int_equal(fake_gdb.actions[1].from, 0x10);
	assert_int_equal(fake_gdb.actions[1].to, 0x20);
	assert_resumes("c");
	assert_actions(go, go, go);
	assert_resumes("C05;4444");
	assert_int_equal(fake_gdb.registers[0].rip, 0x4444);
	assert_resumes("s1234");
	assert_actions(step, hold, hold);
	assert_int_equal(fake_gdb.registers[0].rip, 0x1234);
}

static void running_wrongly(void **state)
{
	unsigned before = fake_gdb.resumes;

	(void)state;
	assert_reply("vCont", "E16");
	assert_reply("vCont;t", "E16");
	assert_reply("vCont;x", "E16");
	assert_reply("vCont;s:4", "E16");
	assert_reply("vCont;s:", "E16");
	assert_reply("vCont;r1:1", "E16");
	assert_reply("vCont;c:1x", "E16");
	assert_reply("cxyz", "E16");
	assert_reply("C", "E16");
	assert_int_equal(fake_gdb.resumes, before);
	fake_gdb.can_step = false;
	assert_reply("s", "E.this processor has no monitor trap flag: it "
			  "cannot step");
}

static void assert_stop(struct gdb_stop stop, const char *wanted)
{
	assert_null(ask("vCont;c"));
	memset(&reply, 0, sizeof(reply));
	assert_true(gdb_protocol_stopped(&protocol, &stop, &reply));
	assert_string_equal((const char *)reply.text, wanted);
	assert_reply("?", wanted);
}

static void stops(void **state)
{
	struct gdb_stop stop = {.reason = GDB_STOP_SOFTWARE, .thread = 2};

	(void)state;
	assert_stop(stop, "T05thread:3;swbreak:;");
	assert_reply("qC", "QC3");
	stop.reason = GDB_STOP_HARDWARE;
	assert_stop(stop, "T05thread:3;hwbreak:;");
	stop.reason = GDB_STOP_WRITE;
	stop.address = 0xffff888000001234;
	assert_stop(stop, "T05thread:3;watch:ffff888000001234;");
	stop.reason = GDB_STOP_READ;
	assert_stop(stop, "T05thread:3;rwatch:ffff888000001234;");
	stop.reason = GDB_STOP_ACCESS;
	assert_stop(stop, "T05thread:3;awatch:ffff888000001234;");
	stop.reason = GDB_STOP_STEP;
	assert_stop(stop, "T05thread:3;");
	/* Nobody waits for it. */
	assert_false(gdb_protocol_stopped(&protocol, &stop, &reply));
}

static void interrupts(void **state)
{
	(void)state;
	assert_false(gdb_protocol_interrupt(&protocol, &reply));
	assert_null(ask("vCont;c"));
	memset(&reply, 0, sizeof(reply));
	assert_true(gdb_protocol_interrupt(&protocol, &reply));
	assert_string_equal((const char *)reply.text, "T02thread:1;");
	assert_int_equal(fake_gdb.stops, 1);
	/* A packet while it runs: it is stopped, and answered. */
	assert_null(ask("vCont;c"));
	assert_reply("m1,1", "07");
	assert_int_equal(fake_gdb.stops, 2);
	assert_false(protocol.running);
}

static void the_end(void **state)
{
	struct gdb_stop stop = {.reason = GDB_STOP_ENDED, .status = 0x2a};

	(void)state;
	assert_null(ask("c"));
	memset(&reply, 0, sizeof(reply));
	assert_true(gdb_protocol_stopped(&protocol, &stop, &reply));
	assert_string_equal((const char *)reply.text, "W2a");
	assert_false(protocol.attached);
	fake_gdb.there = false;
	assert_reply("?", "W00");
	assert_reply("g", "E03");
	assert_reply("c", "E03");
	assert_reply("qfThreadInfo", "m1,2,3");
}

/* Who comes too late holds nothing that a new start would wait for. */
static void comes_after_the_end(void **state)
{
	(void)state;
	fake_gdb.there = false;
	assert_reply("QStartNoAckMode", "OK");
	assert_reply("?", "W00");
	assert_true(protocol.no_acks);
	assert_false(protocol.attached);
	assert_int_equal(fake_gdb.begins, 0);
	fake_gdb.there = true;
	assert_reply("?", "T05thread:1;");
	assert_true(protocol.attached);
	assert_int_equal(fake_gdb.begins, 1);
}

static void kills(void **state)
{
	(void)state;
	assert_reply("vKill;1", "OK");
	assert_int_equal(fake_gdb.kills, 1);
	ask("?");
	assert_null(ask("k"));
	assert_int_equal(fake_gdb.kills, 2);
}

static void monitor(void **state)
{
	static char line[2048];

	(void)state;
	assert_reply("qRcmd,766d73", "OK");
	assert_string_equal(fake_gdb.line, "vms");
	assert_reply("qRcmd,", "OK");
	assert_string_equal(fake_gdb.line, "");
	assert_reply("qRcmd,7", "E16");
	assert_reply("qRcmd,7x", "E16");
	assert_reply("qRcmd,0a", "E16");
	strcpy(line, "qRcmd,");
	memset(line + 6, '6', 1022);
	assert_reply(line, "OK");
	assert_int_equal(strlen(fake_gdb.line), 511);
	memset(line + 6, '6', 1024);
	assert_reply(line, "E16");
}

/* The description in parts of a size that is no divisor of anything. */
static void description(void **state)
{
	static char xml[16384];
	size_t size = 0;
	char packet[64];
	const char *r;

	(void)state;
	do {
		snprintf(packet, sizeof(packet),
			 "qXfer:features:read:target.xml:%zx,1c9", size);
		r = ask(packet);
		strcpy(xml + size, r + 1);
		size += strlen(r + 1);
		assert_true(size < sizeof(xml) - 1024);
	} while (r[0] == 'm');
	assert_int_equal(r[0], 'l');
	assert_non_null(strstr(xml, "org.gnu.gdb.i386.core"));
	assert_non_null(strstr(xml, "name=\"ymm15h\" bitsize=\"128\""));
	assert_non_null(strstr(xml, "name=\"efer\" bitsize=\"64\""));
	assert_string_equal(xml + size - 10, "</target>\n");
	assert_reply("qXfer:features:read:target.xml:fffffff,10", "l");
	assert_reply("qXfer:features:read:target.xml:0", "E16");
	assert_reply("qXfer:features:read:other.xml:0,10", "");
}

/* As many registers are described as there are. */
static void numbers(void **state)
{
	static uint8_t xml[32768];
	unsigned count = 0;
	size_t size;
	bool more;

	(void)state;
	for (int avx = 0; avx < 2; avx++) {
		size = gdb_registers_xml(avx, 0, xml, sizeof(xml) - 1, &more);
		assert_false(more);
		xml[size] = 0;
		count = 0;
		for (const char *at = (const char *)xml;
		     (at = strstr(at, "<reg ")); at++)
			count++;
		assert_int_equal(count, gdb_registers_count(avx));
	}
	assert_null(
		gdb_registers_find(&fake_gdb.registers[0], true, count, &size));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_session_begins, setup),
		cmocka_unit_test_setup(threads, setup),
		cmocka_unit_test_setup(registers, setup),
		cmocka_unit_test_setup(all_registers, setup),
		cmocka_unit_test_setup(memory, setup),
		cmocka_unit_test_setup(breakpoints, setup),
		cmocka_unit_test_setup(running, setup),
		cmocka_unit_test_setup(running_wrongly, setup),
		cmocka_unit_test_setup(stops, setup),
		cmocka_unit_test_setup(interrupts, setup),
		cmocka_unit_test_setup(the_end, setup),
		cmocka_unit_test_setup(comes_after_the_end, nobody_yet),
		cmocka_unit_test_setup(kills, setup),
		cmocka_unit_test_setup(monitor, setup),
		cmocka_unit_test_setup(description, setup),
		cmocka_unit_test_setup(numbers, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
