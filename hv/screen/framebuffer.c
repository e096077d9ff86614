/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The framebuffer console; see framebuffer.h.  The lock guards the grid of cells
 * and is held for no pixel: what text_screen_next() returned is drawn without
 * it, by the one CPU that draws.
 */
#include "hv/screen/framebuffer.h"

#include <stdbool.h>

#include "hv/clock.h"
#include "hv/hw/tsc.h"
#include "hv/lib/spinlock.h"
#include "hv/smp.h"
#include "hv/screen/text_draw.h"
#include "hv/screen/text_screen.h"
#include "mm/frame.h"
#include "mm/paging.h"

/* From here on, screens have so many pixels to the inch that 8 by 16 of them
 * are too small to be read. */
#define WIDTH_DOUBLED 2560

/* While guests run: so many cells (128 pixels each) at a time, so often.  The
 * first time is late enough that the lines of a report come together. */
#define SLICE_CELLS 256
#define SLICE_NS    1000000ull
#define FIRST_NS    5000000ull

static struct {
	struct spinlock lock; /* of screen, but for what it shows; poll_tsc */
	bool on;
	bool running;	   /* nobody but framebuffer_poll() draws */
	uint64_t poll_tsc; /* when to draw; read without the lock */
	struct text_screen screen;
	struct text_draw draw;
} framebuffer = {.poll_tsc = FRAMEBUFFER_NEVER};

static void set_colours(const struct boot_framebuffer *info)
{
	static const struct {
		uint32_t paper, ink;
	} rgb[TEXT_SCREEN_STYLES] = {
		[TEXT_SCREEN_PLAIN] = {0x000000, 0xd0d0d0},
		[TEXT_SCREEN_ALARM] = {0xb00000, 0xffffff},
	};

	for (uint32_t i = 0; i < TEXT_SCREEN_STYLES; i++) {
		framebuffer.draw.paper[i] =
			text_draw_pixel(rgb[i].paper, info->red_mask,
					info->green_mask, info->blue_mask);
		framebuffer.draw.ink[i] =
			text_draw_pixel(rgb[i].ink, info->red_mask,
					info->green_mask, info->blue_mask);
	}
}

void framebuffer_init(const struct boot_info *boot)
{
	const struct boot_framebuffer *info = &boot->framebuffer;
	struct text_draw *draw = &framebuffer.draw;
	uint32_t columns, rows;
	size_t bytes;
	void *memory;

	if (!info->address.value)
		return;
	draw->width = info->width;
	draw->height = info->height;
	draw->stride = info->stride_pixels;
	draw->scale = info->width >= WIDTH_DOUBLED ? 2 : 1;
	set_colours(info);
	columns = text_draw_columns(draw);
	rows = text_draw_rows(draw);
	if (!columns || !rows)
		return;
	bytes = text_screen_bytes(columns, rows);
	memory = frame_alloc(FRAME_SCREEN, (bytes + PAGE_SIZE - 1) / PAGE_SIZE);
	draw->pixels = paging_map_write_combining(
		info->address,
		(uint64_t)info->stride_pixels * info->height * 4);
	if (!memory || !draw->pixels)
		return;
	text_screen_init(&framebuffer.screen, columns, rows, memory);
	text_draw_clear(draw);
	framebuffer.on = true;
}

/* Up to so many cells; true when there are more. */
static bool draw(uint32_t cells)
{
	struct text_screen_run run;

	for (uint32_t drawn = 0; drawn < cells; drawn += run.count) {
		bool more;

		spin_lock(&framebuffer.lock);
		more = text_screen_next(&framebuffer.screen, &run);
		if (!more)
			framebuffer.poll_tsc = FRAMEBUFFER_NEVER;
		spin_unlock(&framebuffer.lock);
		if (!more)
			return false;
		text_draw_run(&framebuffer.draw, &run);
	}
	return true;
}

/* Draws, or sees to it that CPU 0 does. */
static void draw_or_ask(void)
{
	bool kick = false;

	if (!framebuffer.running) {
		draw(UINT32_MAX);
		return;
	}
	spin_lock(&framebuffer.lock);
	if (framebuffer.poll_tsc == FRAMEBUFFER_NEVER) {
		framebuffer.poll_tsc = tsc_read() + clock_tsc_from_ns(FIRST_NS);
		kick = true;
	}
	spin_unlock(&framebuffer.lock);
	if (kick)
		smp_kick(0);
}

void framebuffer_line(const char *text, size_t size)
{
	if (!framebuffer.on)
		return;
	spin_lock(&framebuffer.lock);
	text_screen_line(&framebuffer.screen, text, size);
	spin_unlock(&framebuffer.lock);
	draw_or_ask();
}

void framebuffer_alarm(const char *text, size_t size)
{
	if (!framebuffer.on)
		return;
	spin_lock(&framebuffer.lock);
	text_screen_header(&framebuffer.screen, text, size);
	spin_unlock(&framebuffer.lock);
	draw_or_ask();
}

void framebuffer_run(void)
{
	framebuffer.running = true;
}

uint64_t framebuffer_poll(void)
{
	uint64_t due = __atomic_load_n(&framebuffer.poll_tsc, __ATOMIC_RELAXED);

	if (due == FRAMEBUFFER_NEVER || due > tsc_read())
		return due;
	if (!draw(SLICE_CELLS))
		return __atomic_load_n(&framebuffer.poll_tsc, __ATOMIC_RELAXED);
	due = tsc_read() + clock_tsc_from_ns(SLICE_NS);
	__atomic_store_n(&framebuffer.poll_tsc, due, __ATOMIC_RELAXED);
	return due;
}

void framebuffer_alone(void)
{
	framebuffer.lock = (struct spinlock){0};
	framebuffer.running = false;
}
