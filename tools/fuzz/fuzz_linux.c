/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest/load with a file that begins as a Linux kernel: any answer, but every
 * copy of a plan lies in the file or the scratch buffer and in guest RAM.
 */
#include "tools/fuzz/fuzz_load.h"

#define FUZZ_HEADER_AT 0x202

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct load_request r;
	uint8_t *file;

	if (!size)
		return 0;
	/* The last byte chooses memory and initrd. */
	size--;
	r = fuzz_request(data[size]);
	if (data[size] & 4)
		r.initrd = (struct load_file){data, size, "initrd"};
	file = malloc(size);
	memcpy(file, data, size);
	if (size >= FUZZ_HEADER_AT + 4)
		memcpy(file + FUZZ_HEADER_AT, "HdrS", 4);
	r.kernel = (struct load_file){file, size, "kernel"};
	fuzz_load(&r, &r.initrd);
	free(file);
	return 0;
}
