/* SPDX-License-Identifier: BSD-2-Clause */
/* hv/screen/framebuffer.c: who draws, when, and how much at a time.  One story in the
 * order of the tests, as there is one screen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hv/clock.h"
#include "hv/screen/font.h"
#include "hv/screen/framebuffer.h"
#include "hv/smp.h"
#include "mm/frame.h"
#include "mm/paging.h"

#define COLUMNS 80u
#define ROWS	12u
#define WIDTH	(COLUMNS * FONT_WIDTH + 3)
#define HEIGHT	(ROWS * FONT_HEIGHT + 5)
#define STRIDE	(WIDTH + 5)
#define INK	0xd0d0d0u
#define RED	0xb00000u
#define UNUSED	0x12345678u
#define SLICE	256u

#define ADDRESS 0xc0000000ull

static uint32_t pixels[HEIGHT * STRIDE];
static uint8_t pool[64 * PAGE_SIZE] __attribute__((aligned(4096)));
static struct boot_info boot;
static unsigned kicks;
static uint64_t wait; /* what any time is in ticks of the TSC */

void *paging_map_write_combining(hpa_t address, uint64_t size_bytes)
{
	assert_int_equal(address.value, ADDRESS);
	assert_int_equal(size_bytes, sizeof(pixels));
	return pixels;
}

uint64_t clock_tsc_from_ns(uint64_t ns)
{
	assert_true(ns <= 10000000);
	return wait;
}

void smp_kick(uint32_t number)
{
	assert_int_equal(number, 0);
	kicks++;
}

static void line(const char *text)
{
	framebuffer_line(text, strlen(text));
}

/* Cells of a row of the screen in which something stands. */
static uint32_t inked(uint32_t row)
{
	uint32_t count = 0;

	for (uint32_t column = 0; column < COLUMNS; column++) {
		bool ink = false;

		for (uint32_t y = 0; y < FONT_HEIGHT; y++)
			for (uint32_t x = 0; x < FONT_WIDTH; x++)
				ink |= pixels[(row * FONT_HEIGHT + y) * STRIDE +
					      column * FONT_WIDTH + x] == INK;
		count += ink;
	}
	return count;
}

static uint32_t inked_in_all(void)
{
	uint32_t count = 0;

	for (uint32_t row = 0; row < ROWS; row++)
		count += inked(row);
	return count;
}

static void without_a_screen(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(pixels) / sizeof(pixels[0]); i++)
		pixels[i] = UNUSED;
	framebuffer_init(&boot);
	line("nothing");
	framebuffer_run();
	line("nothing");
	framebuffer_alarm("nothing", 7);
	assert_true(framebuffer_poll() == FRAMEBUFFER_NEVER);
	assert_int_equal(kicks, 0);
	assert_int_equal(pixels[0], UNUSED);
	framebuffer_alone();
}

static void cleared_within_its_lines(void **state)
{
	(void)state;
	frame_init(pool, hpa(0x100000), sizeof(pool), PAGE_SIZE);
	boot.framebuffer = (struct boot_framebuffer){
		.address = hpa(ADDRESS),
		.width = WIDTH,
		.height = HEIGHT,
		.stride_pixels = STRIDE,
		.red_mask = 0xff0000,
		.green_mask = 0x00ff00,
		.blue_mask = 0x0000ff,
	};
	framebuffer_init(&boot);
	for (uint32_t y = 0; y < HEIGHT; y++)
		for (uint32_t x = 0; x < STRIDE; x++)
			assert_int_equal(pixels[y * STRIDE + x],
					 x < WIDTH ? 0 : UNUSED);
}

static void at_once_at_first(void **state)
{
	(void)state;
	line("four");
	assert_int_equal(inked(0), 4);
	line("nine char");
	assert_int_equal(inked(1), 8);
	assert_int_equal(kicks, 0);
	assert_true(framebuffer_poll() == FRAMEBUFFER_NEVER);
}

static void later_while_guests_run(void **state)
{
	uint32_t before = inked_in_all();

	(void)state;
	framebuffer_run();
	wait = 1ull << 60;
	line("a");
	line("b");
	assert_int_equal(inked_in_all(), before);
	assert_int_equal(kicks, 1); /* CPU 0 knows already */
	assert_true(framebuffer_poll() > 1ull << 60);
	assert_true(framebuffer_poll() != FRAMEBUFFER_NEVER);
	assert_int_equal(inked_in_all(), before);
	/* let the story go on from a state in which nothing waits */
	framebuffer_alone();
	line("c");
	assert_int_equal(inked_in_all(), before + 3);
	assert_true(framebuffer_poll() == FRAMEBUFFER_NEVER);
}

static void in_slices(void **state)
{
	char text[COLUMNS + 1];
	unsigned polls = 1;
	uint32_t before;

	(void)state;
	framebuffer_run();
	kicks = 0;
	wait = 0;
	memset(text, 'x', COLUMNS);
	text[COLUMNS] = '\0';
	for (uint32_t i = 0; i < 3 * ROWS; i++)
		line(text);
	assert_int_equal(kicks, 1);
	before = inked_in_all();
	assert_true(framebuffer_poll() != FRAMEBUFFER_NEVER);
	assert_in_range(inked_in_all(), before + 1, before + SLICE + COLUMNS);
	while (framebuffer_poll() != FRAMEBUFFER_NEVER)
		polls++;
	assert_in_range(polls, ROWS * COLUMNS / (SLICE + COLUMNS), 4);
	assert_int_equal(inked_in_all(), ROWS * COLUMNS);
	/* and from here on as in the beginning */
	line("y");
	assert_int_equal(kicks, 2);
	while (framebuffer_poll() != FRAMEBUFFER_NEVER)
		;
	assert_int_equal(inked(ROWS - 1), 1);
}

/* Another CPU was stopped while it held the lock. */
static void a_panic_waits_for_nobody(void **state)
{
	(void)state;
	framebuffer_alone();
	framebuffer_alarm("panic", 5);
	line("reason");
	assert_int_equal(pixels[0], RED);
	assert_int_equal(
		pixels[(FONT_HEIGHT - 1) * STRIDE + COLUMNS * FONT_WIDTH - 1],
		RED);
	assert_int_equal(inked(ROWS - 1), 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_screen),
		cmocka_unit_test(cleared_within_its_lines),
		cmocka_unit_test(at_once_at_first),
		cmocka_unit_test(later_while_guests_run),
		cmocka_unit_test(in_slices),
		cmocka_unit_test(a_panic_waits_for_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
