/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest/load with a file that carries a multiboot header: any answer, but every
 * copy of a plan lies in the file or the scratch buffer and in guest RAM.
 */
#include "tools/fuzz/fuzz_load.h"

#define FUZZ_HEADER_AT 0x100

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct load_request r;
	uint32_t header[3] = {0x1badb002};
	uint8_t *file;

	if (!size)
		return 0;
	/* The last byte chooses memory, a module, and the kind of image. */
	size--;
	r = fuzz_request(data[size]);
	if (data[size] & 4) {
		r.module[0] = (struct load_file){data, size, "module"};
		r.module_count = 1;
	}
	file = malloc(size);
	memcpy(file, data, size);
	if (size >= FUZZ_HEADER_AT + sizeof(header)) {
		header[1] = data[size] & 8 ? 1 << 16 : 0;
		header[2] = -(header[0] + header[1]);
		memcpy(file + FUZZ_HEADER_AT, header, sizeof(header));
	}
	r.kernel = (struct load_file){file, size, "kernel"};
	fuzz_load(&r, &r.module[0]);
	free(file);
	return 0;
}
