# SPDX-License-Identifier: BSD-2-Clause
"""Many vCPUs, and whole workloads: no vCPU costs the others exits, and Linux
comes to its first process and back with as few as Apical promises."""

from lib import bench, scale, workloads
from lib.paths import Problem
from lib.scenario import Failed, scenario

# Exits of whole workloads on one vCPU at `posted`, at most.
BOOT = 4000
BUSY_TICK = 1.05        # per timer interrupt
NAP = 2.05
SLEEP, BESIDES = 2, 4   # per timer interrupt, and what in a second is no timer's


def _parsed(parse, *arguments):
    try:
        return parse(*arguments)
    except Problem as problem:
        raise Failed(str(problem)) from None


@scenario(cases={"4": dict(vcpus=4, apic="posted")},
          soak={"8": dict(vcpus=8, apic="posted"),
                "8-emulate": dict(vcpus=8, apic="emulate")})
def all_at_once(test, vcpus, apic):
    result = test.boot(config=scale.config(vcpus, apic), cpus=vcpus, timeout=400)
    result.expect_status(0)
    rows = _parsed(scale.parse, result.serial, vcpus)
    if apic != "posted":
        return
    for operation, text in scale.ALL.items():
        should = 0 if operation == "self-ipi-msr" else 1
        # Another interrupt may come between: the console's on CPU 0.
        if not should <= rows[operation].exits <= should + 0.1:
            raise Failed(f"{text}: {rows[operation].exits} exits, not {should}")


@scenario(cases={"1": dict(vcpus=1)}, soak={"2": dict(vcpus=2), "8": dict(vcpus=8)})
def linux(test, vcpus):
    result = test.boot(config=workloads.config(vcpus), cpus=vcpus, timeout=600,
                       options=bench.SAME)
    result.expect_status(0)
    phases = {phase.name: phase
              for phase in _parsed(workloads.parse, result.serial)}
    if vcpus > 1:
        return
    boot, busy, naps = phases["boot"], phases["busy"], phases["naps"]
    asleep = phases["asleep"]
    if boot.total > BOOT:
        raise Failed(f"{boot.total} exits to init: {boot.exits}")
    if busy.timer < 200 or busy.total > BUSY_TICK * busy.timer:
        raise Failed(f"{busy.total} exits for {busy.timer} ticks: {busy.exits}")
    if naps.total > NAP * naps.timer:
        raise Failed(f"{naps.total} exits for {naps.timer} interrupts: {naps.exits}")
    if asleep.total > SLEEP * asleep.timer + BESIDES:
        raise Failed(f"{asleep.total} exits for {asleep.timer} interrupts:"
                     f" {asleep.exits}")
    if not 50 * boot.total < boot.exit_ticks < 1000 * boot.total:
        raise Failed(f"{boot.total} exits took {boot.exit_ticks} instructions")
