# SPDX-License-Identifier: BSD-2-Clause
"""Whole workloads of a Linux guest: the VM that runs guest/linux/workload.c, what
that program prints, and tables of it.

Another hypervisor boots KERNEL and INITRAMFS with cmdline() as they are, and
counts exits from outside: the program writes 2N to port MARK_PORT just before
phase N begins, and 2N + 1 just after its end (guest/linux/workload.c). What it
counted so goes into the phases that parse() gave:

    phases = parse(text)                # of the serial line, whoever ran it
    for phase in phases:
        phase.cpus[0].exits = {reason: count}
"""

import csv
import re
from dataclasses import dataclass, field

from .paths import BUILD, Problem
from .trace import reason

VERSION = 2
KERNEL = "vmlinuz"                      # lib/guests.py has it
INITRAMFS = BUILD / "guest/workload.gz"     # `make machines` builds it
MARK_PORT = 0xe9
MEMORY = 256                            # MiB
CONFIG = """\
[hypervisor]
mitigations = off

[vm linux]
kernel = \\{kernel}
initrd = \\workload.gz
cmdline = {cmdline}
vcpus = {vcpus}
memory = {memory}
apic = {apic}
x2apic = {x2apic}
hypercalls = on
reset = stop
"""

# {phase: what people read}
PHASES = {
    "boot": "from the VM's start to init",
    "asleep": "1 s asleep",
    "busy": "1 s busy",
    "naps": "200 sleeps of 1 ms",
    "forks": "500 forks",
    "passes": "500 bytes to another CPU and back",
}
# What each must have done, so that a phase that failed is no result.
DONE = {"asleep": 1, "naps": 200, "forks": 500, "passes": 500}


@dataclass
class Cpu:
    """One vCPU in one phase."""
    timer: int                      # interrupts of its APIC timer
    exits: dict                     # {basic exit reason: count}
    exit_ticks: int = 0             # of the TSC, that Apical took for them

    @property
    def total(self):
        return sum(self.exits.values())


@dataclass
class Phase:
    number: int
    name: str
    ticks: int                      # of the TSC
    work: int
    cpus: list = field(default_factory=list)

    @property
    def exits(self):
        """{basic exit reason: count}, of all vCPUs, the most frequent first."""
        sums = {}
        for cpu in self.cpus:
            for number, count in cpu.exits.items():
                sums[number] = sums.get(number, 0) + count
        return dict(sorted(sums.items(), key=lambda item: (-item[1], item[0])))

    @property
    def total(self):
        return sum(cpu.total for cpu in self.cpus)

    @property
    def timer(self):
        return sum(cpu.timer for cpu in self.cpus)

    @property
    def exit_ticks(self):
        return sum(cpu.exit_ticks for cpu in self.cpus)


def cmdline(phases=()):
    """The kernel's command line, for these phases beside boot, or for all."""
    only = f" workload={','.join(phases)}" if phases else ""
    return f"console=ttyS0 quiet mitigations=off{only}"


def config(vcpus, apic="posted", x2apic="on", phases=()):
    """apical.cfg; `phases`: as for cmdline()."""
    if not INITRAMFS.is_file():
        raise Problem(f"{INITRAMFS} is missing: run make machines")
    return CONFIG.format(kernel=KERNEL, cmdline=cmdline(phases), vcpus=vcpus,
                         memory=MEMORY, apic=apic, x2apic=x2apic)


_BEGIN = re.compile(r"^WORKLOAD begin (\d+) (\d+) (\S+)$", re.MULTILINE)
_PHASE = re.compile(r"^WORKLOAD phase (\d+) (\S+) (\d+) (\d+)$", re.MULTILINE)
_CPU = re.compile(r"^WORKLOAD cpu (\d+) (\S+) (\d+) (\d+) (\d+)"
                  r"((?: \d+:\d+)*)$", re.MULTILINE)


def parse(text):
    """[Phase] out of what the guest printed."""
    begin = _BEGIN.search(text)
    if not begin or "WORKLOAD end\n" not in text:
        raise Problem("the workload did not come to its end")
    if int(begin.group(1)) != VERSION:
        raise Problem(f"the workload's output is version {begin.group(1)},"
                      f" not {VERSION}: build it anew")
    phases = {int(number): Phase(int(number), name, int(ticks), int(work))
              for number, name, ticks, work in _PHASE.findall(text)}
    for number, _, _, timer, ticks, items in _CPU.findall(text):
        exits = {int(key): int(count) for key, count in
                 (item.split(":") for item in items.split())}
        phases[int(number)].cpus.append(Cpu(int(timer), exits, int(ticks)))
    for phase in phases.values():
        if len(phase.cpus) != int(begin.group(2)):
            raise Problem(f"{phase.name}: {len(phase.cpus)} of {begin.group(2)} CPUs")
        if phase.work != DONE.get(phase.name, phase.work):
            raise Problem(f"{phase.name}: {phase.work} of {DONE[phase.name]} done")
    return list(phases.values())


def tables(runs):
    """[(title, head, lines)] for {vCPUs: [Phase]}: exits by reason, and timer
    interrupts."""
    made = []
    for vcpus, phases in runs.items():
        numbers = sorted({number for phase in phases for number in phase.exits},
                         key=lambda number: -sum(phase.exits.get(number, 0)
                                                 for phase in phases))
        lines = [[reason(number), *(_count(phase.exits.get(number, 0))
                                    for phase in phases)] for number in numbers]
        lines.append(["all exits", *(_count(phase.total) for phase in phases)])
        lines.append(["timer interrupts", *(_count(phase.timer) for phase in phases)])
        if vcpus == 1:      # with more, ticks are no instructions
            lines.append(["million ticks", *(f"{phase.ticks / 1e6:.0f}"
                                             for phase in phases)])
            lines.append(["of which Apical's", *(f"{phase.exit_ticks / 1e6:.2f}"
                                                 for phase in phases)])
        made.append((f"Exits of Linux on {vcpus} vCPU{'s' if vcpus > 1 else ''}:",
                     ["", *(PHASES[phase.name] for phase in phases)], lines))
    return made


def _count(number):
    return str(number) if number else "-"


def write_csv(runs, path):
    with open(path, "w", newline="") as handle:
        out = csv.writer(handle, lineterminator="\n")
        out.writerow(["phase", "vcpus", "vcpu", "ticks", "work", "timer interrupts",
                      "exits", "ticks for them", "exits by basic reason"])
        for vcpus, phases in runs.items():
            for phase in phases:
                for index, cpu in enumerate(phase.cpus):
                    by_reason = " ".join(f"{number}:{count}" for number, count
                                         in sorted(cpu.exits.items()))
                    out.writerow([phase.name, vcpus, index, phase.ticks, phase.work,
                                  cpu.timer, cpu.total, cpu.exit_ticks,
                                  by_reason])
