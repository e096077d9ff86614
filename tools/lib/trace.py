# SPDX-License-Identifier: BSD-2-Clause
"""What the monitor's `trace dump` sent (vmx/trace.h says how), read out of a
capture of the serial line, and turned into slices of time, Chrome's trace JSON
and CSV. A line that is damaged is named and left out, never guessed at."""

import base64
import binascii
import collections
import csv
import json
import re
import zlib
from dataclasses import dataclass, field

from .paths import ROOT, Problem

VERSION = 1
EVENTS = {1: "exit", 2: "entry", 3: "inject", 4: "post", 5: "eoi", 6: "timer",
          7: "timer posted", 8: "request", 9: "wait", 10: "wake"}
# What is an instant of a vCPU's track; exits, entries and waits make its slices.
INSTANTS = ("inject", "post", "eoi", "timer", "timer posted", "request")
REQUESTS = ("event", "INIT", "SIPI", "timer", "stop", "APIC", "call", "hold")
DELIVERY = {0: "", 1: "lowest priority ", 2: "SMI ", 4: "NMI ", 5: "INIT ",
            6: "SIPI ", 7: "ExtINT "}
EXTERNAL_INTERRUPT, IO, RDMSR, WRMSR = 1, 30, 31, 32
APIC_ACCESS, APIC_WRITE = 44, 56
UNKNOWN = "before the trace"

_LINE = re.compile(r"@(trace|ring|t|end) [^@\n]*")
_SUM = re.compile(r"(.* )([0-9a-f]{8})\Z", re.DOTALL)


@dataclass
class Ring:
    """What is known of a CPU's ring: it has records first to end - 1."""
    cpu: int
    first: int
    end: int
    vm: int
    name: str
    vcpu: int
    records: list = field(default_factory=list)

    @property
    def title(self):
        return f"{self.name}.{self.vcpu}"


@dataclass
class Record:
    number: int
    tsc: int
    event: str
    detail: int
    a: int
    b: int


@dataclass
class Slice:
    """A piece of a vCPU's time: in its "guest", in the "hypervisor", "wait"ing."""
    ring: Ring
    kind: str
    name: str
    start: int              # TSC
    end: int
    exit: Record = None     # of the hypervisor's slices


@dataclass
class Capture:
    hz: int = 0
    rings: dict = field(default_factory=dict)       # by CPU
    problems: list = field(default_factory=list)    # sentences
    expected_rings: int = 0
    lines: int = 0
    ended: bool = False

    @property
    def start(self):
        return min(record.tsc for ring in self.rings.values()
                   for record in ring.records)

    def us(self, tsc):
        return (tsc - self.start) * 1e6 / self.hz

    @property
    def count(self):
        return sum(len(ring.records) for ring in self.rings.values())


# ---- reading


class Damaged(Exception):
    """Why a line cannot be read."""


def _number(data, at):
    """(LEB128 number of 64 bits at most, where it ends)"""
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise Damaged("a number that does not end")
        value |= (data[at] & 0x7f) << shift
        shift += 7
        at += 1
        if not data[at - 1] & 0x80:
            return value, at


def _add_signed(value, coded):
    difference = coded >> 1 ^ (-(coded & 1))
    return (value + difference) & (1 << 64) - 1


def unpack(payload, number):
    """The records of one @t line."""
    try:
        data = base64.b64decode(payload, validate=True)
    except binascii.Error as error:
        raise Damaged(f"base64: {error}") from None
    records = []
    at = tsc = b = 0
    while at < len(data):
        kind = data[at]
        event = EVENTS.get(kind & 15)
        if event is None or kind & 0x80:
            raise Damaged(f"no event is coded as {kind:#x}")
        coded, at = _number(data, at + 1)
        tsc = _add_signed(tsc, coded)
        values = []
        for bit in (0x10, 0x20, 0x40):
            value = 0
            if kind & bit:
                value, at = _number(data, at)
            values.append(value)
        if kind & 0x40:
            b = _add_signed(b, values[2])
        records.append(Record(number, tsc, event, values[0], values[1],
                              b if kind & 0x40 else 0))
        number += 1
    return records


def _words(text):
    """The words of a line whose checksum is right."""
    parts = _SUM.match(text)
    if not parts:
        raise Damaged("it is cut off")
    if zlib.crc32(parts.group(1).encode("latin-1")) != int(parts.group(2), 16):
        raise Damaged("its checksum is wrong")
    return parts.group(1).split(" ")[1:-1]


def _take(capture, kind, words):
    try:
        if kind == "t":
            cpu, number, payload = words
            if int(cpu) not in capture.rings:
                raise Damaged(f"nothing was said of CPU {cpu}'s ring")
            capture.rings[int(cpu)].records += unpack(payload, int(number))
            capture.lines += 1
        elif kind == "ring":
            cpu, first, end, vm, name, vcpu = words
            capture.rings[int(cpu)] = Ring(int(cpu), int(first), int(end), int(vm),
                                           name, int(vcpu))
        elif kind == "end":
            lines, records = (int(word) for word in words)
            capture.ended = True
            if (lines, records) != (capture.lines, capture.count):
                capture.problems.append(
                    f"{lines} lines with {records} events were sent, {capture.lines}"
                    f" with {capture.count} can be read")
    except ValueError:
        raise Damaged("it has other words than it should") from None


def _begin(words):
    try:
        version, hz, rings = (int(word) for word in words)
    except ValueError:
        raise Damaged("it has other words than it should") from None
    if version != VERSION:
        raise Problem(f"the trace has version {version}, this tool knows {VERSION}")
    if not hz:
        raise Damaged("its TSC does not run")
    return Capture(hz=hz, expected_rings=rings)


def _complete(capture):
    """Says what is missing; events in the order of their times."""
    if not capture.ended:
        capture.problems.append("the trace has no end: the capture is cut off")
    if len(capture.rings) < capture.expected_rings:
        capture.problems.append(
            f"{capture.expected_rings} rings were sent, the heads of"
            f" {len(capture.rings)} can be read")
    for ring in capture.rings.values():
        at = ring.first
        for record in ring.records:
            if record.number != at:
                capture.problems.append(
                    f"{ring.title}: events {at} to {record.number - 1} are missing")
            at = record.number + 1
        if at != ring.end:
            capture.problems.append(
                f"{ring.title}: events {at} to {ring.end - 1} are missing")
        ring.records.sort(key=lambda record: record.tsc)
    if not capture.count:
        raise Problem("; ".join(["the trace has no events", *capture.problems]))


def parse(text):
    """The last trace in a capture. Raises Problem when there is none."""
    capture, damaged = None, []
    for at, line in enumerate(text.split("\n"), 1):
        for found in _LINE.finditer(line.rstrip("\r ")):
            kind = found.group(1)
            try:
                words = _words(found.group(0).rstrip("\r "))
                if kind == "trace":
                    capture = _begin(words)
                elif capture is None:
                    raise Damaged("it comes before the trace's first line")
                elif not capture.ended:
                    _take(capture, kind, words)
            except Damaged as why:
                (capture.problems if capture else damaged).append(
                    f"line {at} (@{kind}) is left out: {why}")
    if capture is None:
        raise Problem("; ".join(["there is no trace in this capture", *damaged[:3]]))
    _complete(capture)
    return capture


# ---- meaning


def _names_of(source, header):
    """{number: name} out of the hypervisor's own table."""
    numbers = {name: int(number) for name, number in
               re.findall(r"EXIT_REASON_(\w+) = (\d+),", header)}
    return {numbers[key]: name for key, name in
            re.findall(r"\[EXIT_REASON_(\w+)\] =\s+\"([^\"]+)\"", source)}


REASONS = _names_of((ROOT / "vmx/exit_reason.c").read_text(),
                    (ROOT / "vmx/exit_reason.h").read_text())


def reason(number):
    return REASONS.get(number, f"exit {number}")


def _exit_text(record):
    name, q = reason(record.detail), record.a
    if record.detail == EXTERNAL_INTERRUPT:
        name += f" {q:02x}"
    elif record.detail == IO:
        name += f", {'IN' if q & 8 else 'OUT'} port {q >> 16 & 0xffff:x}"
    elif record.detail in (RDMSR, WRMSR):
        name += f" {q:x}"
    elif record.detail in (APIC_ACCESS, APIC_WRITE):
        name += f" {q & 0xfff:03x}"
    return name


def _post_text(record, names):
    mode = record.a & 0xff
    text = "post " + DELIVERY.get(mode, f"mode {mode} ")
    if mode in (0, 1, 6):
        text += f"{record.detail:02x} "
    if record.a & 0x100:
        text += "level "
    return text + "from " + (names.get(record.b, f"sender {record.b:x}")
                             if record.b else "a device")


def senders(capture):
    """{what TRACE_POST has as sender: VM and vCPU}"""
    return {(ring.vm << 16 | ring.vcpu) + 1: ring.title
            for ring in capture.rings.values()}


def text_of(record, names):
    """One event for people."""
    if record.event == "exit":
        return _exit_text(record)
    if record.event == "post":
        return _post_text(record, names)
    if record.event == "inject":
        kind = {0: "interrupt", 2: "NMI", 3: "exception"}.get(record.a >> 8 & 7,
                                                               "event")
        return f"inject {kind} {record.detail:02x}"
    if record.event == "request":
        return "request " + (" ".join(name for bit, name in enumerate(REQUESTS)
                                      if record.detail >> bit & 1) or "-")
    if record.event in ("eoi", "timer", "timer posted"):
        text = f"{'EOI' if record.event == 'eoi' else record.event}"
        return f"{text} {record.detail:02x}"
    return record.event


def slices(ring):
    """A vCPU's time, in pieces without gaps from the first event to the last."""
    made = []
    kind, name, start, last_exit = None, UNKNOWN, None, None

    def close(end):
        if kind and start < end:
            made.append(Slice(ring, kind, name, start, end,
                              last_exit if kind == "hypervisor" else None))

    for record in ring.records:
        if record.event not in ("exit", "entry", "wait", "wake"):
            continue
        close(record.tsc)
        start = record.tsc
        if record.event == "exit":
            kind, name, last_exit = "hypervisor", reason(record.detail), record
        elif record.event == "entry":
            kind, name, last_exit = "guest", "guest", None
        elif record.event == "wait":
            kind, name = "wait", "waits"
        else:
            kind = "hypervisor"
            name = reason(last_exit.detail) if last_exit else UNKNOWN
    return made


def handled(ring):
    """[(the exit, ticks in the hypervisor until the guest ran again)], without
    what it waited."""
    ticks = collections.OrderedDict()
    for piece in slices(ring):
        if piece.kind == "hypervisor" and piece.exit:
            key = piece.exit.number
            before = ticks.get(key, (piece.exit, 0))[1]
            ticks[key] = (piece.exit, before + piece.end - piece.start)
    return list(ticks.values())


# ---- formats


def chrome(capture):
    """The object of Chrome's trace JSON, which Perfetto reads as well."""
    out = []
    names = senders(capture)
    for vm, name in {(ring.vm, ring.name) for ring in capture.rings.values()}:
        out.append({"ph": "M", "name": "process_name", "pid": vm,
                    "args": {"name": f"vm {name}"}})
    for ring in capture.rings.values():
        track = {"pid": ring.vm, "tid": ring.vcpu}
        out.append({"ph": "M", "name": "thread_name", **track,
                    "args": {"name": f"vCPU {ring.vcpu} on CPU {ring.cpu}"}})
        for piece in slices(ring):
            event = {"ph": "X", "name": piece.name, "cat": piece.kind, **track,
                     "ts": capture.us(piece.start),
                     "dur": (piece.end - piece.start) * 1e6 / capture.hz}
            if piece.exit:
                event["args"] = {"exit": _exit_text(piece.exit),
                                 "qualification": f"{piece.exit.a:#x}",
                                 "rip": f"{piece.exit.b:#x}"}
            out.append(event)
        out += [{"ph": "i", "s": "t", "name": text_of(record, names),
                 "cat": record.event, **track, "ts": capture.us(record.tsc)}
                for record in ring.records if record.event in INSTANTS]
    return {"displayTimeUnit": "ns", "traceEvents": out}


def write_json(capture, path):
    with open(path, "w") as handle:
        json.dump(chrome(capture), handle, indent=0)
        handle.write("\n")


def write_csv(capture, path):
    names = senders(capture)
    rows = [(record.tsc, ring, record) for ring in capture.rings.values()
            for record in ring.records]
    with open(path, "w", newline="") as handle:
        out = csv.writer(handle, lineterminator="\n")
        out.writerow(["us", "tsc", "vm", "vcpu", "cpu", "event", "detail", "a", "b",
                      "text"])
        for tsc, ring, record in sorted(rows, key=lambda row: row[0]):
            out.writerow([f"{capture.us(tsc):.3f}", tsc, ring.name, ring.vcpu,
                          ring.cpu, record.event, record.detail, f"{record.a:#x}",
                          f"{record.b:#x}", text_of(record, names)])
