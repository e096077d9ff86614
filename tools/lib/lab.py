# SPDX-License-Identifier: BSD-2-Clause
"""The APIC lab's results: what guest/test/lab.c printed, what the SDM's tables
say instead, and the two as a table or as CSV.

Expectations come from the SDM, volume 3, chapter "APIC Virtualization and
Virtual Interrupts", never from the hypervisor's sources: the page from
"Virtualizing Memory-Mapped APIC Accesses", the MSRs from "Virtualizing
MSR-Based APIC Accesses". What Apical chooses where the SDM leaves a choice
(which MSRs its bitmap lets through) is in `_msr` and said there."""

import csv
import re
from dataclasses import dataclass, field

VERSION = "2"
PAGE = 4096
WIDTHS = (1, 2, 4, 8)
MSRS = range(0x800, 0x900)
LETTERS = {
    "V": "virtualized, no exit", "A": "APIC-access exit", "W": "APIC-write exit",
    "E": "EPT violation", "T": "TPR below threshold", "O": "virtualized EOI",
    "C": "control-register access", "M": "RDMSR or WRMSR exit", "G": "exit and #GP",
    "g": "#GP without exit", "-": "not tried", "?": "something else",
}
# Bits of an EPT violation's qualification: for a fetch; a linear address is told;
# it is of the access to that address, not of the walk.
EPT_FETCH, EPT_LINEAR, EPT_FINAL = 1 << 2, 1 << 7, 1 << 8
REASONS = {"A": {44}, "W": {56}, "E": {48}, "T": {43}, "O": {45}, "C": {28},
           "M": {31, 32}, "G": {31, 32}}


@dataclass(frozen=True)
class Config:
    """One set of controls."""
    name: str
    shadow: bool = False        # use TPR shadow
    access: bool = False        # virtualize APIC accesses, or x2APIC mode
    register: bool = False      # APIC-register virtualization
    delivery: bool = False      # virtual-interrupt delivery
    posted: bool = False        # process posted interrupts

    def possible(self, mode, secondary, pin):
        """On a processor whose IA32_VMX_PROCBASED_CTLS2 and
        IA32_VMX_PINBASED_CTLS have these high halves."""
        if mode == "x2apic" and self.access and not self.shadow:
            return False        # "virtualize x2APIC mode" needs TPR shadow
        return not (self.secondary(mode) & ~secondary or self.pin() & ~pin)

    def secondary(self, mode):
        return (self.access << (4 if mode == "x2apic" else 0)
                | self.register << 8 | self.delivery << 9)

    def pin(self):
        return self.posted << 7


CONFIGS = {config.name: config for config in (
    Config("emulate"),
    Config("tpr-shadow", shadow=True),
    Config("no-shadow", access=True),
    Config("access-page", shadow=True, access=True),
    Config("register", shadow=True, access=True, register=True),
    Config("delivery-only", shadow=True, access=True, delivery=True),
    Config("delivery", shadow=True, access=True, register=True, delivery=True),
    Config("posted", shadow=True, access=True, register=True, delivery=True,
           posted=True),
)}
SECONDARY_MASK = 1 << 0 | 1 << 4 | 1 << 8 | 1 << 9
PIN_MASK = 1 << 7

# Bochs' processor models: the same two halves.
MODELS = {
    "corei5_arrandale_m520": (0xff, 0x7f),
    "corei7_sandy_bridge_2600k": (0xef, 0x7f),
    "corei7_ivy_bridge_3770k": (0x8ff, 0x7f),
    "corei7_haswell_4770": (0x47fff, 0x7f),
    "broadwell_ult": (0x57fff, 0x7f),
    "corei7_skylake_x": (0x2577fff, 0xff),
    "corei3_cnl": (0x2557cff, 0x7f),
    "corei7_icelake_u": (0x2d77fff, 0xff),
    "tigerlake": (0x2d77fff, 0xff),
}

# ---- what the SDM says

LVT = range(0x320, 0x380, 0x10)
# "Virtualizing Reads from the APIC-Access Page", "Virtualizing Writes to ...":
# each is the first byte of four.
READS = {0x20, 0x30, 0x80, 0xb0, 0xd0, 0xe0, 0xf0, *range(0x100, 0x280, 0x10),
         0x280, 0x300, 0x310, *LVT, 0x380, 0x3e0}
WRITES = {0x20, 0x80, 0xb0, 0xd0, 0xe0, 0xf0, 0x280, 0x300, 0x310, *LVT, 0x380,
          0x3e0}

# "Local APIC Register Address Map Supported by x2APIC". No LVT CMCI: the guest's
# IA32_MCG_CAP has bit 10 clear.
X2APIC_BOTH = {0x808, 0x80f, 0x828, 0x830, *range(0x832, 0x839), 0x83e}
X2APIC_READS = X2APIC_BOTH | {0x802, 0x803, 0x80a, 0x80d, *range(0x810, 0x828), 0x839}
X2APIC_WRITES = X2APIC_BOTH | {0x80b, 0x83f}


def _low_bytes(offset, width):
    """Entirely within the low 4 bytes of a naturally aligned 16-byte region."""
    return not offset & 0xc and not (offset + width - 1) & 0xc


def _emulation(config, offset):
    """APIC-write emulation, for a write that sends no self-IPI."""
    if offset == 0x80 or 0x310 <= offset <= 0x313:
        return "V"
    if offset == 0xb0 and config.delivery:
        return "V"
    return "W"


def page(config, write, width, offset):
    """The letter of one access of the APIC page."""
    if offset + width > PAGE:
        return "-"
    if not config.access:
        return "E"
    if not config.shadow or width > 4 or not _low_bytes(offset, width):
        return "A"
    if config.register:
        good = offset & ~3 in (WRITES if write else READS)
    elif write and config.delivery:
        good = offset in (0x80, 0xb0, 0x300)
    else:
        good = offset == 0x80
    if not good:
        return "A"
    return _emulation(config, offset) if write else "V"


def msr(config, write, number):
    """The letter of RDMSR or WRMSR with a value that is allowed. An MSR that
    does not exist must fault, so Apical takes the exit even where the processor
    would read the page; PPR is read from the page only while the processor
    keeps it; the current count never is."""
    if number not in (X2APIC_WRITES if write else X2APIC_READS):
        return "G"
    if not config.access:
        return "M"
    if write:
        let = {0x808} | ({0x80b, 0x83f} if config.delivery else set())
    elif config.register:
        let = X2APIC_READS - {0x839} - (set() if config.delivery else {0x80a})
    else:
        let = {0x808}
    return "V" if number in let else "M"


def _mmio_event(config, offset, write=True):
    """One access whose qualification the SDM defines, as (letter, allowed)."""
    letter = page(config, write, 4, offset)
    if letter == "A":
        return "A", {offset | write << 12}
    return letter, {offset} if letter == "W" else None


def events(config, mode):
    """{name: (letter, allowed qualifications or None)}"""
    x2apic = mode == "x2apic"
    quiet = ("V", None)
    exits = ("M", None)
    virtual = config.access
    eoi = (exits if not (virtual and config.delivery) else quiet) if x2apic \
        else _mmio_event(config, 0xb0)
    send = exits if x2apic else _mmio_event(config, 0x300)
    tpr = (quiet if virtual else exits) if x2apic else _mmio_event(config, 0x80)
    cr8 = [quiet, quiet] if config.shadow else [("C", {0x08}), ("C", {0x18})]
    self_ipi = quiet if config.delivery and virtual and not x2apic else send
    below = ("T", {0}) if not config.delivery else quiet
    told = {
        "self-by-icr": self_ipi,
        "self-illegal": send,   # vector 15: no self-IPI virtualization
        "eoi-edge": eoi,
        "eoi-level": ("O", {0x61}) if virtual and config.delivery else eoi,
        "cr8-raise": cr8[0],
        "cr8-read": cr8[1],
        "cr8-unblock": below if config.shadow else cr8[0],
        "tpr-raise": tpr,
        "tpr-unblock": below if tpr == quiet else tpr,
    }
    if x2apic:
        keeps = virtual and config.delivery
        told |= {
            "self-by-83f": quiet if keeps else exits,
            "self-illegal-83f": ("W", {0x3f0}) if keeps else exits,
            "self-reserved-83f": ("g" if keeps else "G", None),
            "tpr-reserved": ("g" if virtual else "G", None),
            "eoi-reserved": ("g" if keeps else "G", None),
        }
    else:
        # The first access decides; a read-modify-write may be told as either.
        first, allowed = _mmio_event(config, 0x20, write=False)
        told["movs-id-tpr"] = (first, allowed)
        told["or-tpr"] = (tpr[0], {0x80, 0x1080} if tpr[0] == "A" else None)
        svr = _mmio_event(config, 0xf0)
        told["or-svr"] = (svr[0], {0xf0, 0x10f0} if svr[0] == "A" else svr[1])
        # Apical's EPT never lets the page be executed. A walk is a guest-physical
        # access: with the access page it exits whatever is virtualized.
        told["fetch"] = ("E", {EPT_FETCH | EPT_LINEAR | EPT_FINAL})
        told["walk"] = ("A", {15 << 12}) if virtual else ("E", {EPT_LINEAR})
    return told


# ---- what the guest printed

@dataclass
class Run:
    """One mode's results."""
    mode: str
    controls: dict = field(default_factory=dict)    # name: (proc2, pin) or None
    page: dict = field(default_factory=dict)        # (name, write, width): letters
    msr: dict = field(default_factory=dict)         # (name, write): letters
    event: dict = field(default_factory=dict)       # (name, event): the words
    sum: dict = field(default_factory=dict)
    odd: list = field(default_factory=list)
    ended: bool = False

    def names(self):
        return [name for name in CONFIGS if self.controls.get(name)]


def _unpacked(text):
    return "".join(letter * int(count or 1)
                   for letter, count in re.findall(r"(\D)(\d*)", text))


def parse(serial):
    """{mode: Run} out of what came over the serial line."""
    runs, by_vm = {}, {}
    for line in serial.splitlines():
        match = re.match(r"(?:\[(\S+)\] )?LAB (\w+) (.*)", line.strip())
        if not match:
            continue
        vm, kind, rest = match.groups()
        words = rest.split()
        if kind == "begin":
            if words[0] != VERSION:
                raise ValueError(f"the lab speaks version {words[0]}, not {VERSION}")
            mode = words[1].rstrip(",")
            by_vm[vm] = runs[mode] = Run(mode)
        elif vm in by_vm:
            _parse_line(by_vm[vm], kind, words)
    return runs


def _parse_line(run, kind, words):
    if kind == "config":
        run.controls[words[0]] = (None if words[1] == "none" else
                                  (int(words[1], 16), int(words[2], 16)))
    elif kind == "page":
        first, last = (int(text, 16) for text in words[2].split("-"))
        for item in words[3:]:
            width, letters = item.split(":")
            key = (words[0], words[1] == "w", int(width))
            before = run.page.get(key, "")
            if len(before) == first:    # in order, without a gap
                run.page[key] = before + _unpacked(letters) * ((last + 1 - first) // 16)
    elif kind == "msr":
        starts = [(int(item[:3], 16), item[4]) for item in words[2:]] + [(0x900, "")]
        run.msr[words[0], words[1] == "w"] = "".join(
            letter * (end - start)
            for (start, letter), (end, _) in zip(starts, starts[1:]))
    elif kind == "event":
        run.event[words[0], words[1]] = words[2:]
    elif kind == "sum":
        run.sum[words[0]] = words[1]
    elif kind == "odd":
        run.odd.append(" ".join(words))
    elif kind == "end":
        run.ended = True


# ---- the comparison

class Verdict:
    def __init__(self):
        self.tried = 0
        self.wrong = []         # sentences

    def access(self, run, config, write, what, is_, should):
        self.tried += should != "-"
        if is_ != should:
            self.wrong.append(
                f"{run.mode} {config.name}: {'write' if write else 'read'} of {what}:"
                f" {LETTERS[is_]}, should be {LETTERS[should]}")


def compare(runs, capabilities=None):
    """Everything against the SDM. `capabilities`: the high halves of the two
    capability MSRs, if they are known."""
    verdict = Verdict()
    for mode in ("xapic", "x2apic"):
        if mode not in runs or not runs[mode].ended:
            verdict.wrong.append(f"{mode}: the lab did not come to its end")
        else:
            _compare_run(verdict, runs[mode], capabilities)
    return verdict


def _compare_run(verdict, run, capabilities):
    wrong = verdict.wrong
    for name, config in CONFIGS.items():
        if name not in run.controls:
            wrong.append(f"{run.mode} {name}: not tried")
            continue
        if capabilities and (config.possible(run.mode, *capabilities)
                             != bool(run.controls[name])):
            wrong.append(f"{run.mode} {name}: {'run' if run.controls[name] else 'refused'}"
                         " against the processor's capabilities")
        if run.controls[name]:
            _compare_config(verdict, run, config)
    if len(set(run.sum.values())) > 1:
        wrong.append(f"{run.mode}: reads give different values: {run.sum}")
    wrong += [f"{run.mode}: odd: {line}" for line in run.odd]


def _compare_config(verdict, run, config):
    name = config.name
    proc2, pin = run.controls[name]
    if (proc2 & SECONDARY_MASK != config.secondary(run.mode)
            or pin & PIN_MASK != config.pin()):
        verdict.wrong.append(f"{run.mode} {name}: the controls are {proc2:#x}, {pin:#x}")
    for write in (False, True):
        if run.mode == "x2apic":
            letters = run.msr.get((name, write), "").ljust(len(MSRS), "?")
            for number, letter in zip(MSRS, letters):
                verdict.access(run, config, write, f"{number:03X}H", letter,
                               msr(config, write, number))
            continue
        for width in WIDTHS:
            letters = run.page.get((name, write, width), "").ljust(PAGE, "?")
            for offset, letter in enumerate(letters):
                verdict.access(run, config, write, f"{8 * width} bits at {offset:03X}H",
                               letter, page(config, write, width, offset))
    for event, (should, allowed) in events(config, run.mode).items():
        _compare_event(verdict, run, config, event, should, allowed)


def _compare_event(verdict, run, config, event, should, allowed):
    verdict.tried += 1
    words = run.event.get((config.name, event), ["?"])
    good = words[0] == should
    if good and should in REASONS:
        told = int(words[3], 16)
        if should == "C":
            told &= 0x3f        # CR and direction; not which register it was
        if should == "A" and told >> 12 & 15 >= 10:
            told &= 0xf000      # the offset is not defined
        if should == "E":
            told &= EPT_FETCH | EPT_LINEAR | EPT_FINAL
        good = (words[1] == "1" and int(words[2]) in REASONS[should]
                and (allowed is None or told in allowed))
    if not good:
        verdict.wrong.append(f"{run.mode} {config.name}: {event}: {' '.join(words)},"
                             f" should be {should} {sorted(allowed or [])}")


# ---- tables

PAGE_ROWS = (
    (0x000, "reserved"), (0x020, "ID"), (0x030, "version"), (0x040, "reserved"),
    (0x080, "TPR"), (0x090, "APR"), (0x0a0, "PPR"), (0x0b0, "EOI"), (0x0c0, "RRD"),
    (0x0d0, "LDR"), (0x0e0, "DFR"), (0x0f0, "SVR"), (0x100, "ISR"), (0x180, "TMR"),
    (0x200, "IRR"), (0x280, "ESR"), (0x290, "reserved"), (0x2f0, "LVT CMCI"),
    (0x300, "ICR low"), (0x310, "ICR high"), (0x320, "LVT timer"),
    (0x330, "LVT thermal"), (0x340, "LVT performance"), (0x350, "LVT LINT0"),
    (0x360, "LVT LINT1"), (0x370, "LVT error"), (0x380, "initial count"),
    (0x390, "current count"), (0x3a0, "reserved"), (0x3e0, "divide"),
    (0x3f0, "reserved (self-IPI)"), (0x400, "reserved"), (0x1000, ""),
)


def _cells(read, write):
    """Both letters; several where they differ within the row."""
    def one(letters):
        return "/".join(dict.fromkeys(letter for letter in letters if letter != "-"))
    return f"{one(read)} {one(write)}"


def _page_row(run, label, picked):
    """One row: `picked` is (width, offset) of every access that it stands for."""
    return [label] + [
        _cells(*([run.page[name, write, width][offset] for width, offset in picked]
                 for write in (False, True))) for name in run.names()]


def page_table(run):
    rows = [["32 bits at the register's offset"] + [""] * len(run.names())]
    named = list(zip(PAGE_ROWS, PAGE_ROWS[1:]))
    for (first, name), (end, _) in named:
        label = f"  {first:03X}{f'-{end - 1:03X}' if end - first > 16 else '    '} {name}"
        rows.append(_page_row(run, label, [(4, at) for at in range(first, end, 16)]))
    rows.append(["8 or 16 bits within the register: the same, but"]
                + [""] * len(run.names()))
    for (first, name), (end, _) in named:
        plain = _page_row(run, "", [(4, at) for at in range(first, end, 16)])
        for label, inside in (("at its offset", ((1, 0), (2, 0))),
                              ("bytes 1 to 3", ((1, 1), (1, 2), (1, 3), (2, 1), (2, 2)))):
            row = _page_row(run, f"  {first:03X}     {name}, {label}", [
                (width, at + i) for at in range(first, end, 16) for width, i in inside])
            if row[1:] != plain[1:]:
                rows.append(row)
    rows.append(["anything else"] + [""] * len(run.names()))
    rows.append(_page_row(run, "  beyond a register's 4 bytes", [
        (width, at) for width in (1, 2, 4) for at in range(PAGE)
        if not _low_bytes(at, width)]))
    rows.append(_page_row(run, "  64 bits, anywhere", [(8, at) for at in range(PAGE)]))
    return [["read, write"] + run.names()] + rows


MSR_NAMES = {first: name for first, name in PAGE_ROWS} | {
    0x0d0: "LDR (derived)", 0x0e0: "reserved (DFR)", 0x300: "ICR, 64 bits",
    0x310: "reserved (ICR high)", 0x3f0: "self-IPI"}


def msr_table(run):
    rows, starts = [], [0x800 + (first >> 4) for first, _ in PAGE_ROWS]
    for first, end in zip(starts, starts[1:]):
        last = f"-{end - 1:03X}" if end - first > 1 else "    "
        name = MSR_NAMES[first - 0x800 << 4]
        rows.append([f"  {first:03X}{last} {name}"] + [
            _cells(*(run.msr[config, write][first - 0x800:end - 0x800]
                     for write in (False, True))) for config in run.names()])
    return [["RDMSR, WRMSR"] + run.names()] + rows


def event_table(run):
    names = list(dict.fromkeys(event for _, event in run.event))
    return [["with interrupts"] + run.names()] + [
        [f"  {event}"] + [" ".join(run.event.get((name, event), ["?"])[:1])
                          for name in run.names()] for event in names]


def text(table):
    """Columns, aligned."""
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths))
                     .rstrip() for row in table) + "\n"


def report(runs):
    parts = []
    for mode, run in sorted(runs.items(), reverse=True):
        missing = [name for name in CONFIGS if not run.controls.get(name)]
        parts.append(f"{mode} mode" + (f"; not possible here: {', '.join(missing)}"
                                       if missing else ""))
        parts.append(text(page_table(run) if run.page else msr_table(run)))
        parts.append(text(event_table(run)))
    used = "VAWETOCMGg"
    parts.append("; ".join(f"{letter} {LETTERS[letter]}" for letter in used) + "\n")
    return "\n".join(parts)


def write_csv(runs, out):
    """A row per access, a column per set of controls."""
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["mode", "kind", "what", "width", "direction", *CONFIGS])

    def cells(of):
        return [of(name) if run.controls.get(name) else "" for name in CONFIGS]
    for mode, run in sorted(runs.items(), reverse=True):
        for write in (False, True):
            direction = "write" if write else "read"
            for width in WIDTHS if run.page else ():
                for at in range(PAGE):
                    rows.writerow([mode, "page", f"{at:03X}", width, direction, *cells(
                        lambda name: run.page[name, write, width][at])])
            for number in MSRS if run.msr else ():
                rows.writerow([mode, "msr", f"{number:03X}", 8, direction, *cells(
                    lambda name: run.msr[name, write][number - 0x800])])
        for event in dict.fromkeys(event for _, event in run.event):
            rows.writerow([mode, "event", event, "", "", *cells(
                lambda name: " ".join(run.event.get((name, event), [])))])
