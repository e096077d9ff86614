/* SPDX-License-Identifier: BSD-2-Clause */
/* Printing on COM1, verdicts, and the end of a test guest. */
#include "guest/test/lib/guest.h"

#include <stdarg.h>

#include "guest/test/lib/insn.h"
#include "guest/test/lib/uart.h"

#define EXIT_PORT    0xf4
#define INFO_FLAGS   0 /* of the multiboot information */
#define INFO_CMDLINE 16
#define FLAG_CMDLINE (1 << 2)

/* From start.asm: the multiboot information's address, and EAX. */
extern const uint64_t boot_info[2];

static uint32_t guest_failures;

static void print_char(char c)
{
	while (!(insn_in8(UART_LSR) & UART_LSR_THRE))
		insn_pause();
	insn_out8(UART_DATA, (uint8_t)c);
}

static void print_string(const char *s)
{
	while (*s) {
		if (*s == '\n')
			print_char('\r');
		print_char(*s++);
	}
}

static void print_number(uint64_t value, unsigned base, unsigned width,
			 char pad)
{
	char digits[20];
	unsigned count = 0;

	do {
		digits[count++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	while (width-- > count)
		print_char(pad);
	while (count)
		print_char(digits[--count]);
}

static void print_signed(int64_t value, unsigned width, char pad)
{
	if (value < 0) {
		print_char('-');
		value = -value;
	}
	print_number((uint64_t)value, 10, width, pad);
}

/* One conversion, after its '%'; returns what follows it. */
static const char *print_conversion(const char *fmt, va_list *args)
{
	char pad = ' ';
	unsigned width = 0;
	bool is_long = false;

	if (*fmt == '0')
		pad = *fmt++;
	while (*fmt >= '0' && *fmt <= '9')
		width = width * 10 + (unsigned)(*fmt++ - '0');
	while (*fmt == 'l') {
		is_long = true;
		fmt++;
	}
	switch (*fmt) {
	case 's':
		print_string(va_arg(*args, const char *));
		break;
	case 'c':
		print_char((char)va_arg(*args, int));
		break;
	case 'd':
		print_signed(is_long ? va_arg(*args, int64_t)
				     : va_arg(*args, int),
			     width, pad);
		break;
	case 'u':
	case 'x':
		print_number(is_long ? va_arg(*args, uint64_t)
				     : va_arg(*args, unsigned),
			     *fmt == 'u' ? 10 : 16, width, pad);
		break;
	default:
		print_char('%');
		print_char(*fmt);
	}
	return fmt + 1;
}

static void print_va(const char *fmt, va_list *args)
{
	while (*fmt) {
		if (*fmt == '%') {
			fmt = print_conversion(fmt + 1, args);
			continue;
		}
		if (*fmt == '\n')
			print_char('\r');
		print_char(*fmt++);
	}
}

void print(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	print_va(fmt, &args);
	va_end(args);
}

void guest_check(bool ok, const char *name, const char *fmt, ...)
{
	va_list args;

	if (!ok)
		guest_failures++;
	print("%s %s: ", ok ? "PASS" : "FAIL", name);
	va_start(args, fmt);
	print_va(fmt, &args);
	va_end(args);
	print("\n");
}

void guest_equal(const char *name, uint64_t is, uint64_t should)
{
	if (is == should)
		guest_check(true, name, "0x%lx", is);
	else
		guest_check(false, name, "0x%lx, should be 0x%lx", is, should);
}

void guest_skip(const char *name, const char *why)
{
	print("SKIP %s: %s\n", name, why);
}

void guest_stop(void)
{
	for (;;)
		__asm__ volatile("cli; hlt" : : : "memory");
}

bool guest_on_tcg(void)
{
	struct insn_cpuid leaf = insn_cpuid(0x40000000, 0);

	return insn_cpuid(1, 0).ecx >> 31 && leaf.ebx == 0x54474354 &&
	       leaf.ecx == 0x43544743 && leaf.edx == 0x47435447;
}

void guest_exit(uint32_t code)
{
	insn_out32(EXIT_PORT, code);
	print("FAIL exit: there is no exit port at 0xf4\n");
	guest_stop();
}

/* What follows prefix in the first word that begins with it, or NULL. */
static const char *guest_after(const char *prefix)
{
	const uint8_t *info = (const uint8_t *)boot_info[0];
	const char *at;

	if (!(*(const uint32_t *)(info + INFO_FLAGS) & FLAG_CMDLINE))
		return NULL;
	at = (const char *)(uint64_t) * (const uint32_t *)(info + INFO_CMDLINE);
	while (*at) {
		size_t same = 0;

		while (prefix[same] && at[same] == prefix[same])
			same++;
		if (!prefix[same])
			return at + same;
		while (*at && *at != ' ')
			at++;
		while (*at == ' ')
			at++;
	}
	return NULL;
}

bool guest_has_word(const char *word)
{
	const char *after = guest_after(word);

	return after && (!*after || *after == ' ');
}

uint64_t guest_number(const char *prefix, uint64_t otherwise)
{
	const char *at = guest_after(prefix);
	uint64_t number = 0;

	if (!at)
		return otherwise;
	for (; *at >= '0' && *at <= '9'; at++)
		number = number * 10 + (uint64_t)(*at - '0');
	return number;
}

void *memcpy(void *to, const void *from, size_t size)
{
	uint8_t *t = to;
	const uint8_t *f = from;

	while (size--)
		*t++ = *f++;
	return to;
}

void *memset(void *to, int byte, size_t size)
{
	uint8_t *t = to;

	while (size--)
		*t++ = (uint8_t)byte;
	return to;
}

/* Called by start.asm on the boot CPU, through cpu.c. */
void guest_run(void);
void guest_run(void)
{
	guest_main();
	print("END %u failed\n", guest_failures);
	guest_exit(guest_failures);
}
