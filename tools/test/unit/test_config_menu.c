/* SPDX-License-Identifier: BSD-2-Clause */
/* boot/config_menu.c: what a menu says, and the words for what is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "boot/config_menu.h"

static struct config_menu menu;
static struct config_error error;

/* Parses an exact-size copy, so that ASan sees a read behind the end. */
static bool parse(const char *text)
{
	size_t size = strlen(text);
	char *copy = malloc(size ? size : 1);
	bool good;

	memcpy(copy, text, size);
	good = config_menu_parse(&menu, copy, size, &error);
	free(copy);
	return good;
}

static void assert_wrong(const char *text, uint32_t line, uint32_t column,
			 const char *sentence)
{
	assert_false(parse(text));
	assert_string_equal(error.text, sentence);
	assert_int_equal(error.line, line);
	assert_int_equal(error.column, column);
}

static void assert_entry(uint32_t index, char key, const char *file,
			 const char *title)
{
	assert_in_range(index, 0, menu.count - 1);
	assert_int_equal(menu.entry[index].key, key);
	assert_string_equal(menu.entry[index].file, file);
	assert_string_equal(menu.entry[index].title, title);
}

static void whole(void **state)
{
	(void)state;
	assert_true(parse("# a comment\r\n"
			  "seconds = 7\n"
			  "\n"
			  "l = lab.cfg, APIC lab # another\n"
			  " enter =  \\a\\b.cfg ,  Debian 13, plain \n"
			  "2=two.cfg"));
	assert_int_equal(menu.seconds, 7);
	assert_int_equal(menu.count, 3);
	assert_entry(0, '\r', "\\a\\b.cfg", "Debian 13, plain");
	assert_entry(1, 'l', "lab.cfg", "APIC lab");
	assert_entry(2, '2', "two.cfg", "two.cfg");
	assert_int_equal(config_menu_find(&menu, '\r'), 0);
	assert_int_equal(config_menu_find(&menu, 'l'), 1);
	assert_int_equal(config_menu_find(&menu, '2'), 2);
	assert_int_equal(config_menu_find(&menu, 'x'), -1);
	assert_int_equal(config_menu_find(&menu, 0), -1);
	assert_int_equal(config_menu_find(&menu, 0x100 + 'l'), -1);
}

static void defaults(void **state)
{
	(void)state;
	assert_true(parse("enter = apical.cfg"));
	assert_int_equal(menu.seconds, 3);
	assert_int_equal(menu.count, 1);
	assert_true(parse("seconds = 0\nenter = a"));
	assert_int_equal(menu.seconds, 0);
	assert_true(parse("seconds = 120\nenter = a"));
}

static void wrong(void **state)
{
	static const char no_default[] = "there is no enter = FILE, the "
					 "default";
	static const char no_title[] =
		"a title of 1 to 39 printable characters must stand here";
	char text[256];

	(void)state;
	assert_wrong("", 0, 0, no_default);
	assert_wrong("l = lab.cfg\n", 0, 0, no_default);
	assert_wrong("enter = a\n  lab.cfg", 2, 3,
		     "there is no '=' in this line");
	assert_wrong("seconds = 121", 1, 11,
		     "seconds must be a number from 0 to 120");
	assert_wrong("enter = a\nL = b", 2, 1,
		     "before '=' must stand seconds, enter, a letter from a "
		     "to z or a digit");
	assert_wrong("l = b\nl = c", 2, 1, "this key is there twice");
	assert_wrong("enter = b\nenter = c", 2, 1, "this key is there twice");
	assert_wrong("enter = , a", 1, 9,
		     "a file's name of 1 to 127 printable characters must "
		     "stand here");
	assert_wrong("enter = a,", 1, 11, no_title);
	assert_wrong("enter = a,b\x80", 1, 11, no_title);
	memset(text, 'a', sizeof(text));
	memcpy(text, "enter = a,", 10);
	text[10 + 39] = '\0';
	assert_true(parse(text));
	text[10 + 39] = 'a';
	text[10 + 40] = '\0';
	assert_wrong(text, 1, 11, no_title);
	assert_wrong("1=a\n2=a\n3=a\n4=a\n5=a\n6=a\n7=a\n8=a", 8, 1,
		     "there are more than 8 entries");
}

/* The one on the USB image; tests run in the project's folder. */
static void shipped(void **state)
{
	char text[4096];
	FILE *file = fopen("tools/menu.txt", "r");
	size_t size;

	(void)state;
	assert_non_null(file);
	size = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[size] = '\0';
	assert_true(parse(text));
	assert_int_equal(menu.count, 3);
	assert_entry(1, 'l', "lab.cfg", "APIC lab");
	assert_entry(2, 'r', "report.cfg", "hardware report with the lab");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole),
		cmocka_unit_test(defaults),
		cmocka_unit_test(wrong),
		cmocka_unit_test(shipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
