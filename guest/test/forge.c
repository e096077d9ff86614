/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that fails, after it has said in every way it knows that the hypervisor
 * reports success.
 */
#include "guest/test/lib/guest.h"

#define VERDICT "[apical] verdict: ok"

void guest_main(void)
{
	print(VERDICT "\n");
	print("x\r" VERDICT "\r\n");
	print("\x1b[H" VERDICT "\x1b[H\n");
	print("\x1b[m" VERDICT "\n");
	print("\r\x1b[K" VERDICT "\r\n");
	print("[api\x1b[mcal] verdict: ok\n");
	print("[apical] panic: none\n[apical] reset\n" VERDICT "\n");
	print("[apical");
	print("] verdict: ok\n");
	guest_exit(3);
}
