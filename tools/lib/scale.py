# SPDX-License-Identifier: BSD-2-Clause
"""What operations cost when all vCPUs of a VM do them at once: the VM that runs
guest/test/scale.c, what that prints, and the table."""

import csv
import re
from dataclasses import dataclass

from . import bench, bench_picture, workloads
from .paths import Problem
from .scenario import vm

VERSION = 1
VCPUS = (1, 2, 4, 8)
OPTIONS = ["--quantum", "1"]    # so that ticks are instructions of each CPU
LINUX_OPTIONS = [*bench.SAME, *OPTIONS]

# {operation: what people read}
ALL = {
    "cpuid": "CPUID",
    "vmcall": "VMCALL",
    "rdmsr": "RDMSR TSC_ADJUST",
    "wrmsr": "WRMSR TSC_ADJUST",
    "out-80": "OUT to port 80H",
    "in-pm-timer": "IN from the PM timer",
    "self-ipi-icr": "self-IPI by ICR, handler, EOI",
    "self-ipi-msr": "self-IPI by MSR 83FH, handler, EOI",
    "deadline-past": "deadline in the past, handler, EOI",
    "ipi-neighbour": "IPI to the next vCPU, and one from the last",
    "icr-nobody": "ICR write, to an ID that no vCPU has",
}
# What may grow: devices of the whole VM, where who comes while another is there
# waits for it.
MAY_GROW = {
    "in-pic": "IN from the 8259",
    "mmio-read": "MMIO read, I/O APIC",
}
# What vCPU 0 does alone, per that many.
ALONE = {
    "ipi-ring": ("token round all vCPUs by IPI: each hop", lambda vcpus: vcpus),
    "ipi-others": ("IPI to all others, and all answers: each of them",
                   lambda vcpus: vcpus - 1),
}
TEXT = {**ALL, **MAY_GROW, **{name: text for name, (text, _) in ALONE.items()}}
GROWTH = 0.05       # of ALL: what counts as flat


@dataclass
class Row:
    """One operation on so many vCPUs; a CPU's mean, and the worst CPU's."""
    operation: str
    vcpus: int
    instructions: float
    worst: float
    exits: float        # of all CPUs, per operation


def config(vcpus, apic="posted"):
    return "[hypervisor]\nmitigations = off\n\n" \
        + vm("scale", apic, vcpus, x2apic="on", hypercalls="on")


_ROW = re.compile(r"^SCALE op (\S+) (\d+) (\d+) (\d+) (\d+)$", re.MULTILINE)


def parse(text, vcpus):
    """{operation: Row} out of what the guest printed."""
    if f"SCALE begin {VERSION} {vcpus}\n" not in text or "SCALE end\n" not in text:
        raise Problem(f"scale with {vcpus} vCPUs did not come to its end")
    found = {}
    for operation, cpu, *numbers in _ROW.findall(text):
        ticks, rounds, exits = map(int, numbers)
        found.setdefault(operation, []).append((ticks / rounds, exits / rounds))
    nothing = max(ticks for ticks, _ in found.pop("nothing"))
    return {operation: _row(operation, vcpus, cpus, nothing)
            for operation, cpus in found.items()}


def _row(operation, vcpus, cpus, nothing):
    if len(cpus) != vcpus:
        raise Problem(f"{operation}: {len(cpus)} of {vcpus} CPUs")
    exits = sum(count for _, count in cpus)
    if operation in ALONE:
        parts = ALONE[operation][1](vcpus)
        each = (cpus[0][0] - nothing) / parts
        return Row(operation, vcpus, each, each, exits / parts)
    ticks = [count - nothing for count, _ in cpus]
    return Row(operation, vcpus, sum(ticks) / vcpus, max(ticks), exits / vcpus)


def untrue(runs):
    """What these rows ({vCPUs: {operation: Row}}) contradict of the claim that
    operations cost the same however many vCPUs do them, as sentences."""
    for operation, text in ALL.items():
        rows = [rows[operation] for rows in runs.values() if operation in rows]
        if not rows:
            continue
        first, last = rows[0], rows[-1]
        if last.instructions > first.instructions * (1 + GROWTH):
            yield (f"{text}: {first.instructions:.0f} instructions on"
                   f" {first.vcpus} vCPUs, {last.instructions:.0f} on {last.vcpus}")
        if last.exits > first.exits * (1 + GROWTH):
            yield (f"{text}: {first.exits:.2f} exits on {first.vcpus} vCPUs,"
                   f" {last.exits:.2f} on {last.vcpus}")


def _exits(row):
    return f"{row.exits:.2f}".rstrip("0").rstrip(".")


def _cell(row):
    return f"{row.instructions:.0f} / {_exits(row)}" if row else "-"


def table(runs):
    """One of bench.tables()."""
    names = [name for name in TEXT if any(name in rows for rows in runs.values())]
    return ("Instructions of each vCPU / exits, when all do it at once",
            ["vCPUs", *map(str, runs)],
            [[TEXT[name], *(_cell(rows.get(name)) for rows in runs.values())]
             for name in names])


COLOURS = dict(zip(VCPUS, ("#c3d2ef", "#92aee2", "#4878d0", "#2a4a8a")))


def picture(runs):
    """The table as an SVG."""
    names = {f"{vcpus} vCPU{'s' if vcpus > 1 else ''}": vcpus for vcpus in runs}
    colours = {name: COLOURS.get(vcpus, "#999999") for name, vcpus in names.items()}
    lines = [(TEXT[operation],
              {name: (round(runs[vcpus][operation].instructions),
                      _exits(runs[vcpus][operation]))
               for name, vcpus in names.items() if operation in runs[vcpus]})
             for operation in TEXT]
    return bench_picture.svg(
        "Instructions of each vCPU / exits, when all do it at once", names,
        [line for line in lines if line[1]], colours, linear=True)


def linux_table(runs):
    """The same of Linux' way to init, out of {vCPUs: [workloads.Phase]}."""
    lines = []
    for number in (*_reasons(runs), None):
        cells = []
        for phases in runs.values():
            boot = phases[0]
            count = boot.total if number is None else boot.exits.get(number, 0)
            cells.append(f"{count / len(boot.cpus):.0f}")
        lines.append([_reason(number), *cells])
    lines.append(["instructions", *(_instructions(phases[0])
                                    for phases in runs.values())])
    return ("Linux, from the VM's start to init: exits per vCPU, and what Apical took"
            " for them",
            ["vCPUs", *map(str, runs)], lines)


def _instructions(boot):
    return (f"{boot.exit_ticks / len(boot.cpus):.0f},"
            f" {boot.exit_ticks / boot.total:.0f} each")


def _reasons(runs):
    last = list(runs.values())[-1][0].exits
    return list(last)[:6]


def _reason(number):
    from .trace import reason       # which reads the hypervisor's own table
    return "all" if number is None else reason(number)


def write_csv(runs, path):
    with open(path, "w", newline="") as handle:
        out = csv.writer(handle, lineterminator="\n")
        out.writerow(["operation", "vcpus", "instructions", "the worst vCPU's",
                      "exits"])
        for vcpus, rows in runs.items():
            for row in rows.values():
                out.writerow([row.operation, vcpus, f"{row.instructions:.1f}",
                              f"{row.worst:.1f}", f"{row.exits:.2f}"])
