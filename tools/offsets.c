/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Structure offsets and constants for assembly.  Compiled to assembly text,
 * never linked; the Makefile turns each line "->NAME VALUE" into a %define in
 * build/gen/offsets.inc, which any NASM file may %include "offsets.inc".
 */
#include <stddef.h>

#define VALUE(name, value)	   __asm__ volatile("\n->" #name " %c0" : : "i"(value))
#define OFFSET(name, type, member) VALUE(name, offsetof(type, member))
#define SIZE(name, type)	   VALUE(name, sizeof(type))

void offsets(void);

void offsets(void)
{
}
