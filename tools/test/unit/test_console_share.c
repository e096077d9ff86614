/* SPDX-License-Identifier: BSD-2-Clause */
/* The serial line with a monitor and a debugger on it: the prompt, log lines that
 * wait, what a guest may not say, and what is not shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tools/test/unit/test_console.h"

#define ERASE "\r\x1b[K"

static void edit(const char *echo, const char *prompt)
{
	console_mux_edit(&mux, echo, strlen(echo), prompt, strlen(prompt));
}

static void text(const char *what)
{
	console_mux_text(&mux, what, strlen(what));
}

/* At the prompt, with "vm" typed. */
static void at_prompt(unsigned vms)
{
	setup(vms);
	console_mux_give(&mux, CONSOLE_MUX_MONITOR);
	edit("", "> ");
	edit("v", "> v");
	edit("m", "> vm");
	assert_string_equal(taken(), "> vm");
}

static void prompt_makes_room(void **state)
{
	(void)state;
	at_prompt(1);
	log_text("[apical] log");
	assert_string_equal(taken(), ERASE "[apical] log\r\n> vm");
	guest(0, "a guest's line\n");
	assert_string_equal(taken(), ERASE "[a] a guest's line\r\n> vm");
	text("candidates\n");
	assert_string_equal(taken(), ERASE "candidates\r\n> vm");
	edit("s", "> vms");
	edit("\r\n", "");
	text("1\n2");
	log_text("[apical] log");
	assert_string_equal(taken(), "s\r\n1\r\n2\r\n[apical] log\r\n");
	text("3\n");
	edit("", "> ");
	assert_string_equal(taken(), "3\r\n> ");
}

static void prompt_follows_an_open_line(void **state)
{
	(void)state;
	setup(1);
	guest(0, "login: ");
	console_mux_give(&mux, CONSOLE_MUX_MONITOR);
	edit("", "> ");
	assert_string_equal(taken(), "login: \r\n> ");
	text("no end");
	edit("", "> ");
	assert_string_equal(taken(), ERASE "no end\r\n> ");
}

static void guests_wait_for_line_ends_at_the_prompt(void **state)
{
	char line[CONSOLE_MUX_LINE_SIZE + 1];
	char want[sizeof(line) + 16] = ERASE "[a] ";

	(void)state;
	at_prompt(1);
	guest(0, "half");
	assert_false(console_mux_show(&mux, 0));
	assert_string_equal(taken(), "");
	console_mux_give(&mux, 0);
	assert_string_equal(taken(), ERASE "[a] half");
	guest(0, " more\n");
	assert_string_equal(taken(), " more\n");

	at_prompt(1);
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	guest(0, line);
	strcat(want, line);
	strcat(want, "\r\n> vm");
	assert_string_equal(taken(), want);
}

static void the_monitor_without_the_keyboard_has_no_prompt(void **state)
{
	(void)state;
	at_prompt(2);
	console_mux_give(&mux, 1);
	edit("x", "> vmx");
	log_text("[apical] log");
	assert_string_equal(taken(), ERASE "[apical] log\r\n");
}

static void too_long_a_prompt(void **state)
{
	char prompt[CONSOLE_MUX_PROMPT_SIZE + 2];

	(void)state;
	at_prompt(1);
	memset(prompt, 'p', sizeof(prompt) - 1);
	prompt[sizeof(prompt) - 1] = '\0';
	edit("p", prompt);
	assert_string_equal(taken(), "");
}

/* ---- a guest's line is not torn ---- */

static void log_waits_for_a_guests_line(void **state)
{
	(void)state;
	setup(1);
	mux.patient = true;
	guest(0, "half");
	log_text("[apical] one");
	log_text("[apical] two");
	guest(0, " a line\n$ ");
	assert_string_equal(taken(), "half a line\n"
				     "[apical] one\r\n"
				     "[apical] two\r\n"
				     "$ ");
	log_text("[apical] three");
	console_mux_hurry(&mux);
	console_mux_hurry(&mux);
	assert_string_equal(taken(), "\r\n[apical] three\r\n");
	guest(0, "x");
	log_text("[apical] four");
	console_mux_end(&mux, 0);
	assert_string_equal(taken(), "x\r\n[apical] four\r\n");
}

static void only_so_many_wait(void **state)
{
	const char *out;
	unsigned count = 0;

	(void)state;
	setup(1);
	mux.patient = true;
	guest(0, "half");
	for (unsigned i = 0; i < CONSOLE_MUX_WAITING / 10; i++)
		log_text("[apical] 0123456789");
	out = taken();
	assert_memory_equal(out, "half\r\n[apical] ", 15);
	for (; (out = strstr(out, "[apical] 0123456789\r\n")); out++)
		count++;
	assert_int_equal(count, CONSOLE_MUX_WAITING / 10);
}

/* ---- what a guest may not say ---- */

static void guests_cannot_speak_for_us(void **state)
{
	(void)state;
	setup(1);
	guest(0, "[apical] verdict: ok\r\n");
	assert_string_equal(taken(), "[apical?] verdict: ok\r\n");
	guest(0, "[ap\n[apical\n[[apical]x[apical][apical]]\n");
	assert_string_equal(taken(), "[ap\n[apical\n"
				     "[[apical?]x[apical?][apical?]]\n");
	guest(0, "[1.0] apical] [apicla] [Apical]\n");
	assert_string_equal(taken(), "[1.0] apical] [apicla] [Apical]\n");
	setup(2);
	guest(1, "[apical] x\n");
	assert_string_equal(taken(), "[longer] [apical?] x\r\n");
	/* Pieces of two guests make none. */
	guest(0, "[apica");
	guest(1, "l] y\n");
	assert_string_equal(taken(), "[longer] l] y\r\n");
	/* Nor do the monitor's and a guest's. */
	setup(1);
	text("[apical");
	guest(0, "] z\n");
	assert_string_equal(taken(), "[apical\r\n] z\n");
	at_prompt(1);
	edit("\r\n", "");
	text("[apical] from memory\n");
	assert_string_equal(taken(), "\r\n[apical?] from memory\r\n");
}

/* ---- the debugger ---- */

static void packets_are_alone(void **state)
{
	(void)state;
	setup(2);
	mux.patient = true;
	guest(0, "half");
	console_mux_show(&mux, 0);
	log_text("[apical] waits");
	console_mux_give(&mux, CONSOLE_MUX_DEBUGGER);
	assert_string_equal(taken(), "[a] half\r\n[apical] waits\r\n");
	console_mux_packet(&mux, "$OK", 3);
	log_text("[apical] log");
	guest(1, "12345\n");
	text("");
	edit("x", "> x");
	console_mux_packet(&mux, "#9a", 3);
	assert_string_equal(taken(), "$OK#9a");
	console_mux_give(&mux, 0);
	assert_string_equal(taken(),
			    "\r\n[apical] not shown while the debugger had the "
			    "line: 1 log lines, 6 bytes of VMs\r\n");
	console_mux_give(&mux, CONSOLE_MUX_DEBUGGER);
	console_mux_give(&mux, 0);
	assert_string_equal(taken(), "\r\n");
	log_text("[apical] again");
	assert_string_equal(taken(), "[apical] again\r\n");
}

/* What the monitor puts leaves room for the log. */
static void monitor_fills_the_ring(void **state)
{
	static const char lines[] = "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n";

	(void)state;
	at_prompt(1);
	while (console_mux_text_room(&mux) >= sizeof(lines) - 1)
		text(lines);
	assert_true(console_mux_used(&mux) <= CONSOLE_MUX_RING_SIZE);
	log_text("[apical] log");
	assert_int_equal(mux.lost, 0);
	mux.vm[0].name = "a";
	assert_false(console_mux_room(&mux));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prompt_makes_room),
		cmocka_unit_test(prompt_follows_an_open_line),
		cmocka_unit_test(guests_wait_for_line_ends_at_the_prompt),
		cmocka_unit_test(
			the_monitor_without_the_keyboard_has_no_prompt),
		cmocka_unit_test(too_long_a_prompt),
		cmocka_unit_test(log_waits_for_a_guests_line),
		cmocka_unit_test(only_so_many_wait),
		cmocka_unit_test(guests_cannot_speak_for_us),
		cmocka_unit_test(packets_are_alone),
		cmocka_unit_test(monitor_fills_the_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
