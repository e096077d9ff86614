# SPDX-License-Identifier: BSD-2-Clause
"""The serial line with people at it: the console's keys, the monitor's prompt,
the log's filter, and guests that share it."""

import re

from lib.scenario import scenario
from lib.talk import KEY, expect

ONE = """\
[vm t]
kernel = \\idle.flat
memory = 16
debug-exit = on
reset = stop
"""
TWO = ONE + ONE.replace("vm t", "vm u")


@scenario()
def keys(test):
    """One VM: its bytes pass as they come; c, digits, ?, g and x; one Ctrl-A."""
    with test.talk(config=ONE, cpus=1) as line:
        line.wait(r"^idle: up")
        line.type("abc")
        line.wait(r"^ABC")
        line.type(KEY + "?")
        line.wait(r"^\[apical\] Ctrl-A and: c monitor or guest, 0-9 .*x end")
        line.type(KEY + "z")
        line.wait(r"^\[apical\] Ctrl-A and: c ")
        line.type(KEY + "7")
        line.wait(r"^\[apical\] no VM 7 is on this line$")
        line.monitor()
        expect(line.ask("vms"), r"^\*0 t +running +1 +16 +posted +keyboard$")
        line.type(KEY + "c")
        line.wait(r"^\[apical\] keyboard: vm t$")
        line.type(KEY + KEY + "d")
        line.wait(r"\x01D")
        # A debugger's turn: nothing but packets, until a key outside of one.
        line.type(KEY + "g" + "$abc" + KEY + "c#00")
        line.type(KEY + "0")
        line.wait(r"^\[apical\] keyboard: vm t$")
        line.type("e")
        line.wait(r"E")
        result = line.quit()
    result.expect(r"^\[apical\] vm t ended: by the operator$", count=1)
    result.expect(r"^\[apical\] verdict: ok$", count=1)
    result.expect_status(0)


@scenario()
def two_vms(test):
    """Two VMs: whole lines with their origin; the keyboard goes to the one that
    was chosen, and a prompt steps aside for both."""
    with test.talk(config=TWO) as line:
        line.wait(r"^\[u\] idle: up")
        line.type("first\n")
        line.wait(r"^\[t\] FIRST")
        line.type(KEY + "1")
        line.wait(r"^\[apical\] keyboard: vm u$")
        line.type("second\n")
        line.wait(r"^\[u\] SECOND")
        line.monitor()
        answer = line.ask("vms")
        expect(answer, r"^\*0 t .*serial$")
        expect(answer, r"^ 1 u .*keyboard$")
        expect(line.ask("use u"), r"^u\.0$")
        expect(line.ask("vms"), r"^\*1 u ")
        expect(line.ask("use x"), r"^no VM is called x; see vms$")
        expect(line.ask("use u.5"), r"^u has vCPUs 0 to 0, and no 5$")
        # t ends below a line that is being typed.
        line.type(KEY + "0")
        line.wait(r"keyboard: vm t$")
        line.type("q")
        line.type(KEY + "c" + "vm")
        line.wait(r"^\[apical\] vm t ended: exit code 0$")
        line.wait(r"^apical> vm\Z")
        line.type("s\r")
        line.wait(r"^[* ]0 t +ended ")
        line.type(KEY + "1")
        line.wait(r"keyboard: vm u$")
        line.type("q")
        result = line.end()
    result.expect(r"^\[apical\] verdict: ok$", count=1)
    result.expect_status(0)


@scenario()
def editing(test):
    """Keys of the editor, history, completion; noise, lines that are too long,
    words that are too many: an error line, nothing harmed."""
    with test.talk(config=ONE, cpus=1) as line:
        line.wait(r"^idle: up")
        line.monitor()

        def typed(keys, command):
            """The keys make up a command, which is answered."""
            line.type(keys + "\r")
            line.wait(rf"^(?:apical> )?.*\n(?=no command {command};)")
            line.wait(r"^apical> \Z")

        typed("xhat\x1b[H\x1b[3~w\x05?", r"what\?")
        typed("wait\b\bh\x1b[Fz\x7f", "wah")
        typed("what now\x17\x15ok\x02\x0bo", "oo")
        typed("\x1b[A\x10", "wah")
        line.type("vcp\t")
        line.wait(r"^apical> vcpu \Z")
        line.type("\x15" "use \t")
        line.wait(r"^apical> use t \Z")
        line.type("\x15" "vm\t")
        line.wait(r"^  vms?  .*vms?")
        line.wait(r"^apical> vm\Z")
        line.type("\x03")
        line.wait(r"^apical> \Z")
        expect(line.ask("help vms"), r"^  the VMs and their states$")
        names = re.findall(r"^  (\w+) +\S", line.ask("help"), re.MULTILINE)
        assert {"help", "vms", "use", "log", "console"} <= set(names), names
        for name in names:
            expect(line.ask(f"help {name}"), rf"^{name} ?.*\n  \S")
        expect(line.ask("bogus 1 2"), r"^no command bogus; try help$")
        expect(line.ask("help bogus"), r"^no command bogus; try help$")
        expect(line.ask("a b c d e f g h i j"), r"^too many words$")
        assert line.ask("") == "" and line.ask("# only a comment") == ""
        line.type("y" * 170 + "\r")
        line.wait(r"^the line is too long, 159 characters at most$")
        line.wait(r"^apical> \Z")
        noise = bytes(value for value in range(256) if value not in (1, 3))
        line.type(noise + b"\x1b[999;999~\x1bO\x1b\x03")
        line.wait(r"^apical> \Z")
        line.type(KEY + "x")
        line.end().expect_status(0)


@scenario()
def log(test):
    """What the log leaves out, by level and subject; and what it keeps."""
    config = "[hypervisor]\nlog = notice, console = debug\n" + ONE.replace(
        "idle.flat", "idle.flat\nvcpus = 2")
    with test.talk(config=config) as line:
        line.wait(r"^\[apical\] Apical ")
        line.wait(r"^\[apical\] serial line: by interrupt$")
        line.wait(r"^idle: up")
        line.monitor()
        answer = line.ask("log")
        expect(answer, r"^  vm +notice +0 lines dropped$")
        expect(answer, r"^  console +debug ")
        shown = line.ask("log show")
        expect(shown, r"^ +\d+\.\d{3} serial line: by interrupt$")
        assert "memory in KiB" not in shown, shown
        expect(line.ask("log loud"), r"^loud is no LEVEL or SUBJECT=LEVEL; ")
        expect(line.ask("log vm=debug apic=loud"), r"^apic=loud is no ")
        expect(line.ask("log"), r"^  vm +notice ")
        assert line.ask("log vm=debug gdb=error") == ""
        expect(line.ask("log"), r"^  vm +debug +0 lines[^$]*^  gdb +error ")
        # The second vCPU is woken once more, which only debug tells.
        line.ask("vm reset t")
        line.wait(r"^\[apical\] vm t: vCPU 1: INIT$")
        line.wait(r"^\[apical\] vm t: vCPU 1: SIPI, vector [0-9a-f]{2}H$")
        line.wait(r"^apical> \Z")
        assert line.ask("log error") == ""
        expect(line.ask("log show 2"), r"^ +\d+\.\d{3} vm t: vCPU 1: SIPI")
        assert len(line.ask("log show 2").splitlines()) == 2
        expect(line.ask("log show 101"), r"^101 is no number from 0 to 0x64$")
        expect(line.ask("console"), r"^UART at port 0x3f8, FIFO of 16, by interr")
        result = line.quit()
    result.expect_not(r"memory in KiB|vCPU, 16 MiB")
    result.expect_status(0)


@scenario()
def not_torn(test):
    """A guest writes line after line while the log has much to say: of another VM,
    which restarts again and again. No line of either is torn."""
    config = ONE.replace("idle", "chatter") + """\
[vm r]
kernel = \\reset.flat
memory = 16
console = none
"""
    with test.talk(config=config) as line:
        line.wait(r"^PASS chatter")
        result = line.quit()
    said = result.serial[:result.serial.index("PASS chatter")]
    lines = said[said.index("line 000"):].splitlines()
    ours = [text for text in lines if text.startswith("[apical] ")]
    theirs = [text for text in lines if text not in ours]
    assert theirs == [f"line {n:03}: the quick brown fox jumps over it"
                      for n in range(150)], theirs
    assert len(ours) >= 5, f"the log said little: {ours}"
    for text in ours:
        assert text == "[apical] vm r restarts" or "log lines" in text, text


@scenario()
def without_the_monitor(test):
    """monitor = off: no way from the line into the machine."""
    with test.talk(config="[hypervisor]\nmonitor = off\n" + TWO) as line:
        line.wait(r"^\[u\] idle: up")
        for key in "cgx?":
            line.type(KEY + key)
            line.wait(r"^\[apical\] Ctrl-A and: 0-9 a VM's console, Ctrl-A itself$")
        line.type(KEY + "1")
        line.wait(r"keyboard: vm u$")
        line.type("q" + KEY + "0")
        line.wait(r"keyboard: vm t$")
        line.type("q")
        result = line.end()
    result.expect_status(0)


@scenario()
def forged(test):
    """A guest that says that all went well, and then fails."""
    result = test.boot(config=ONE.replace("idle", "forge"), cpus=1, timeout=60)
    result.expect(r"^\[apical\?\] verdict: ok$")
    result.expect(r"^\[apical\] verdict: failed status=\d+$", count=1)
    assert result.status not in (0, 124), result.status
