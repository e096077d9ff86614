/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest that writes line after line, as fast as its UART takes them. */
#include "guest/test/lib/guest.h"

#define LINES 150

void guest_main(void)
{
	for (unsigned line = 0; line < LINES; line++)
		print("line %03u: the quick brown fox jumps over it\n", line);
	guest_check(true, "chatter", "%u lines", LINES);
}
