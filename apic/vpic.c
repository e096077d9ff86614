/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two 8259As, the second on line 2 of the first, and the edge/level control
 * registers that PC chipsets put in place of ICW1's LTIM bit.  Pure.  Source:
 * Intel 8259A data sheet (231468); 82371SB data sheet, "ELCR".
 */
#include "apic/vpic.h"

#define PORT_MASTER 0x20
#define PORT_SLAVE  0xa0
#define PORT_ELCR   0x4d0
#define PORT_CHIP   (PORT_MASTER ^ PORT_SLAVE) /* which of the two */

#define CASCADE	    2
#define CASCADE_BIT (1u << CASCADE)

/* Lines 0, 1, 2, 8 and 13 are always edge-triggered. */
static const uint8_t elcr_writable[2] = {0xf8, 0xde};

#define ICW1	   0x10
#define ICW1_IC4   0x01
#define ICW1_SNGL  0x02
#define ICW4_AEOI  0x02
#define ICW4_SFNM  0x10
#define OCW2_LEVEL 0x07
#define OCW3	   0x08
#define OCW3_RIS   0x01
#define OCW3_RR	   0x02
#define OCW3_P	   0x04
#define OCW3_SMM   0x20
#define OCW3_ESMM  0x40

/* OCW2's R, SL and EOI bits. */
enum ocw2 {
	CLEAR_ROTATE_ON_AUTO_EOI = 0,
	EOI = 1,
	NO_OPERATION = 2,
	SPECIFIC_EOI = 3,
	SET_ROTATE_ON_AUTO_EOI = 4,
	ROTATE_ON_EOI = 5,
	SET_PRIORITY = 6,
	ROTATE_ON_SPECIFIC_EOI = 7,
};

/* The set's line of highest priority, as a distance from priority_base (0 is
 * the highest); 8 when the set is empty. */
static unsigned rank(const struct vpic_chip *c, uint8_t set)
{
	unsigned rotated = (unsigned)set << 8 | set;

	rotated = rotated >> c->priority_base & 0xff;
	return rotated ? (unsigned)__builtin_ctz(rotated) : 8;
}

static unsigned line_of_rank(const struct vpic_chip *c, unsigned r)
{
	return (r + c->priority_base) & 7;
}

/* The line that the chip asks an acknowledge for, or -1. */
static int request(const struct vpic *pic, unsigned n)
{
	const struct vpic_chip *c = &pic->chip[n];
	uint8_t lines = c->irr & ~c->imr, in_service = c->isr;
	unsigned asking;

	if (!lines)
		return -1;
	asking = rank(c, lines);
	if (c->special_mask)
		in_service &= ~c->imr;
	/* The slave's requests of higher priority than the one in service. */
	if (c->special_fully_nested && n == 0)
		in_service &= ~CASCADE_BIT;
	if (asking >= rank(c, in_service))
		return -1;
	return (int)line_of_rank(c, asking);
}

/* The slave's output is the master's line 2. */
static void cascade(struct vpic *pic)
{
	if (request(pic, 1) >= 0)
		pic->chip[0].irr |= CASCADE_BIT;
	else
		pic->chip[0].irr &= ~CASCADE_BIT;
}

/* After a write. */
static __attribute__((noinline)) bool settle(struct vpic *pic)
{
	cascade(pic);
	return true;
}

void vpic_init(struct vpic *pic)
{
	*pic = (struct vpic){0};
	pic->chip[0].imr = 0xff;
	pic->chip[1].imr = 0xff;
}

/* One of the two, of any port. */
static struct vpic_chip *chip_at(struct vpic *pic, uint32_t port)
{
	return port & PORT_CHIP ? &pic->chip[1] : &pic->chip[0];
}

static bool is_chip(uint32_t port)
{
	return (port & ~(PORT_CHIP | 1u)) == PORT_MASTER;
}

static bool is_elcr(uint32_t port)
{
	return (port & ~1u) == PORT_ELCR;
}

bool vpic_owns(uint32_t port)
{
	return is_chip(port) || is_elcr(port);
}

bool vpic_intr(const struct vpic *pic)
{
	return request(pic, 0) >= 0;
}

void vpic_set_line(struct vpic *pic, unsigned line, bool active)
{
	struct vpic_chip *c;
	uint8_t bit;

	if (line > 15 || line == CASCADE)
		return;
	c = &pic->chip[line / 8];
	bit = (uint8_t)(1u << line % 8);
	if (!active) {
		c->lines &= ~bit;
		c->irr &= ~bit;
	} else {
		if (!(c->lines & bit) || (c->elcr & bit))
			c->irr |= bit;
		c->lines |= bit;
	}
	cascade(pic);
}

static void rotate(struct vpic_chip *c, unsigned line)
{
	c->priority_base = (line + 1) & 7;
}

/* One chip's part of an acknowledge cycle, or of a poll. */
static void acknowledge_line(struct vpic_chip *c, unsigned line)
{
	uint8_t bit = (uint8_t)(1u << line);

	if (!(c->elcr & bit))
		c->irr &= ~bit;
	if (!c->auto_eoi)
		c->isr |= bit;
	else if (c->rotate_on_auto_eoi)
		rotate(c, line);
}

uint8_t vpic_acknowledge(struct vpic *pic)
{
	struct vpic_chip *master = &pic->chip[0], *slave = &pic->chip[1];
	int line = request(pic, 0);
	int slave_line;

	if (line < 0)
		return master->vector_base | 7;
	acknowledge_line(master, (unsigned)line);
	if (line != CASCADE)
		return master->vector_base | (uint8_t)line;
	slave_line = request(pic, 1);
	if (slave_line >= 0)
		acknowledge_line(slave, (unsigned)slave_line);
	cascade(pic);
	return slave->vector_base | (slave_line < 0 ? 7 : (uint8_t)slave_line);
}

static __attribute__((noinline)) uint8_t poll(struct vpic *pic, unsigned n)
{
	int line = request(pic, n);

	pic->chip[n].poll = false;
	if (line < 0)
		return 0;
	acknowledge_line(&pic->chip[n], (unsigned)line);
	cascade(pic);
	return 0x80 | (uint8_t)line;
}

static __attribute__((noinline)) uint8_t read_elcr(const struct vpic *pic,
						   uint32_t port)
{
	return is_elcr(port) ? pic->chip[port & 1].elcr : 0xff;
}

uint32_t vpic_read(struct vpic *pic, uint32_t port)
{
	struct vpic_chip *c = chip_at(pic, port);

	if (!is_chip(port))
		return read_elcr(pic, port);
	if (c->poll)
		return poll(pic, (port & PORT_CHIP) != 0);
	if (port & 1)
		return c->imr;
	return c->read_isr ? c->isr : c->irr;
}

static void write_icw1(struct vpic_chip *c, uint8_t value)
{
	*c = (struct vpic_chip){
		.lines = c->lines,
		.elcr = c->elcr,
		.irr = c->lines & c->elcr, /* edges must come again */
		.vector_base = c->vector_base,
		.init_step = 2,
		.needs_icw4 = value & ICW1_IC4,
		.single = value & ICW1_SNGL,
	};
}

static void write_icw(struct vpic_chip *c, uint8_t value)
{
	switch (c->init_step) {
	case 2:
		c->vector_base = value & 0xf8;
		if (!c->single)
			c->init_step = 3;
		else
			c->init_step = c->needs_icw4 ? 4 : 0;
		break;
	case 3: /* the wiring is fixed */
		c->init_step = c->needs_icw4 ? 4 : 0;
		break;
	default:
		c->auto_eoi = value & ICW4_AEOI;
		c->special_fully_nested = value & ICW4_SFNM;
		c->init_step = 0;
	}
}

/* In special mask mode a masked line's interrupt is not the one that a
 * non-specific EOI ends. */
static void end_of_interrupt(struct vpic_chip *c, bool rotating)
{
	unsigned r = rank(c, c->special_mask ? c->isr & ~c->imr : c->isr);
	unsigned line = line_of_rank(c, r);

	if (r == 8)
		return;
	c->isr &= ~(1u << line);
	if (rotating)
		rotate(c, line);
}

static void write_ocw2(struct vpic_chip *c, uint8_t value)
{
	unsigned line = value & OCW2_LEVEL;

	switch ((enum ocw2)(value >> 5)) {
	case CLEAR_ROTATE_ON_AUTO_EOI:
		c->rotate_on_auto_eoi = false;
		break;
	case SET_ROTATE_ON_AUTO_EOI:
		c->rotate_on_auto_eoi = true;
		break;
	case EOI:
		end_of_interrupt(c, false);
		break;
	case ROTATE_ON_EOI:
		end_of_interrupt(c, true);
		break;
	case SPECIFIC_EOI:
		c->isr &= ~(1u << line);
		break;
	case ROTATE_ON_SPECIFIC_EOI:
		c->isr &= ~(1u << line);
		rotate(c, line);
		break;
	case SET_PRIORITY:
		rotate(c, line);
		break;
	case NO_OPERATION:
		break;
	}
}

static void write_ocw3(struct vpic_chip *c, uint8_t value)
{
	c->poll = value & OCW3_P;
	if (value & OCW3_RR)
		c->read_isr = value & OCW3_RIS;
	if (value & OCW3_ESMM)
		c->special_mask = value & OCW3_SMM;
}

static __attribute__((noinline)) bool write_command(struct vpic *pic,
						    struct vpic_chip *c,
						    uint8_t value)
{
	if (value & ICW1)
		write_icw1(c, value);
	else if (value & OCW3)
		write_ocw3(c, value);
	else
		write_ocw2(c, value);
	return settle(pic);
}

/* Counts for lines that ask, and in special mask mode for those in service. */
static bool write_mask(struct vpic *pic, struct vpic_chip *c, uint8_t value)
{
	uint8_t changed = c->imr ^ value;

	c->imr = value;
	return changed & (c->irr | c->isr) ? settle(pic) : false;
}

static __attribute__((noinline)) bool write_elcr(struct vpic *pic,
						 uint32_t port, uint8_t value)
{
	struct vpic_chip *c = &pic->chip[port & 1];

	if (!is_elcr(port))
		return false;
	c->elcr = value & elcr_writable[port & 1];
	c->irr |= c->lines & c->elcr;
	return settle(pic);
}

static __attribute__((noinline)) bool write_next_icw(struct vpic *pic,
						     struct vpic_chip *c,
						     uint8_t value)
{
	write_icw(c, value);
	return settle(pic);
}

bool vpic_write(struct vpic *pic, uint32_t port, uint8_t value)
{
	struct vpic_chip *c = chip_at(pic, port);

	if (!is_chip(port))
		return write_elcr(pic, port, value);
	if (!(port & 1))
		return write_command(pic, c, value);
	if (c->init_step)
		return write_next_icw(pic, c, value);
	return write_mask(pic, c, value);
}
