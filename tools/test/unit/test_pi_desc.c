/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of apic/pi_desc.h: layout, and ON, which is set once and not lost. */
#include <pthread.h>

#include "tools/test/unit/test_vlapic.h"

static struct pi_desc pi;

static void test_layout(void **state)
{
	(void)state;
	assert_int_equal(offsetof(struct pi_desc, control) * 8, 256);
	assert_int_equal(offsetof(struct pi_desc, ndst) * 8, 288);
	assert_int_equal(_Alignof(struct pi_desc), 64);
	for (unsigned vector = 0; vector < 256; vector++) {
		uint8_t bytes[64];

		memset(&pi, 0, sizeof(pi));
		assert_true(pi_desc_post(&pi, (uint8_t)vector));
		memcpy(bytes, &pi, 64);
		assert_int_equal(bytes[vector / 8], 1 << vector % 8);
		assert_int_equal(bytes[32], 1); /* bit 256 */
	}
}

static void test_on(void **state)
{
	uint64_t taken[4];

	(void)state;
	memset(&pi, 0, sizeof(pi));
	pi.control = 0xf2 << PI_DESC_NV_SHIFT | PI_DESC_SN;
	assert_false(pi_desc_on(&pi));
	assert_true(pi_desc_post(&pi, 0x23));
	assert_false(pi_desc_post(&pi, 0xff));
	assert_true(pi_desc_on(&pi));
	pi_desc_take(&pi, taken);
	assert_int_equal(taken[0], 1ull << 0x23);
	assert_int_equal(taken[1], 0);
	assert_int_equal(taken[2], 0);
	assert_int_equal(taken[3], 1ull << 63);
	assert_false(pi_desc_on(&pi));
	assert_int_equal(pi.control, 0xf2 << PI_DESC_NV_SHIFT | PI_DESC_SN);
	pi_desc_take(&pi, taken);
	assert_int_equal(taken[0] | taken[1] | taken[2] | taken[3], 0);
	assert_true(pi_desc_post(&pi, 0x23));
}

#define POSTS 100000

static uint32_t notified;
static int finished;

static void *poster(void *arg)
{
	uint64_t seed = 1 + (uintptr_t)arg;

	for (int i = 0; i < POSTS; i++)
		if (pi_desc_post(&pi, (uint8_t)next_random(&seed)))
			__atomic_fetch_add(&notified, 1, __ATOMIC_SEQ_CST);
	__atomic_fetch_add(&finished, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

/* Whoever takes only when ON is set loses nothing, and each time ON was found
 * somebody was told to notify. */
static void test_threads(void **state)
{
	pthread_t thread[2];
	uint64_t taken[4];
	uint32_t found = 0;

	(void)state;
	memset(&pi, 0, sizeof(pi));
	for (uintptr_t i = 0; i < 2; i++)
		pthread_create(&thread[i], NULL, poster, (void *)i);
	for (;;) {
		bool last = __atomic_load_n(&finished, __ATOMIC_SEQ_CST) == 2;

		if (pi_desc_on(&pi)) {
			found++;
			pi_desc_take(&pi, taken);
		} else if (last) {
			break;
		}
	}
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(found, notified);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pi.pir[i], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_on),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
