/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How much one subject of the log may say: a burst, and after that so many lines
 * a second.  Pure; the caller locks.
 */
#ifndef HV_LOG_LIMIT_H
#define HV_LOG_LIMIT_H

#include <stdint.h>

#define LOG_LIMIT_BURST	     200
#define LOG_LIMIT_PER_SECOND 20

struct log_limit {
	uint32_t used;	  /* of the burst */
	uint32_t dropped; /* since the last line that passed */
	uint32_t total;	  /* dropped since the beginning */
	uint64_t last_ms; /* when used was last lowered */
};

enum log_limit_result {
	LOG_LIMIT_PASS,
	LOG_LIMIT_PASS_AFTER_DROPS, /* say how many: *dropped */
	LOG_LIMIT_FIRST_DROP,	    /* say that some are */
	LOG_LIMIT_DROP,
};

/* May one more line pass, at now_ms, which does not go back? */
enum log_limit_result log_limit_line(struct log_limit *limit, uint64_t now_ms,
				     uint32_t *dropped);

#endif
