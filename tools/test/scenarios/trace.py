# SPDX-License-Identifier: BSD-2-Clause
"""What the monitor tells of VM exits: their counts and times, and the trace as
tools/trace reads it."""

import subprocess
import sys
import time

from lib import trace
from lib.paths import TOOLS
from lib.scenario import Failed, scenario, vm

TICK = 0x40             # guest/test/idle's timer, 100 times a second
UART = 0x44
SECONDS = 1.0


def count(table, pattern):
    """How often the exit of the first row that has the text was taken."""
    for line in table.splitlines():
        if line.startswith(pattern):
            return int(line[43:].split()[0])
    return 0


def after(records, at, *wanted):
    """Where those events are that come after records[at], in that order."""
    for event, detail in wanted:
        at = next((i for i in range(at + 1, len(records))
                   if (records[i].event, records[i].detail) == (event, detail)), None)
        if at is None:
            raise Failed(f"no {event} {detail} follows")
    return at


@scenario(cases={"emulate": dict(apic="emulate", halts="HLT"),
                 "posted": dict(apic="posted", halts="HLT")})
def of_a_guest(test, apic, halts):
    """Every tick is there: the guest waits, the timer expires, the interrupt goes
    in, the guest says EOI; on both CPUs, and nothing of the trace was lost."""
    with test.talk(config=vm("idle", apic, vcpus=2), cpus=2) as line:
        line.wait(r"idle: up, 2 of 2")
        line.monitor()
        line.ask("exits reset")
        line.ask("trace on")
        time.sleep(SECONDS)
        table = line.ask("exits idle.1")
        line.ask("trace off")
        dumped = line.ask("trace dump", timeout=120)
        again = line.ask("exits reset") + line.ask("exits idle.1")
        csv = line.ask("exits csv")
        bad = line.ask("trace nonsense")
        line.quit()
    capture = trace.parse(dumped)
    if capture.problems:
        raise Failed("; ".join(capture.problems))
    for ring in capture.rings.values():
        ticks = [i for i, record in enumerate(ring.records)
                 if (record.event, record.detail) == ("timer", TICK)]
        assert len(ticks) > 5, f"{ring.title}: {len(ticks)} ticks"
        for at in ticks[1:-1]:
            if apic == "emulate":
                after(ring.records, at, ("inject", TICK), ("entry", 0), ("eoi", TICK))
        waits = [s for s in trace.slices(ring) if s.kind == "wait"]
        assert len(waits) > 5, f"{ring.title} waited {len(waits)} times"
    assert count(table, halts) > 5, table
    assert "2 MHz" not in again and count(again, halts) < count(table, halts), again
    assert csv.startswith("vm,vcpu,exit,detail,count,"), csv
    assert "idle,0,HLT,," in csv and "idle,1,HLT,," in csv, csv
    assert "nonsense" in bad
    made = test.log / "capture"
    made.write_text(dumped + "\n")
    done = subprocess.run([sys.executable, TOOLS / "trace", made, "--json",
                           test.log / "trace.json", "--csv", test.log / "trace.csv"],
                          capture_output=True, text=True)
    if done.returncode:
        raise Failed(done.stderr)
    print(done.stdout)
