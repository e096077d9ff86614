/* SPDX-License-Identifier: BSD-2-Clause */
/* Completion of a word; see complete.h. */
#include "hv/monitor/complete.h"

#include "hv/lib/string.h"

void complete_add(struct complete *complete, const char *word, size_t size,
		  const char *name)
{
	size_t same = 0;

	if (strncmp(name, word, size) != 0)
		return;
	if (!complete->count++) {
		complete->name = name;
		complete->common = strlen(name);
		return;
	}
	while (same < complete->common && name[same] == complete->name[same])
		same++;
	complete->common = same;
}
