/* SPDX-License-Identifier: BSD-2-Clause */
/* Completion of a word by the names that begin with it.  Pure. */
#ifndef HV_MONITOR_COMPLETE_H
#define HV_MONITOR_COMPLETE_H

#include <stddef.h>

struct complete {
	unsigned count;	  /* names that begin with the word */
	size_t common;	  /* how many characters they have in common */
	const char *name; /* the first of them, NULL: none */
};

/* A struct of zeroes is one without names.  Adds name if it begins with the size
 * bytes of word. */
void complete_add(struct complete *complete, const char *word, size_t size,
		  const char *name);

#endif
