# SPDX-License-Identifier: BSD-2-Clause
"""The bench's boots, what guest/test/bench.c prints in them, and the tables."""

import csv
import re
import subprocess
import sys
import time
from dataclasses import dataclass

from .paths import TOOLS, Problem, say
from .verdict import plain

VERSION = 2
TIMEOUT = 600
IPS = 400000000         # KVM's preemption timer wants a TSC below 429 MHz
TIME0 = 1767225600      # seconds since 1970
TIERS = ("emulate", "tpr-shadow", "access-page", "register", "delivery", "posted")
MODES = {"xapic": "xAPIC", "x2apic": "x2APIC"}
CONFIG = """\
[hypervisor]
mitigations = {mitigations}

[vm bench]
kernel = \\bench.flat
vcpus = {vcpus}
memory = 16
x2apic = on
hypercalls = on
testdev = on
debug-exit = on
reset = stop
"""
# What the runner needs so that a second run is the same: also the real-time clock.
SAME = ["--ips", str(IPS), "--emulator-arg", f"clock: sync=none, time0={TIME0}"]
# {CPUs: the same, and ticks are instructions}
BOOTS = {1: SAME, 2: [*SAME, "--quantum", "1"]}

# {operation: what people read}; those that the APIC's tier does not touch first.
PLAIN = {
    "cpuid": "CPUID",
    "vmcall": "VMCALL",
    "rdmsr": "RDMSR TSC_ADJUST",
    "wrmsr": "WRMSR TSC_ADJUST",
    "cr0-pair": "CR0.WP off and on",
    "cr0-am-pair": "CR0.AM on and off",
    "cr4-pair": "CR4.PSE on and off",
    "in-pic": "IN from the 8259",
    "out-pic": "OUT to the 8259",
    "in-pm-timer": "IN from the PM timer",
    "out-80": "OUT to port 80H",
    "mmio-read": "MMIO read, I/O APIC",
    "mmio-write": "MMIO write, I/O APIC",
}
APIC = {
    "tpr-read": "TPR read",
    "tpr-write": "TPR write",
    "cr8-read": "CR8 read",
    "cr8-write": "CR8 write",
    "cr8-unblock": "CR8 lowered below a pending interrupt, handler",
    "id-read": "ID read",
    "read-all": "18 registers read",
    "lvt-write": "LVT write",
    "icr-nobody": "ICR write, to nobody",
    "eoi-edge": "EOI, edge",
    "eoi-level": "EOI, level, through the I/O APIC",
    "self-ipi-icr": "self-IPI by ICR, handler, EOI",
    "self-ipi-msr": "self-IPI by MSR 83FH, handler, EOI",
    "self-ipi-hlt": "self-IPI (x2APIC: 83FH), then STI; HLT, handler, EOI",
    "deadline-past": "deadline in the past, handler, EOI",
    "tick-deadline": "tick by TSC deadline: arm, handler, EOI",
    "tick-count": "tick by initial count: arm, handler, EOI",
    "hlt-wake": "HLT, woken by a TSC deadline, handler, EOI",
    "ipi-running": "IPI to a running CPU, and answer",
    "ipi-halted": "IPI to a halted CPU, and answer",
}

# What issues no exit at `posted`: {mode: operations}
NO_EXIT = {
    "xapic": ("tpr-read", "tpr-write", "cr8-read", "cr8-write", "cr8-unblock",
              "id-read", "read-all", "eoi-edge", "self-ipi-icr", "self-ipi-hlt"),
    "x2apic": ("tpr-read", "tpr-write", "cr8-read", "cr8-write", "cr8-unblock",
               "id-read", "read-all", "eoi-edge", "self-ipi-msr", "self-ipi-hlt"),
}


@dataclass
class Row:
    """One operation in one tier and mode; `other`: of the CPU that receives."""
    operation: str
    tier: str
    mode: str
    other: bool
    instructions: int       # on average
    median: int
    least: int
    most: int
    rounds: int
    exits: float            # per operation
    reasons: dict           # {basic exit reason: per operation}

    @property
    def key(self):
        return self.operation, self.tier, self.mode, self.other


def boot(cpus, options, log, mitigations="off"):
    """Runs the guest under Apical; what it printed. `mitigations`: as in
    apical.cfg."""
    log.mkdir(parents=True, exist_ok=True)
    config = log / "apical.cfg"
    config.write_text(CONFIG.format(vcpus=cpus, mitigations=mitigations))
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, str(TOOLS / "apical"), "run", "--accel", "bochs",
         "--cpus", str(cpus), "--config", str(config), "--timeout", str(TIMEOUT),
         "--log", str(log), *BOOTS[cpus], *options],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    serial = log / "serial.log"
    text = plain(serial.read_text("latin-1")) if serial.exists() else ""
    if done.returncode and "BENCH end\n" not in text:
        raise Problem(done.stderr.decode(errors="replace").strip())
    say("bench", f"{cpus} CPU{'s' if cpus > 1 else ''}:"
        f" {time.monotonic() - start:.0f} s")
    return text


_ROW = re.compile(r"^BENCH (op|other) (\S+) (\S+) (\S+) (-?\d+) (-?\d+) (-?\d+)"
                  r" (-?\d+) (\d+) (\d+) (\d+)((?: \d+:\d+)*)$", re.MULTILINE)


def parse(text, cpus, hypervisor="apical"):
    """{Row.key: Row} out of what the guest printed."""
    if f"BENCH begin {VERSION} {cpus} {hypervisor}\n" not in text \
            or "BENCH end\n" not in text:
        raise Problem(f"the bench with {cpus} CPUs did not come to its end")
    failed = re.findall(r"^FAIL .*$", text, re.MULTILINE)
    if failed:
        raise Problem("; ".join(failed))
    rows = {}
    for found in _ROW.finditer(text):
        kind, operation, tier, mode = found.groups()[:4]
        numbers = [int(number) for number in found.groups()[4:11]]
        rounds = numbers[6] or 1
        reasons = {int(reason): int(count) / rounds for reason, count in
                   (item.split(":") for item in found.group(12).split())}
        row = Row(operation, tier, mode, kind == "other", *numbers[:5],
                  numbers[5] / rounds, reasons)
        rows[row.key] = row
    return rows


_TICKS = re.compile(r"^BENCH ticks (\d+) (\S+) (\d+) (\d+) (\d+) (\d+)$", re.MULTILINE)


def ticks_table(text):
    """What ticks of a timer cost while the other CPU sends IPIs, as one of tables()."""
    cells = {}
    for rate, mode, *numbers in _TICKS.findall(text):
        ticks, exits, armed_alone, _ = map(int, numbers)
        cells.setdefault(rate, {})[mode] = (f"{number(exits / ticks)},"
                                            f" {100 * armed_alone / ticks:.0f} %")
    return ("Timer ticks at `posted`, 1 ms each, while another vCPU sends IPIs: exits"
            " per tick, and ticks with none but the arming",
            ["IPIs per tick", *MODES.values()],
            [[rate, *(by_mode.get(mode, "-") for mode in MODES)]
             for rate, by_mode in cells.items()])


def untrue(rows):
    """The claims about `posted` that these rows contradict, as sentences."""
    wanted = {(operation, mode, False): 0 for mode, operations in NO_EXIT.items()
              for operation in operations}
    for mode in MODES:
        for operation in ("ipi-running", "ipi-halted"):
            wanted[operation, mode, False] = 1
            wanted[operation, mode, True] = 0
    for (operation, mode, other), exits in wanted.items():
        row = rows.get((operation, "posted", mode, other))
        if row and row.exits != exits:
            yield (f"{operation} in {MODES[mode]} mode at posted:"
                   f" {number(row.exits)} exits{' of the receiver' if other else ''},"
                   f" should be {exits} ({_reasons(row)})")


def number(value):
    """Short: two digits after the point, if they are any."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _reasons(row):
    return " ".join(f"{reason}:{number(count)}"
                    for reason, count in row.reasons.items())


def write_csv(rows, path):
    with open(path, "w", newline="") as handle:
        out = csv.writer(handle, lineterminator="\n")
        out.writerow(["operation", "cpu", "tier", "mode", "instructions", "median",
                      "min", "max", "rounds", "exits", "exits by basic reason"])
        for row in rows.values():
            if row.operation != "nothing":
                out.writerow([row.operation, "receiver" if row.other else "",
                              row.tier, row.mode, row.instructions, row.median,
                              row.least, row.most, row.rounds, number(row.exits),
                              _reasons(row)])


def _cell(row):
    if row is None:
        return "-"
    if row.other:
        return f"- / {number(row.exits)}"
    return f"{row.instructions} / {number(row.exits)}"


def tables(rows):
    """[(title, head, lines)]: cells are "instructions / exits"."""
    best = TIERS[-1]
    made = [("Whatever the tier", ["operation", *MODES.values()],
             [[text, *(_cell(rows.get((name, best, mode, False))) for mode in MODES)]
              for name, text in PLAIN.items()])]
    for mode, title in MODES.items():
        lines = []
        for name, text in APIC.items():
            for other in (False, True):
                row = [rows.get((name, tier, mode, other)) for tier in TIERS]
                if any(row):
                    what = "... its receiver" if other else text
                    lines.append([what, *(_cell(cell) for cell in row)])
        made.append((f"{title} mode", ["operation", *TIERS], lines))
    return made


def as_text(made):
    out = []
    for title, head, lines in made:
        widths = [max(len(line[i]) for line in [head, *lines])
                  for i in range(len(head))]
        out.append(title if ":" in title else f"{title}: instructions / exits")
        for line in [head, *lines]:
            out.append("  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                                 for i, (cell, width)
                                 in enumerate(zip(line, widths))).rstrip())
        out.append("")
    return "\n".join(out)


def as_markdown(made):
    out = []
    for title, head, lines in made:
        out += [f"**{title}**", "", f"| {' | '.join(head)} |",
                f"| --- |{' ---: |' * (len(head) - 1)}"]
        out += [f"| {' | '.join(line)} |" for line in lines]
        out.append("")
    return "\n".join(out)
