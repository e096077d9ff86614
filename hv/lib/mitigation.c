/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of mitigations; see mitigation.h.  Pure; the loader has it too. */
#include "hv/lib/mitigation.h"

#include "hv/lib/string.h"

const char *const mitigation_name[] = {
	"verw",	   "l1d",  "bhb",	"ibrs", "eibrs",
	"bhi-dis", "ibpb", "ibpb-exit", NULL,
};

static bool is(const char *text, size_t size, const char *name)
{
	return size == strlen(name) && !memcmp(text, name, size);
}

/* The bit of a name, or 0. */
static uint32_t bit_of(const char *text, size_t size)
{
	for (unsigned i = 0; i < MITIGATION_COUNT; i++)
		if (is(text, size, mitigation_name[i]))
			return 1u << i;
	return 0;
}

bool mitigation_parse(const char *text, size_t size, uint32_t *set)
{
	size_t at = 0;

	*set = MITIGATION_AUTO;
	if (is(text, size, "auto"))
		return true;
	*set = 0;
	if (is(text, size, "off"))
		return true;
	for (;;) {
		size_t end = at;
		uint32_t bit;

		while (end < size && text[end] != ',' && text[end] != ' ')
			end++;
		bit = bit_of(text + at, end - at);
		*set |= bit;
		while (end < size && text[end] == ' ')
			end++;
		if (!bit || end == size)
			return bit;
		if (text[end] != ',')
			return false;
		at = end + 1;
		while (at < size && text[at] == ' ')
			at++;
	}
}
