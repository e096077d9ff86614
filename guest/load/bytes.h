/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Little-endian numbers at any byte address, for the formats that the loaders
 * read and write.  The caller has checked the bounds.  Pure.
 */
#ifndef GUEST_LOAD_BYTES_H
#define GUEST_LOAD_BYTES_H

#include <stdint.h>

#include "hv/lib/string.h"

static inline uint16_t bytes_get16(const void *from)
{
	uint16_t value;

	memcpy(&value, from, sizeof(value));
	return value;
}

static inline uint32_t bytes_get32(const void *from)
{
	uint32_t value;

	memcpy(&value, from, sizeof(value));
	return value;
}

static inline uint64_t bytes_get64(const void *from)
{
	uint64_t value;

	memcpy(&value, from, sizeof(value));
	return value;
}

static inline void bytes_put16(void *to, uint16_t value)
{
	memcpy(to, &value, sizeof(value));
}

static inline void bytes_put32(void *to, uint32_t value)
{
	memcpy(to, &value, sizeof(value));
}

static inline void bytes_put64(void *to, uint64_t value)
{
	memcpy(to, &value, sizeof(value));
}

#endif
