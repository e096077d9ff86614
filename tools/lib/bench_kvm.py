# SPDX-License-Identifier: BSD-2-Clause
"""The bench of both sides: what KVM's host prints (tools/kvm), Apical's rows
beside KVM's, as tables, as CSV, and compared with an earlier run's CSV."""

import collections
import csv
import re
from dataclasses import dataclass, field, replace

from . import bench, workloads
from .paths import Problem
from .trace import reason as reason_name

# KVM's names of basic exit reasons, as its trace has them: Linux'
# arch/x86/include/uapi/asm/vmx.h.
REASONS = {
    "EXCEPTION_NMI": 0, "EXTERNAL_INTERRUPT": 1, "TRIPLE_FAULT": 2,
    "INIT_SIGNAL": 3, "SIPI_SIGNAL": 4, "INTERRUPT_WINDOW": 7, "NMI_WINDOW": 8,
    "TASK_SWITCH": 9, "CPUID": 10, "HLT": 12, "INVD": 13, "INVLPG": 14, "RDPMC": 15,
    "RDTSC": 16, "VMCALL": 18, "CR_ACCESS": 28, "DR_ACCESS": 29,
    "IO_INSTRUCTION": 30, "MSR_READ": 31, "MSR_WRITE": 32, "MWAIT_INSTRUCTION": 36,
    "MONITOR_TRAP_FLAG": 37, "MONITOR_INSTRUCTION": 39, "PAUSE_INSTRUCTION": 40,
    "TPR_BELOW_THRESHOLD": 43, "APIC_ACCESS": 44, "EOI_INDUCED": 45,
    "GDTR_IDTR": 46, "LDTR_TR": 47, "EPT_VIOLATION": 48, "EPT_MISCONFIG": 49,
    "RDTSCP": 51, "PREEMPTION_TIMER": 52, "WBINVD": 54, "XSETBV": 55,
    "APIC_WRITE": 56, "RDRAND": 57, "INVPCID": 58, "RDSEED": 61,
}
# {variant: what its column says}; the first one's exits are counted. Of `uncounted`,
# a build without statistics, the table shows what the first has more.
UNCOUNTED = "uncounted"
VARIANTS = {
    "plain": "{side}",
    "defaults": "{side}, mitigations on",
    "alone": "KVM, no paravirtual features",
}
TOLERANCES = {1: 0.01, 2: 0.03}         # by CPUs, of a second run
TWO = ("ipi-running", "ipi-halted")


@dataclass
class Side:
    """What was measured of one hypervisor."""
    name: str
    rows: dict = field(default_factory=dict)    # {variant: {key: bench.Row}}
    phases: dict = field(default_factory=dict)  # {CPUs: {variant: [Phase]}}

    def row(self, operation, mode, other=False, variant="plain"):
        return self.rows.get(variant, {}).get((operation, mode, other))


def number_of(name):
    """The basic exit reason's number."""
    if name in REASONS:
        return REASONS[name]
    found = re.fullmatch(r"\[(\d+)\]|UNKNOWN", name)
    if not found:
        raise Problem(f"KVM's exit reason {name} is not known here")
    return int(found.group(1) or -1)


def jobs(text):
    """{job: what the host printed from its begin to its end}"""
    found = re.findall(r"^\[kvm\] begin (\S+) [\d.]+\n(.*?)^\[kvm\] end \1 ", text,
                       re.MULTILINE | re.DOTALL)
    return dict(found)


def host(text):
    """The kernel's version, as the host itself tells it; APICv must be on."""
    found = re.search(r"^\[kvm\] host (\S+) (.*)$", text, re.MULTILINE)
    if not found:
        raise Problem("the Linux host did not say what it is")
    words = dict(word.split("=", 1) for word in found.group(2).split())
    if words.get("apicv") != "Y":
        raise Problem("KVM does not use APICv there")
    return found.group(1)


def counted(text):
    """{(operation, mode, other): (exits per operation, {reason: per operation})}"""
    seen = {}
    for mark, name, count in re.findall(
            r"^\[kvm\] exits (0x[0-9a-f]+) (\S+) (-?\d+)$", text, re.MULTILINE):
        seen.setdefault(int(mark, 16), {})[number_of(name)] = int(count)
    found = {}
    for kind, operation, mode, mark, rounds in re.findall(
            r"^BENCH marks (op|other) (\S+) - (\S+) (\d+) (\d+)$", text, re.MULTILINE):
        reasons = {number: count / int(rounds)
                   for number, count in sorted(seen.get(int(mark), {}).items())}
        found[operation, mode, kind == "other"] = sum(reasons.values()), reasons
    if not found or "BENCH end\n" not in text:
        raise Problem("the bench that counts exits did not come to its end")
    return found


def measured(text, cpus, hypervisor="other", tier="-"):
    """{(operation, mode, other): Row}, of one tier."""
    rows = bench.parse(text, cpus, hypervisor)
    return {(row.operation, row.mode, row.other): row for row in rows.values()
            if row.tier == tier and row.operation != "nothing"}


def kvm_rows(times, counts, cpus):
    """Rows with KVM's exits: `times` and `counts` are what the jobs printed."""
    rows = measured(times, cpus)
    for key, (exits, reasons) in counted(counts).items():
        operation, mode, other = key
        if other and exits and key not in rows:
            rows[key] = bench.Row(operation, "-", mode, True, 0, 0, 0, 0, 0, 0, {})
        if key in rows:
            rows[key] = replace(rows[key], exits=exits, reasons=reasons)
    return rows


TICKING = ("asleep", "busy", "naps")    # whose exits come from the timer
FIRMWARE = "firmware"   # before the kernel of a workload's VM


def phases(text):
    """[Phase] of a workload under KVM, with its exits; what came before the kernel
    is a phase of its own."""
    found = {str(phase.number): phase for phase in workloads.parse(text)}
    count = len(found["0"].cpus)
    found[FIRMWARE] = workloads.Phase(-1, FIRMWARE, 0, 0, [
        workloads.Cpu(0, {}) for _ in range(count)])
    for number, cpu, name, exits in re.findall(
            r"^\[kvm\] phase (\w+) (\d+) (\S+) (-?\d+)$", text, re.MULTILINE):
        found[number].cpus[int(cpu)].exits[number_of(name)] = int(exits)
    if not found["0"].total:
        raise Problem("KVM's exits were not counted")
    return sorted(found.values(), key=lambda phase: phase.number)


# ---- tables -------------------------------------------------------------------

def listed(sides):
    """[(what people read, operation, mode)] that any side has measured. What the
    APIC's mode does not touch comes once."""
    names = [(name, text, ("x2apic",)) for name, text in bench.PLAIN.items()] \
        + [(name, text, tuple(bench.MODES)) for name, text in bench.APIC.items()]
    return [(f"{text}, {bench.MODES[mode]}" if len(modes) > 1 else text, name, mode)
            for name, text, modes in names for mode in modes
            if any(side.row(name, mode) for side in sides)]


def ratio(kvm, apical):
    """How many times Apical's instructions KVM takes, in words."""
    if not kvm or not apical:
        return "-"
    value = max(kvm.median, 1) / max(apical.median, 1)
    return f"{value:.1f}" if value < 10 else f"{value:.0f}"


def _cell(row, counted_exits=True):
    if row is None:
        return "-"
    return f"{row.median} / {bench.number(row.exits)}" if counted_exits \
        else str(row.median)


def _statistics(apical, name, mode):
    """What of the row's instructions the statistics take."""
    row = apical.row(name, mode)
    without = apical.row(name, mode, variant=UNCOUNTED)
    return str(row.median - without.median) if row and without else "-"


def _exiting(kvm, apical):
    """(title, head, lines) of what exits on either side."""
    extra = [(side, variant) for variant in list(VARIANTS)[1:]
             for side in (kvm, apical) if side.rows.get(variant)]
    head = ["operation", "KVM", "Apical", "of which statistics", "KVM : Apical",
            *(VARIANTS[variant].format(side=side.name) for side, variant in extra)]
    lines = []
    for text, name, mode in listed([kvm, apical]):
        rows = [kvm.row(name, mode), apical.row(name, mode)]
        if not any(row and row.exits for row in rows):
            continue
        lines.append([text, *map(_cell, rows), _statistics(apical, name, mode),
                      ratio(*rows),
                      *(_cell(side.row(name, mode, variant=variant), False)
                        for side, variant in extra)])
        others = [kvm.row(name, mode, True), apical.row(name, mode, True)]
        if any(others):
            lines.append(["... its receiver", *(
                f"- / {bench.number(row.exits if row else 0)}" for row in others),
                "-", "-", *("-" for _ in extra)])
    return "KVM and Apical, instructions / exits:", head, lines


def _without_exits(kvm, apical):
    """(title, head, lines) of what exits on neither side."""
    rows = [(text, kvm.row(name, mode), apical.row(name, mode))
            for text, name, mode in listed([kvm, apical])]
    return ("Without an exit on either side, instructions:",
            ["operation", "KVM", "Apical"],
            [[text, *(_cell(row, False) for row in pair)] for text, *pair in rows
             if not any(row and row.exits for row in pair)])


def _of_phase(phase):
    if phase.name not in TICKING or not phase.timer:
        return str(phase.total)
    return f"{phase.total}, {bench.number(phase.total / phase.timer)} each"


def _of_phases(phases_of, cpus):
    """(title, head, lines) of workloads: exits. {column: [Phase]}"""
    names = [FIRMWARE, *workloads.PHASES]
    words = {FIRMWARE: "before the kernel: firmware and loader", **workloads.PHASES}
    lines = []
    for name in names:
        cells = [next((_of_phase(phase) for phase in phases if phase.name == name), "-")
                 for phases in phases_of.values()]
        if any(cell != "-" for cell in cells):
            lines.append([words[name], *cells])
    return (f"Linux on {cpus} vCPU{'s' if cpus > 1 else ''}, exits, and for each"
            " timer interrupt:", ["", *phases_of], lines)


def _of_boot(phases_of):
    """(title, head, lines): the exits until init by reason."""
    boots = [collections.Counter() for _ in phases_of]
    for boot, phases in zip(boots, phases_of.values()):
        for phase in phases:
            if phase.name in (FIRMWARE, "boot"):
                boot.update(phase.exits)
    numbers = sorted(set().union(*boots),
                     key=lambda number: -max(boot[number] for boot in boots))
    return ("These from the VM's start to init on 1 vCPU, firmware and loader included:",
            ["", *phases_of],
            [[reason_name(number), *(str(boot[number] or "-") for boot in boots)]
             for number in numbers])


def tables(kvm, apical):
    """[(title, head, lines)] of everything that was measured."""
    made = []
    if kvm.rows and apical.rows:
        made = [_exiting(kvm, apical), _without_exits(kvm, apical)]
    for cpus in sorted(kvm.phases):
        columns = {"KVM": kvm.phases[cpus]["plain"],
                   VARIANTS["alone"]: kvm.phases[cpus]["alone"],
                   "Apical": apical.phases[cpus]["plain"]}
        made.append(_of_phases(columns, cpus))
        if cpus == 1:
            made.append(_of_boot(columns))
    return made


def unmeasured(kvm, apical):
    """What only one of them has, in words."""
    for text, name, mode in listed([kvm, apical]):
        for side, other in ((kvm, apical), (apical, kvm)):
            if side.row(name, mode) and not other.row(name, mode):
                yield f"{text}: {other.name} was not measured"


# ---- the CSV ------------------------------------------------------------------

HEAD = ["side", "variant", "operation", "mode", "cpu", "median", "mean", "min", "max",
        "exits", "exits by reason"]


def _reasons(counts):
    return "; ".join(f"{reason_name(number)} {bench.number(count)}"
                     for number, count in counts.items())


def write_csv(sides, path):
    with open(path, "w", newline="") as handle:
        out = csv.writer(handle, lineterminator="\n")
        out.writerow(HEAD)
        for side in sides:
            for variant, rows in side.rows.items():
                for row in rows.values():
                    out.writerow([
                        side.name, variant, row.operation, row.mode,
                        "receiver" if row.other else "", row.median,
                        row.instructions, row.least, row.most,
                        *((bench.number(row.exits), _reasons(row.reasons))
                          if variant == "plain" else ("", ""))])
            for cpus, variants in side.phases.items():
                for variant, found in variants.items():
                    for phase in found:
                        out.writerow([
                            side.name, variant, f"linux {phase.name}", "",
                            f"{cpus} vCPUs", phase.ticks, "", "", "", phase.total,
                            _reasons(phase.exits)])


def differing(old, new):
    """Sentences: where two runs, as medians() has them, do not agree."""
    for key in sorted(old.keys() | new.keys()):
        what = " ".join(filter(None, key))
        if key not in old or key not in new:
            yield f"{what}: only {'before' if key in old else 'now'}"
            continue
        allowed = TOLERANCES[2 if key[2] in TWO or key[4] == "2 vCPUs" else 1]
        for name, a, b in zip(("median", "exits"), old[key], new[key]):
            if abs(a - b) > max(allowed * max(a, b), 1 if name == "median" else 0):
                yield f"{what}: {name} {a:g}, now {b:g}"


def medians(path):
    """{what: (median, exits)} out of a run's CSV file."""
    try:
        with open(path, newline="") as handle:
            return {tuple(line[name] for name in HEAD[:5]):
                    (float(line["median"]), float(line["exits"] or 0))
                    for line in csv.DictReader(handle)}
    except (OSError, KeyError, TypeError, ValueError) as problem:
        raise Problem(f"{path} is not a run's CSV file: {problem}") from problem
