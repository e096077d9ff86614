# SPDX-License-Identifier: BSD-2-Clause
"""What the monitor tells of VM exits: their counts and times, and the trace as
tools/trace reads it."""

import re
import socket
import subprocess
import sys

from lib import trace
from lib.paths import TOOLS
from lib.scenario import Failed, scenario, vm

TICK = 0x40             # guest/test/idle's timer, 100 times a second
UART = 0x44


def count(table, name):
    """How often that exit was taken, by the table that `exits` prints."""
    found = re.search(rf"^{name} +(\d+) +[\d.]+ ", table, re.MULTILINE)
    return int(found.group(1)) if found else 0


def find(records, at, event, detail):
    """Where the first such event at or after records[at] is."""
    for i in range(at, len(records)):
        if (records[i].event, records[i].detail) == (event, detail):
            return i
    raise Failed(f"no {event} {detail:x} in the trace")


def taken(records, at, vector, posted):
    """The vector that came by records[at] goes in at the next entry, and its EOI is
    seen unless the processor does it; where that is."""
    entry = find(records, at, "entry", 0)
    if posted:
        assert records[entry].a & 0xff == vector, f"RVI is {records[entry].a:x}"
        return entry
    find(records[:entry], at, "inject", vector)
    return find(records, entry, "eoi", vector)


def look(test, line):
    """The events of a dump, as tools/trace reads them."""
    line.ask("trace on")
    line.type("\x01c")
    line.type("a")
    line.wait(r"A")
    line.monitor()
    dumped = line.ask("trace dump", timeout=120)
    capture = trace.parse(dumped)
    if capture.problems:
        raise Failed("; ".join(capture.problems))
    made = test.log / "capture"
    made.write_text(dumped + "\n")
    done = subprocess.run([sys.executable, TOOLS / "trace", made, "--json",
                           test.log / "trace.json", "--csv", test.log / "trace.csv"],
                          capture_output=True, text=True)
    if done.returncode:
        raise Failed(done.stderr)
    return capture


@scenario(cases={"emulate": dict(apic="emulate"), "posted": dict(apic="posted")})
def of_a_guest(test, apic):
    """Every tick is there: the CPU waits, the timer expires, the interrupt goes in,
    the guest says EOI; on both CPUs. So is the interrupt for what was typed."""
    posted = apic == "posted"
    config = vm("idle", apic, vcpus=2) + "hlt-exit = on\n"
    with test.talk(config=config, cpus=2) as line:
        line.wait(r"idle: up, 2 of 2")
        line.monitor()
        early = line.ask("exits idle.1")
        capture = look(test, line)
        bad = line.ask("trace nonsense")
        csv = line.ask("exits csv")
        late = line.ask("exits reset") + line.ask("exits idle.1")
        line.quit()
    for ring in capture.rings.values():
        records = ring.records
        ticks = [i for i, record in enumerate(records)
                 if (record.event, record.detail) == ("timer", TICK)]
        assert len(ticks) > 2, f"{ring.title}: {len(ticks)} ticks"
        for at in ticks[:-1]:
            taken(records, at, TICK, posted)
            assert records[at].a <= records[at].tsc, "the timer was early"
        waits = [piece for piece in trace.slices(ring) if piece.kind == "wait"]
        assert len(waits) > 2, f"{ring.title} waited {len(waits)} times"
    records = capture.rings[0].records
    came = find(records, 0, "post", UART)
    assert records[came].b == 0, "a device sends it"
    taken(records, came, UART, posted)

    assert count(early, "HLT") > 2 and count(early, "CPUID") > 0, early
    assert 0 < count(late, "HLT") and not count(late, "CPUID"), late
    assert csv.startswith("vm,vcpu,exit,detail,count,"), csv
    for vcpu in (0, 1):
        assert re.search(rf"^idle,{vcpu},CPUID,,\d+,", csv, re.MULTILINE), csv
    assert "nonsense" in bad


@scenario()
def two_dumps_at_once(test):
    """A debugger asks for the trace while it goes out over the console's line: each
    gets its own, and the console's is whole."""
    config = "[hypervisor]\ngdb = com2\n" + vm(
        "ipi_flood", "posted", 2, cmdline="forever")
    with test.talk(config=config, cpus=2, options=("--com2", "tcp:0")) as line:
        line.wait(r"flood: round 1,")
        line.monitor()
        line.ask("trace on")
        line.ask("exits csv")       # meanwhile the ring fills
        with socket.create_connection(("127.0.0.1", line._port("com2"))) as debugger:
            line.type("trace dump\r")
            line.wait(r"^@ring 0 ")
            text = "qRcmd," + b"trace dump".hex()
            debugger.sendall(f"${text}#{sum(text.encode()) % 256:02x}".encode())
            debugger.settimeout(60)
            other = b""
            while b"$OK#" not in other:
                other += debugger.recv(4096)
        line.wait(r"^@end ", timeout=120)
        result = line.quit()
    capture = trace.parse(result.serial)
    if capture.problems:
        raise Failed("; ".join(capture.problems))
    if b"@trace".hex().encode() not in other:
        raise Failed("the debugger got no trace")
