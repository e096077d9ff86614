/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a multiboot image is told: its modules, by the information structure,
 * and memory and CPUs, by fw_cfg.  Ends its VM with "Shutdown" at port 8900H.
 * The command line: "memory=MIB" and "cpus=N", as the VM was configured.
 * Source: Multiboot Specification 0.6.96, "Boot information format"; QEMU
 * documentation, "QEMU Firmware Configuration (fw_cfg) Device".
 */
#include "guest/test/lib/guest.h"
#include "guest/test/lib/insn.h"

#define FLAG_MEMORY	(1u << 0)
#define FLAG_MODULES	(1u << 3)
#define FW_CFG_SELECTOR 0x510
#define FW_CFG_DATA	0x511
#define SHUTDOWN_PORT	0x8900

extern const uint64_t boot_info[2]; /* start.asm: its address, and EAX */

struct info {
	uint32_t flags, mem_lower, mem_upper, boot_device, cmdline;
	uint32_t mods_count, mods_addr;
};

struct module {
	uint32_t start, end, string, reserved;
};

static bool same(const char *a, const char *b, size_t size)
{
	while (size && *a == *b) {
		a++;
		b++;
		size--;
	}
	return !size;
}

/* Each module holds the text that the scenario wrote. */
static void module_is(const struct module *m, const char *text, size_t size)
{
	guest_check(!(m->start & 0xfff) && m->end - m->start == size &&
			    same((const char *)(uint64_t)m->start, text, size),
		    "module", "%s: %u bytes at %x",
		    (const char *)(uint64_t)m->string, m->end - m->start,
		    m->start);
}

static void information(void)
{
	static const char first[] = "the first module";
	const struct info *info = (const struct info *)boot_info[0];
	const struct module *m;

	guest_equal("EAX", boot_info[1], 0x2badb002);
	guest_equal("memory above 1 MiB, in KiB", info->mem_upper,
		    guest_number("memory=", 0) * 1024 - 1024);
	guest_equal("modules",
		    info->flags & FLAG_MODULES ? info->mods_count : 0, 2);
	if (info->mods_count != 2)
		return;
	m = (const struct module *)(uint64_t)info->mods_addr;
	module_is(&m[0], first, sizeof(first) - 1);
	guest_equal("the second module's size", m[1].end - m[1].start, 5000);
	guest_equal("its last byte", *(const uint8_t *)(uint64_t)(m[1].end - 1),
		    4999 % 251);
}

static uint64_t fw_cfg(uint16_t item, unsigned size)
{
	uint64_t value = 0;

	insn_out16(FW_CFG_SELECTOR, item);
	for (unsigned i = 0; i < size; i++)
		value |= (uint64_t)insn_in8(FW_CFG_DATA) << 8 * i;
	return value;
}

static void configuration(void)
{
	uint64_t bytes = guest_number("memory=", 0) << 20;

	guest_equal("fw_cfg signature", fw_cfg(0, 4), 0x554d4551);
	guest_equal("fw_cfg item 3, RAM", fw_cfg(3, 8), bytes);
	guest_equal("fw_cfg item 5, CPUs", fw_cfg(5, 2),
		    guest_number("cpus=", 0));
	guest_equal("fw_cfg item 11H, the RAM's end", fw_cfg(0x11, 8), bytes);
}

void guest_main(void)
{
	/* A word that is not it, and then its beginning twice. */
	static const char word[] = "ShutdowShutdown";

	information();
	configuration();
	for (unsigned i = 0; word[i]; i++)
		insn_out8(SHUTDOWN_PORT, (uint8_t)word[i]);
	guest_check(false, "Shutdown", "the VM goes on");
}
