# SPDX-License-Identifier: BSD-2-Clause
"""tools/trace: a line as vmx/trace.c makes it, damage that is told and not read,
time in slices, and what is written."""

import base64
import json
import subprocess
import sys
import tempfile
import unittest
import zlib
from pathlib import Path

from lib import trace
from lib.paths import TOOLS, Problem

HZ = 1000000            # a tick is a microsecond
HEAD = "@trace 1 400000000 2 b126eaae"
# The same line is in tools/test/unit/test_trace.c.
GOLDEN = "@t 3 0 Uaq03nUK////7w9CpAMEdAHsAYACgICI8A8= 2e9fcf74"
CODE = {name: number for number, name in trace.EVENTS.items()}
DRAWS = any(subprocess.run([python, "-c", "import matplotlib"],
                           stderr=subprocess.DEVNULL).returncode == 0
            for python in (sys.executable, "/usr/bin/python3"))


def sealed(text):
    return f"{text} {zlib.crc32(f'{text} '.encode()):08x}\n"


def number(value):
    out = b""
    while value > 0x7f:
        out += bytes([value & 0x7f | 0x80])
        value >>= 7
    return out + bytes([value])


def zigzag(value):
    return number(value << 1 if value >= 0 else -value * 2 - 1)


def packed(events):
    """[(tsc, event, detail, a, b)] in base64."""
    out, tsc, last = b"", 0, 0
    for at, event, detail, a, b in events:
        out += bytes([CODE[event] | bool(detail) << 4 | bool(a) << 5 | bool(b) << 6])
        out += zigzag(at - tsc)
        out += number(detail) if detail else b""
        out += number(a) if a else b""
        out += zigzag(b - last) if b else b""
        tsc, last = at, b or last
    return base64.b64encode(out).decode()


def dump(rings, per_line=3):
    """The lines of a trace; rings: {cpu: (name, vcpu, first, events)}."""
    lines, count = [sealed(f"@trace 1 {HZ} {len(rings)}")], 0
    for cpu, (name, vcpu, first, events) in rings.items():
        lines.append(sealed(f"@ring {cpu} {first} {first + len(events)} 0 {name}"
                            f" {vcpu}"))
        for at in range(0, len(events), per_line):
            lines.append(sealed(f"@t {cpu} {first + at} "
                                + packed(events[at:at + per_line])))
            count += 1
    total = sum(len(ring[3]) for ring in rings.values())
    return lines + [sealed(f"@end {count} {total}")]


EVENTS = [
    (100, "entry", 0, 0, 0x1000),
    (150, "exit", 10, 0, 0x1005),       # CPUID
    (160, "entry", 0, 0, 0x1007),
    (200, "exit", 12, 0, 0x1010),       # HLT
    (203, "wait", 0, 0, 0),
    (300, "wake", 0, 0, 0),
    (301, "post", 0x40, 0, 0),
    (302, "inject", 0x40, 0x40, 0),
    (305, "entry", 0, 0, 0x1011),
    (350, "exit", 56, 0xb0, 0x2000),    # APIC write, EOI
    (351, "eoi", 0x40, 0, 0),
    (370, "entry", 0, 0, 0x2000),
]
LINES = dump({0: ("t", 0, 5, EVENTS), 1: ("t", 1, 0, EVENTS[:5])})


class Reading(unittest.TestCase):
    def test_golden(self):
        text = "\n".join([HEAD, sealed("@ring 3 0 3 0 t 1"), GOLDEN,
                          sealed("@end 1 3")])
        capture = trace.parse(text)
        self.assertEqual(capture.hz, 400000000)
        records = [(r.tsc, r.event, r.detail, r.a, r.b)
                   for r in sorted(capture.rings[3].records, key=lambda r: r.number)]
        self.assertEqual(records, [
            (123456789, "exit", 10, 0, 0xffffffff81000000),
            (123456999, "entry", 0, 0, 0xffffffff81000002),
            (123456998, "post", 0xec, 0x100, 0x10002)])
        self.assertEqual(len(capture.problems), 1)      # one ring of two

    def test_whole(self):
        capture = trace.parse("".join(LINES))
        self.assertEqual(capture.problems, [])
        self.assertEqual(capture.count, len(EVENTS) + 5)
        self.assertEqual([(r.tsc, r.event, r.detail, r.a, r.b)
                          for r in capture.rings[0].records], EVENTS)

    def test_between_other_lines(self):
        noise = "".join(f"[apical] vm x: @ 1\r\n(t) {line[:-1]}\r\n@t\n" if i % 2
                        else line for i, line in enumerate(LINES))
        capture = trace.parse(noise)
        self.assertEqual(capture.count, len(EVENTS) + 5)
        self.assertFalse([p for p in capture.problems if "missing" in p])

    def test_last_of_two(self):
        other = dump({2: ("u", 0, 0, EVENTS)})
        self.assertEqual(list(trace.parse("".join(LINES + other)).rings), [2])

    def test_no_trace(self):
        with self.assertRaises(Problem):
            trace.parse("[apical] nothing\n")
        with self.assertRaises(Problem):
            trace.parse(sealed("@trace 2 1000 1"))
        with self.assertRaises(Problem):
            trace.parse("".join(LINES[:1]))


class Damage(unittest.TestCase):
    whole = {(0, n) for n in range(5, 5 + len(EVENTS))} | {(1, n) for n in range(5)}

    def events(self, capture):
        return {(ring.cpu, record.number): record for ring in capture.rings.values()
                for record in ring.records}

    def test_every_character(self):
        """Whichever character is another one: a problem is told, and each event
        that is read is a true one."""
        good = self.events(trace.parse("".join(LINES)))
        for at, line in enumerate(LINES):
            for column in range(len(line) - 1):
                for other in "0@\n":
                    if other == line[column]:
                        continue
                    bad = line[:column] + other + line[column + 1:]
                    text = "".join(LINES[:at] + [bad] + LINES[at + 1:])
                    try:
                        capture = trace.parse(text)
                    except Problem:
                        continue
                    self.assertTrue(capture.problems, (at, column, other))
                    for key, record in self.events(capture).items():
                        self.assertEqual(record, good[key], (at, column, other))

    def test_line_lost(self):
        for at in range(1, len(LINES)):
            text = "".join(LINES[:at] + LINES[at + 1:])
            self.assertTrue(trace.parse(text).problems, LINES[at])

    def test_line_lost_says_which(self):
        capture = trace.parse("".join(LINES[:3] + LINES[4:]))
        self.assertIn("t.0: events 8 to 10 are missing", capture.problems)
        self.assertIn("6 lines with 17 events were sent, 5 with 14 can be read",
                      capture.problems)
        capture = trace.parse("".join(LINES[:-2] + LINES[-1:]))
        self.assertIn("t.1: events 3 to 4 are missing", capture.problems)

    def test_cut_off(self):
        capture = trace.parse("".join(LINES[:-1]))
        self.assertIn("the trace has no end: the capture is cut off",
                      capture.problems)

    def test_sealed_nonsense(self):
        """A right checksum over what no dump sends."""
        for text in ("@t 0 0 !!!!", "@t 0 0 AAAA", "@t 0 0 gAAA", "@t 0 0 Af//////"
                     "////////", "@t 0 x AQAA", "@t 9 0 AQAA", "@ring 0 0", "@end x y",
                     "@t 0 0 Cf8="):
            lines = LINES[:2] + [sealed(text)] + LINES[2:]
            capture = trace.parse("".join(lines))
            self.assertTrue(any("left out" in p for p in capture.problems), text)


class Time(unittest.TestCase):
    def setUp(self):
        self.capture = trace.parse("".join(LINES))
        self.ring = self.capture.rings[0]

    def test_slices(self):
        self.assertEqual(
            [(s.kind, s.name, s.start, s.end) for s in trace.slices(self.ring)],
            [("guest", "guest", 100, 150), ("hypervisor", "CPUID", 150, 160),
             ("guest", "guest", 160, 200), ("hypervisor", "HLT", 200, 203),
             ("wait", "waits", 203, 300), ("hypervisor", "HLT", 300, 305),
             ("guest", "guest", 305, 350), ("hypervisor", "APIC write", 350, 370)])

    def test_handled(self):
        self.assertEqual([(r.detail, ticks) for r, ticks in trace.handled(self.ring)],
                         [(10, 10), (12, 8), (56, 20)])

    def test_text(self):
        names = trace.senders(self.capture)
        record = trace.Record
        for event, text in (
                (record(0, 0, "exit", 56, 0xb0, 0), "APIC write 0b0"),
                (record(0, 0, "exit", 30, 0x3f80008, 0),
                 "I/O instruction, IN port 3f8"),
                (record(0, 0, "exit", 999, 0, 0), "exit 999"),
                (record(0, 0, "post", 0xec, 0x100, 2), "post ec level from t.1"),
                (record(0, 0, "post", 0, 5, 1), "post INIT from t.0"),
                (record(0, 0, "post", 0x40, 0, 0), "post 40 from a device"),
                (record(0, 0, "inject", 14, 0xb0e, 0), "inject exception 0e"),
                (record(0, 0, "request", 0x41, 0, 0), "request event call"),
                (record(0, 0, "eoi", 0x40, 1, 0), "EOI 40")):
            self.assertEqual(trace.text_of(event, names), text)


class Tool(unittest.TestCase):
    def run_tool(self, text, *options):
        done = subprocess.run([sys.executable, TOOLS / "trace", "-", *options],
                              input=text.encode("latin-1"), capture_output=True)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def test_files(self):
        with tempfile.TemporaryDirectory() as folder:
            made = Path(folder) / "t.json"
            table = Path(folder) / "t.csv"
            status, out, _ = self.run_tool("".join(LINES), "--json", made, "--csv",
                                           table)
            self.assertEqual(status, 0)
            self.assertIn("t.0 on CPU 0: 12 events", out)
            self.assertIn("5 events before them are gone", out)
            events = json.loads(made.read_text())["traceEvents"]
            tracks = {(e["pid"], e["tid"]) for e in events if e["ph"] == "X"}
            self.assertEqual(tracks, {(0, 0), (0, 1)})
            cpuid = [e for e in events if e["name"] == "CPUID" and e["tid"] == 0]
            self.assertEqual([(e["ts"], e["dur"]) for e in cpuid], [(50.0, 10.0)])
            self.assertTrue([e for e in events if e["ph"] == "i"
                             and e["name"] == "EOI 40"])
            rows = table.read_text().splitlines()
            self.assertEqual(len(rows), 1 + len(EVENTS) + 5)
            self.assertIn("50.000,150,t,0,0,exit,10,0x0,0x1005,CPUID", rows)

    def test_damaged(self):
        bad = LINES[3].replace("@t 0 8", "@t 0 9")
        status, out, err = self.run_tool("".join(LINES[:3] + [bad] + LINES[4:]))
        self.assertEqual(status, 1)
        self.assertIn("checksum", err)
        self.assertIn("t.0 on CPU 0: 9 events", out)

    def test_nothing(self):
        status, _, err = self.run_tool("hello\n")
        self.assertEqual(status, 1)
        self.assertIn("no trace", err)

    @unittest.skipUnless(DRAWS, "python3-matplotlib is not installed")
    def test_pictures(self):
        with tempfile.TemporaryDirectory() as folder:
            svg, png = Path(folder) / "t.svg", Path(folder) / "t.png"
            status, _, err = self.run_tool("".join(LINES), "--svg", svg, "--png", png)
            self.assertEqual((status, err), (0, ""))
            self.assertIn("<svg", svg.read_text())
            self.assertEqual(png.read_bytes()[:8], b"\x89PNG\r\n\x1a\n")


if __name__ == "__main__":
    unittest.main()
