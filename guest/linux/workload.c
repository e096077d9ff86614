/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first process of a Linux guest whose whole workloads are measured: from
 * the VM's start to here, a second asleep, a second of work, short sleeps,
 * forks, and bytes passed between two CPUs; then it powers off.  A static
 * program for the build machine's own compiler, alone in its initramfs: the same
 * file runs under Apical and under any other hypervisor.  tools/lib/workloads.py
 * builds it and reads what it prints.
 *
 * Just before phase N begins it writes 2N to port E9H, just after its end
 * 2N + 1, for who counts from outside.  Phase 0 begins with the VM.  Under Apical
 * (hypercalls = on) it counts every vCPU's exits itself, by VMCALL; those calls'
 * own exits are left out.  Beside that, how many ticks the hypervisor took for
 * these exits.  It prints when all is over:
 *
 *   WORKLOAD begin VERSION CPUS HYPERVISOR
 *   WORKLOAD phase N NAME TICKS WORK
 *   WORKLOAD cpu N NAME CPU TIMER_INTERRUPTS EXIT_TICKS [REASON:COUNT ...]
 *   WORKLOAD end
 *
 * TICKS of the TSC; WORK is what the phase was to do, or in `busy` how many
 * turns of a loop of BUSY_TURN instructions all CPUs made.
 *
 * The kernel's command line may say workload=NAME,NAME for fewer phases.
 */
#define _GNU_SOURCE
#include <cpuid.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guest/hypercall.h"

#define VERSION	     2u
#define CPUS_MAX     64
#define REASONS	     80
#define VMCALL	     18 /* its basic exit reason; Linux makes none */
#define MARK_PORT    0xe9
#define SECOND_NS    1000000000l
#define NAPS	     200
#define NAP_NS	     1000000l
#define FORKS	     500
#define PASSES	     500
#define BUSY_TURN    20000
#define SETTLE_NS    (SECOND_NS / 10)
#define SETTLE_QUIET 5
#define SETTLE_MOST  200
#define LINE_BYTES   4096

/* Of all CPUs, at one moment. */
struct counts {
	uint64_t timer[CPUS_MAX];
	uint64_t exits[CPUS_MAX][REASONS];
	uint64_t exit_ticks[CPUS_MAX];
};

struct phase {
	const char *name;
	uint64_t (*run)(void); /* what it did; NULL: it is over */
	unsigned cpus;	       /* that it needs */
	bool done;
	uint64_t ticks, work;
	struct counts before, after;
};

static unsigned cpu_count;
static bool under_apical;

static uint64_t tsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return low | (uint64_t)high << 32;
}

static void run_on(unsigned cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* ---- what is counted ---- */

static bool is_apical(void)
{
	uint32_t eax, ebx, ecx, edx;

	__cpuid(1, eax, ebx, ecx, edx);
	if (!(ecx >> 31))
		return false;
	__cpuid(0x40000000, eax, ebx, ecx, edx);
	return ebx == 0x63697041 && ecx == 0x70416c61 && edx == 0x6c616369;
}

/* A vCPU's exits: the call's RCX and RBX, and its answer.  -1: this VM has no
 * hypercalls. */
static uint64_t ask(uint64_t call, uint64_t cpu, uint64_t rbx)
{
	__asm__ volatile("vmcall"
			 : "+a"(call), "+b"(rbx)
			 : "c"(cpu)
			 : "memory");
	return call ? call : rbx;
}

static void count_exits(struct counts *c)
{
	for (unsigned cpu = 0; under_apical && cpu < cpu_count; cpu++) {
		for (unsigned reason = 0; reason < REASONS; reason++)
			c->exits[cpu][reason] =
				ask(HYPERCALL_EXIT_COUNT_OF, cpu, reason);
		c->exit_ticks[cpu] = ask(HYPERCALL_EXIT_TICKS_OF, cpu, 0);
	}
}

/* The line "LOC:  12  34  Local timer interrupts". */
static void count_timer(struct counts *c)
{
	char line[LINE_BYTES], *at;
	FILE *file = fopen("/proc/interrupts", "r");

	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		at = strstr(line, "LOC:");
		if (!at)
			continue;
		at += 4;
		for (unsigned cpu = 0; cpu < cpu_count; cpu++)
			c->timer[cpu] = strtoull(at, &at, 10);
		break;
	}
	fclose(file);
}

/* Of all CPUs, in clock ticks since the start. */
static uint64_t busy_ticks(void)
{
	uint64_t user = 0, nice = 0, system = 0;
	FILE *file = fopen("/proc/stat", "r");

	if (file) {
		if (fscanf(file, "cpu %lu %lu %lu", &user, &nice, &system) != 3)
			system = 0;
		fclose(file);
	}
	return user + nice + system;
}

/* ---- the phases; each returns what it did ---- */

static uint64_t sleep_for(uint64_t times, long ns)
{
	struct timespec t = {.tv_sec = ns / SECOND_NS,
			     .tv_nsec = ns % SECOND_NS};

	for (uint64_t i = 0; i < times; i++)
		nanosleep(&t, NULL);
	return times;
}

static uint64_t asleep(void)
{
	return sleep_for(1, SECOND_NS);
}

static uint64_t naps(void)
{
	return sleep_for(NAPS, NAP_NS);
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND_NS + t.tv_nsec;
}

static uint64_t busy_until(int64_t end_ns)
{
	uint64_t turns = 0;

	for (; now_ns() < end_ns; turns++) {
		uint32_t left = BUSY_TURN / 2;

		__asm__ volatile("1: dec %0; jnz 1b" : "+r"(left) : : "cc");
	}
	return turns;
}

/* All CPUs; the others' turns come by a pipe. */
static uint64_t busy(void)
{
	int64_t end = now_ns() + SECOND_NS;
	uint64_t turns, all;
	int fd[2];

	if (pipe(fd))
		return 0;
	for (unsigned cpu = 1; cpu < cpu_count; cpu++) {
		if (fork())
			continue;
		run_on(cpu);
		turns = busy_until(end);
		_exit(write(fd[1], &turns, sizeof(turns)) < 0);
	}
	all = busy_until(end);
	for (unsigned cpu = 1; cpu < cpu_count; cpu++)
		if (read(fd[0], &turns, sizeof(turns)) == sizeof(turns))
			all += turns;
	while (wait(NULL) > 0)
		;
	close(fd[0]);
	close(fd[1]);
	return all;
}

static uint64_t forks(void)
{
	uint64_t done = 0;

	for (unsigned i = 0; i < FORKS; i++) {
		pid_t child = fork();

		if (!child)
			_exit(0);
		done += waitpid(child, NULL, 0) == child && child > 0;
	}
	return done;
}

/* A byte to a process on CPU 1 and back again. */
static uint64_t passes(void)
{
	int there[2], back[2];
	uint64_t done = 0;
	char byte = 0;

	if (pipe(there) || pipe(back))
		return 0;
	if (!fork()) {
		close(there[1]);
		run_on(1);
		while (read(there[0], &byte, 1) == 1 &&
		       write(back[1], &byte, 1) == 1)
			;
		_exit(0);
	}
	while (done < PASSES && write(there[1], &byte, 1) == 1 &&
	       read(back[0], &byte, 1) == 1)
		done++;
	close(there[0]);
	close(there[1]);
	close(back[0]);
	close(back[1]);
	wait(NULL);
	return done;
}

static struct phase phases[] = {
	{.name = "boot"},
	{.name = "asleep", .run = asleep},
	{.name = "busy", .run = busy},
	{.name = "naps", .run = naps},
	{.name = "forks", .run = forks},
	{.name = "passes", .run = passes, .cpus = 2},
};

#define PHASES (sizeof(phases) / sizeof(phases[0]))

/* ---- measuring and telling ---- */

static void mark(unsigned value)
{
	outb((uint8_t)value, MARK_PORT);
}

static void measure(unsigned number)
{
	struct phase *p = &phases[number];
	uint64_t start;

	count_timer(&p->before);
	mark(2 * number);
	count_exits(&p->before);
	start = tsc();
	p->work = p->run();
	p->ticks = tsc() - start;
	count_exits(&p->after);
	mark(2 * number + 1);
	count_timer(&p->after);
	p->done = true;
}

/* The kernel goes on starting, testing its ciphers for one, when it already
 * runs its first process. */
static void settle(void)
{
	uint64_t before, now = busy_ticks();

	for (unsigned quiet = 0, i = 0; quiet < SETTLE_QUIET && i < SETTLE_MOST;
	     i++) {
		before = now;
		sleep_for(1, SETTLE_NS);
		now = busy_ticks();
		quiet = now - before > 1 ? 0 : quiet + 1;
	}
}

/* From the VM's start: all counters began at 0. */
static void measure_boot(void)
{
	struct phase *p = &phases[0];

	p->ticks = tsc();
	count_exits(&p->after);
	mark(1);
	mkdir("/proc", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	count_timer(&p->after);
	p->done = true;
}

static void tell_cpu(unsigned number, unsigned cpu)
{
	const struct phase *p = &phases[number];

	printf("WORKLOAD cpu %u %s %u %lu %lu", number, p->name, cpu,
	       p->after.timer[cpu] - p->before.timer[cpu],
	       p->after.exit_ticks[cpu] - p->before.exit_ticks[cpu]);
	for (unsigned reason = 0; reason < REASONS; reason++) {
		uint64_t count = p->after.exits[cpu][reason] -
				 p->before.exits[cpu][reason];

		if (count && reason != VMCALL)
			printf(" %u:%lu", reason, count);
	}
	printf("\n");
}

static void tell(void)
{
	printf("WORKLOAD begin %u %u %s\n", VERSION, cpu_count,
	       under_apical ? "apical" : "other");
	for (unsigned number = 0; number < PHASES; number++) {
		const struct phase *p = &phases[number];

		if (!p->done)
			continue;
		printf("WORKLOAD phase %u %s %lu %lu\n", number, p->name,
		       p->ticks, p->work);
		for (unsigned cpu = 0; cpu < cpu_count; cpu++)
			tell_cpu(number, cpu);
	}
	printf("WORKLOAD end\n");
	fflush(stdout);
}

static bool wanted(const struct phase *p)
{
	const char *list = getenv("workload"); /* by the kernel, from its own */
	size_t length = strlen(p->name);

	if (p->cpus > cpu_count)
		return false;
	for (const char *at = list; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (!strncmp(at, p->name, length) &&
		    (!at[length] || at[length] == ','))
			return true;
	}
	return !list;
}

int main(void)
{
	cpu_set_t all;

	ioperm(MARK_PORT, 1, 1);
	sched_getaffinity(0, sizeof(all), &all);
	cpu_count = (unsigned)CPU_COUNT(&all);
	cpu_count = cpu_count < CPUS_MAX ? cpu_count : CPUS_MAX;
	under_apical =
		is_apical() && ask(HYPERCALL_EXIT_COUNT_OF, 0, 0) != UINT64_MAX;
	measure_boot();
	run_on(0);
	for (unsigned number = 1; number < PHASES; number++) {
		if (!wanted(&phases[number]))
			continue;
		settle();
		measure(number);
	}
	tell();
	reboot(RB_POWER_OFF);
	return 1;
}
