/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls to where a vCPU lives; see vcpu_call.h. */
#include "hv/vcpu_call.h"

#include "hv/clock.h"
#include "hv/hw/cpu.h"
#include "hv/hw/tsc.h"
#include "hv/percpu.h"
#include "hv/smp.h"
#include "hv/vm.h"

/* A call is asked for again after this long: a VM that starts forgets requests.
 * No exit takes nearly as long as all rounds together. */
#define ROUND_NS 10000000ull
#define ROUNDS	 100

enum call {
	CALL_NONE,
	CALL_ASKED,
	CALL_RUNS,
};

static bool is_done(const struct vcpu *v)
{
	return __atomic_load_n(&v->call, __ATOMIC_ACQUIRE) == CALL_NONE;
}

static bool done_within_round(const struct vcpu *v)
{
	uint64_t end = tsc_read() + clock_tsc_from_ns(ROUND_NS);

	while (!is_done(v) && tsc_read() < end)
		cpu_pause();
	return is_done(v);
}

/* True: it was not begun, and will not be. */
static bool give_up(struct vcpu *v)
{
	uint32_t asked = CALL_ASKED;

	return __atomic_compare_exchange_n(&v->call, &asked, CALL_NONE, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

bool vcpu_call(struct vcpu *v, vcpu_function *function, void *argument)
{
	if (v->cpu == percpu()->self.number) {
		function(v, argument);
		return true;
	}
	v->call_function = function;
	v->call_argument = argument;
	__atomic_store_n(&v->call, CALL_ASKED, __ATOMIC_SEQ_CST);
	for (int i = 0; i < ROUNDS; i++) {
		__atomic_fetch_or(&v->requests, VCPU_REQUEST_CALL,
				  __ATOMIC_SEQ_CST);
		smp_kick(v->cpu); /* it may be outside of vcpu_run() */
		if (done_within_round(v))
			return true;
	}
	if (give_up(v))
		return false;
	while (!is_done(v))
		cpu_pause();
	return true;
}

void vcpu_call_serve(struct vcpu *v)
{
	uint32_t asked = CALL_ASKED;

	if (!__atomic_compare_exchange_n(&v->call, &asked, CALL_RUNS, false,
					 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return;
	v->call_function(v, v->call_argument);
	__atomic_store_n(&v->call, CALL_NONE, __ATOMIC_RELEASE);
}

void vcpu_hold(struct vcpu *v, enum vcpu_holder who)
{
	__atomic_fetch_or(&v->held_by, who, __ATOMIC_SEQ_CST);
	vcpu_request(v, VCPU_REQUEST_HOLD);
}

void vcpu_let_go(struct vcpu *v, enum vcpu_holder who)
{
	__atomic_fetch_and(&v->held_by, ~(uint32_t)who, __ATOMIC_SEQ_CST);
	vcpu_request(v, 0);
}

/* Whoever holds it anew sets held_by first: it is seen, or the bit stays. */
bool vcpu_is_held(struct vcpu *v)
{
	if (__atomic_load_n(&v->held_by, __ATOMIC_SEQ_CST))
		return true;
	__atomic_fetch_and(&v->requests, ~(uint32_t)VCPU_REQUEST_HOLD,
			   __ATOMIC_SEQ_CST);
	if (!__atomic_load_n(&v->held_by, __ATOMIC_SEQ_CST))
		return false;
	__atomic_fetch_or(&v->requests, VCPU_REQUEST_HOLD, __ATOMIC_SEQ_CST);
	return true;
}
