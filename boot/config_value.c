/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The values of apical.cfg's keys.  Touches only its arguments; called by
 * boot/config.c.  Pure.
 */
#include "boot/config_value.h"

#define CONFIG_CPU_MAX 255u

static uint32_t config_digit(char c)
{
	if (c >= '0' && c <= '9')
		return (uint32_t)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (uint32_t)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (uint32_t)(c - 'A') + 10;
	return UINT32_MAX;
}

/* Decimal, or hexadecimal after "0x". */
static bool config_number(struct config_span span, uint32_t *number)
{
	uint64_t value = 0;
	uint32_t base = 10;

	if (span.size > 2 && span.text[0] == '0' && span.text[1] == 'x') {
		span = config_skip(span, 2);
		base = 16;
	}
	if (!span.size)
		return false;
	for (size_t i = 0; i < span.size; i++) {
		uint32_t digit = config_digit(span.text[i]);

		if (digit >= base)
			return false;
		value = value * base + digit;
		if (value > UINT32_MAX)
			return false;
	}
	*number = (uint32_t)value;
	return true;
}

bool config_range(struct config_span span, uint32_t min, uint32_t max,
		  uint32_t *number)
{
	return config_number(span, number) && *number >= min && *number <= max;
}

bool config_baud(struct config_span span, uint32_t min, uint32_t max,
		 uint32_t *baud)
{
	return config_range(span, 0, max, baud) && (!*baud || *baud >= min);
}

bool config_flag(struct config_span span, bool *flag)
{
	*flag = config_equal(span, "on");
	return *flag || config_equal(span, "off");
}

bool config_choice(struct config_span span, const char *const *choices,
		   uint32_t *choice)
{
	for (*choice = 0; choices[*choice]; ++*choice)
		if (config_equal(span, choices[*choice]))
			return true;
	return false;
}

bool config_port(struct config_span span, uint32_t *port)
{
	static const struct {
		const char *name;
		uint32_t port;
	} names[] = {
		{"auto", CONFIG_PORT_AUTO},
		{"none", CONFIG_PORT_NONE},
		{"com1", 0x3f8},
		{"com2", 0x2f8},
		{"com3", 0x3e8},
		{"com4", 0x2e8},
		{"pci", CONFIG_PORT_PCI},
		{"pci2", CONFIG_PORT_PCI + 1},
		{"pci3", CONFIG_PORT_PCI + 2},
		{"pci4", CONFIG_PORT_PCI_MAX},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (config_equal(span, names[i].name)) {
			*port = names[i].port;
			return true;
		}
	}
	/* Below 100H are the chipset's own ports; a 16550 has 8. */
	return span.size > 2 && span.text[1] == 'x' &&
	       config_range(span, 0x100, 0xfff8, port);
}

static bool config_add_cpu(struct config_vm *vm, uint32_t cpu)
{
	if (vm->cpu_count == CONFIG_VCPUS_MAX)
		return false;
	for (uint32_t i = 0; i < vm->cpu_count; i++)
		if (vm->cpus[i] == cpu)
			return false;
	vm->cpus[vm->cpu_count++] = cpu;
	return true;
}

/* "0,2-3" */
bool config_cpus(struct config_span span, struct config_vm *vm)
{
	vm->cpu_count = 0;
	for (;;) {
		size_t comma = config_find(span, ',');
		struct config_span item = config_first(span, comma);
		size_t dash = config_find(item, '-');
		uint32_t from, to;

		if (!config_range(config_trim(config_first(item, dash)), 0,
				  CONFIG_CPU_MAX, &from))
			return false;
		to = from;
		if (dash < item.size &&
		    !config_range(config_trim(config_skip(item, dash + 1)),
				  from, CONFIG_CPU_MAX, &to))
			return false;
		for (uint32_t cpu = from; cpu <= to; cpu++)
			if (!config_add_cpu(vm, cpu))
				return false;
		if (comma == span.size)
			return true;
		span = config_skip(span, comma + 1);
	}
}
