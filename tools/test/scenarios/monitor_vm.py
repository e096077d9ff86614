# SPDX-License-Identifier: BSD-2-Clause
"""The monitor's commands about memory, the machine and VMs' lives, on the serial
line of a machine whose guests (guest/test/idle.c) run meanwhile."""

import random
import re
import subprocess
import time

from lib.paths import BUILD
from lib.scenario import Failed, scenario, vm
from lib.talk import KEY, expect

UP = r"idle: up, (\d) of \1 CPUs"
LONG_ENOUGH = 0.2       # seconds of the wall clock for some ticks of a guest
HELD = 1.5              # of it, for which a VM is paused
STANDSTILL_UP = r"^standstill: up, (\d+) ticks a second$"
# Of a timer: it may have expired since the guest or we last looked.
NO_LATER = r"; (expires in \d+ us|expired \d{1,3} us ago)(,|$)"
TRIES = 99              # of that, for what takes a VM a moment


def symbol(name):
    """Where a variable of the guest lies."""
    listed = subprocess.run(["nm", str(BUILD / "guest/idle.elf")], check=True,
                            capture_output=True, text=True).stdout
    return int(re.search(rf"^(\w+) \w {name}$", listed, re.MULTILINE).group(1), 16)


class Operator:
    """Somebody at the monitor's prompt."""

    def __init__(self, line):
        self.line = line

    def ask(self, command, *patterns):
        """The answer, which holds all patterns."""
        answer = self.line.ask(command)
        expect(answer, *patterns)
        return answer

    def value(self, address, size="q", whose=""):
        answer = self.ask(f"mem {address:#x} 1 {size} {whose}", r"^[0-9a-f]{16}: ")
        return int(answer.split()[1], 16)

    def ticks(self, name, cpus):
        """How often the guest's CPUs have been woken; each has a counter."""
        counters = symbol("idle_cpus")
        return [self.value(counters + 64 * cpu, "q", f"{name}.{cpu}")
                for cpu in range(cpus)]

    def until(self, command, pattern):
        """Asks until the answer is so."""
        for _ in range(TRIES):
            answer = self.line.ask(command)
            if re.search(pattern, answer, re.MULTILINE):
                return
            time.sleep(LONG_ENOUGH)
        raise Failed(f"'{command}' does not come to say /{pattern}/:\n{answer}")

    def moves(self, name, cpus=2):
        """Every CPU of the guest is woken, again and again; it may be starting."""
        before = self.ticks(name, cpus)
        for _ in range(TRIES):
            time.sleep(LONG_ENOUGH)
            after = self.ticks(name, cpus)
            if all(a > b > 0 for a, b in zip(after, before)):
                return
            before = after
        raise Failed(f"{name} does not run: {after}")

    def stands(self, name, cpus=2):
        before = self.ticks(name, cpus)
        time.sleep(LONG_ENOUGH)
        after = self.ticks(name, cpus)
        if after != before:
            raise Failed(f"{name} runs: {before}, then {after}")


@scenario()
def memory(test):
    config = vm("t", "auto", 2, guest="idle", testdev="on")
    with test.talk(config=config, cpus=2) as line:
        line.wait(UP)
        line.monitor()
        operator = Operator(line)
        _walks(operator.ask)
        _reads_and_writes(operator)
        _code(operator.ask)
        operator.moves("t")
        line.type("poweroff\r")
        result = line.end()
        result.expect(r"vm t ended: by the operator$", count=1)
        result.expect_status(0)


def _walks(ask):
    ask("ept 0x1000", r"^EPT of t\.0, EPTP ", r"^  PML4E at \w+ = \w+ rwx table$",
        r"^  PDE   at \w+ = \w+ rwx WB 2 MiB", r"^GPA 1000 -> HPA \w+: RAM$")
    ask("ept 0xfec00000", r"not present$", r"^GPA fec00000 is not mapped: the I/O APIC")
    ask("ept 0xfee00000 1", r"^EPT of t\.1", r"^  PTE   at .* rw- WB 4 KiB",
        r"^GPA fee00000 -> HPA \w+: its local APIC$")
    ask("ept 0x1000000000000", r"beyond what EPT maps")
    ask("ept", r"a number is missing")
    ask("ept 0x1000 7", r"no 7")
    ask("walk 0x100000", r"^  4-level paging, CR3 ", r"^  PDE .* P W A D PS$",
        r"^VA 100000 -> GPA 100000, 2 MiB page, supervisor, rwx$",
        r"^GPA 100000 -> HPA \w+: RAM$")
    ask("walk 0xfee00000 t.1", r"^  PDE .* PWT PCD ", r"its local APIC$")
    ask("walk 0x7fffffffffff", r"not present$", r"^VA 7fffffffffff is not mapped$")
    ask("walk 0x8000000000000000", r"is not canonical$")
    ask("walk nowhere", r"is no number")


def _reads_and_writes(operator):
    ask = operator.ask
    ask("mem 0x100000", r"^0000000000100000: 02 b0 ad 1b ", r"^0000000000100030: ")
    ask("mem p:0x100000 2 d", r"^0000000000100000: 1badb002 \w{8} ")
    ask("mem p:0xfffff8 16", r"^0000000000fffff8: (\w\w ){8} ",
        r"^GPA 1000000 is no memory: nothing is there$")
    ask("mem 0xfee000b0", r"^GPA fee000b0 is no memory: its local APIC$")
    ask("mem 0xfec00000", r"the I/O APIC$")
    ask("mem p:0xff000000", r"the test device$")
    ask("mem 0x7fffffffffff", r"is not mapped$")
    ask("mem 0x6ffe = 0x1122334455667788 q", r": 1122334455667788 ")
    ask("mem p:0x7000 6 b", r": 66 55 44 33 22 11 ")
    ask("mem 0x7000 = 0x99 b t.1", r": 99 ")
    assert operator.value(0x6ffe) == 0x1122334455997788, "a byte was written"
    ask("mem 0x7000 = 0x100", r"does not fit 1 byte: add w, d or q$")
    ask("mem 0xfec00000 = 1", r"the I/O APIC$")
    ask("mem p:", r"is no address")
    ask("mem", r"an address is missing")
    ask("mem 0x7000 = ", r"a number is missing")


def _code(ask):
    main = symbol("guest_main")
    listed = ask(f"dis {main:#x} 4", rf"^{main:016x}: ").splitlines()
    at = [int(text[:16], 16) for text in listed]
    bytes_of = [len(re.match(r"\w{16}:((?: [0-9a-f]{2}\b)+)", text).group(1).split())
                for text in listed]
    assert len(listed) == 4, listed
    assert all(here + size == there for here, size, there
               in zip(at, bytes_of, at[1:])), f"gaps in {listed}"
    assert len(ask("dis").splitlines()) == 8
    ask("dis 0xfee00000", r"its local APIC$")
    ask("mem 0x6000 = 0xfeebf4fb d")            # STI; HLT; JMP to itself
    ask("dis 0x6000 3", r": fb +sti$", r": f4 +hlt$", r": eb fe +jmp 0x6002$")
    ask("dis p:0x6002 1", r"^0000000000006002: eb fe +jmp 0x6002$")


@scenario()
def machine(test):
    config = vm("t", "auto", 1, guest="idle", testdev="on") \
        + vm("u", "emulate", 1, guest="idle", console="none", x2apic="on",
             cmdline="x2apic")
    with test.talk(config=config, cpus=3) as line:
        line.wait(UP)
        line.monitor()
        operator = Operator(line)
        ask = operator.ask
        ask("io in 0x3fd", r"^60$")                 # the guest's UART is idle
        ask("io out 0xe0 0x11223344 d t", r"^$")
        ask("io in 0xe0 d", r"^11223344$")
        ask("io in 0xe1 w", r"^2233$")
        ask("io in 0xe0 d u", r"^ffffffff$")        # it has no test device
        ask("io in 0x61 b host", r"^\w\w$")
        ask("io in 0xffff w", r"no port or no value")
        ask("io in 0x10000", r"is no number")
        ask("io out 0xe0 0x100", r"no port or no value")
        ask("io swap 0xe0", r"io in PORT or io out PORT VALUE")
        ask("msr 0x1b", r"^t\.0: MSR 1b = 00000000fee00900$")
        ask("msr 0x1b u.0", r"^u\.0: MSR 1b = 00000000fee00d00$")
        ask("msr 0x802 u", r"^u\.0: MSR 802 = 0000000000000000$")
        ask("msr 0x802", r"^t\.0: RDMSR of MSR 802 is #GP$")
        ask("msr 0xc0000082 = 0xffff800000001000 u.0", r"= ffff800000001000$")
        ask("msr 0xc0000082 host.1", r"^CPU 1: MSR c0000082 = ffff800000001000$")
        ask("msr 0xc0000100 = 0x8000000000000000", r"WRMSR of MSR c0000100 is #GP$")
        ask("msr 0xc0000080 = 0 host", r"Apical itself needs that one")
        ask("msr 0x480 host.2", r"CPU 2 runs no vCPU")
        ask("msr 0x480 host.3", r"is no number from 0 to 0x2")
        ask("cpuid 0x40000000", r"ebx 63697041 ecx 70416c61 edx 6c616369$")
        told = ask("cpuid 1 0 t.0", r"^t\.0: CPUID 1\.0: ")
        native = ask("cpuid 1 host", r"^CPU 0: CPUID 1\.0: ")
        vmx = [int(re.search(r"ecx (\w+)", text).group(1), 16) >> 5 & 1
               for text in (told, native)]
        assert vmx == [0, 1], f"VMX is shown to the guest, or not there: {vmx}"
        ask("memory", r"^memory in KiB: \d+ of \d+ used: image \d+, ",
            r"^image: code \d+, constants \d+, data \d+, ", r"^each vCPU: ")
        ask("cpus", r"^0 +0 +t\.0 +(halted|running) +0 ", r"^1 +1 +u\.0 ",
            r"^2 +2 +- +idle ")
        operator.moves("t", 1)
        operator.moves("u", 1)
        ask("io out 0xf4 7 u")
        operator.until("cpus", r"u\.0 +VM ended ")
        line.type("poweroff\r")
        result = line.end()
        result.expect(r"vm u ended: exit code", count=1)
        result.expect(r"vm t ended: by the operator$", count=1)
        result.expect_status(7)


TWO = vm("a", "auto", 2, guest="idle") \
    + vm("b", "auto", 1, guest="idle", console="none")


@scenario()
def pause(test):
    """Pause, resume and reset, of one VM beside another."""
    with test.talk(config=TWO, cpus=3) as line:
        line.wait(UP)
        line.monitor()
        operator = Operator(line)
        ask = operator.ask
        ask("vm resume a", r"it is not paused$")
        ask("vm pause a", r"^a is paused$")
        ask("cpus", r"a\.0 +paused ", r"a\.1 +paused ", r"b\.0 +(halted|running) ")
        operator.stands("a")
        operator.moves("b", 1)
        ask("vm resume a", r"^a goes on$")
        operator.moves("a")
        ask("vm reset b", r"^b is reset$")
        ask("vm pause a")
        ask("vm reset a", r"^a is reset, and stays paused$")
        time.sleep(LONG_ENOUGH)
        assert operator.ticks("a", 2) == [0, 0], "its memory is as at power-on"
        ask("vm resume a")
        operator.moves("a")
        operator.moves("b", 1)
        line.type("poweroff\r")
        result = line.end()
        result.expect(r"vm [ab] ended: by the operator$", count=2)
        result.expect_status(0)


@scenario()
def start(test):
    """VMs are stopped, one of them paused, and started; the machine outlives them."""
    with test.talk(config="[hypervisor]\npoweroff = off\n" + TWO, cpus=3) as line:
        line.wait(UP)
        line.monitor()
        operator = Operator(line)
        ask = operator.ask
        ask("vm start a", r"it has not ended$")
        ask("vm pause a")
        ask("vm stop a", r"^a stops$")
        operator.until("cpus", r"a\.0 +VM ended ")
        ask("vm stop a", r"it has ended$")
        ask("vm pause a", r"it is not running$")
        ask("io in 0x61 b a", r"the VM is not running$")
        ask("mem 0x100000 4 b", r": 02 b0 ad 1b ")
        operator.moves("b", 1)
        ask("vm stop b")
        operator.until("cpus", r"b\.0 +VM ended ")
        ask("vm start a", r"^a starts$")
        operator.moves("a")
        ask("vm start nobody", r"no VM is called nobody")
        ask("vm", r"^vm start\|stop")
        line.type("poweroff\r")
        result = line.end()
        # Stopped, then switched off.
        result.expect(r"vm a ended: by the operator$", count=2)
        result.expect(r"vm b ended: by the operator$", count=1)
        result.expect(r"all VMs have ended; the monitor stays", count=1)
        result.expect(r"verdict: ok$", count=1)
        result.expect_status(0)


def _hold(ask, name):
    """Its time is asked for meanwhile: it does not go back."""
    ask(f"vm pause {name}", rf"^{name} is paused$")
    first = int(ask(f"msr 0x10 {name}.1").split()[-1], 16)
    ask(f"io in 0x608 d {name}", r"^[0-9a-f]{8}$")
    time.sleep(HELD)
    second = int(ask(f"msr 0x10 {name}.0").split()[-1], 16)
    ask(f"io in 0x608 d {name}", r"^[0-9a-f]{8}$")
    for cpu in range(2):
        ask(f"apic {name}.{cpu}", NO_LATER)
    return second - first


@scenario(cases={tier: dict(apic=tier) for tier in ("emulate", "posted")},
          soak={tier: dict(apic=tier) for tier in (
              "tpr-shadow", "access-page", "register", "delivery")})
def time_stands_still(test, apic):
    """While it is paused: the guest (guest/test/standstill.c) cannot tell that it
    was. Reset meanwhile, it begins anew."""
    config = vm("t", apic, 2, guest="standstill")
    with test.talk(config=config, cpus=2, model="corei7_icelake_u") as line:
        rate = int(line.wait(STANDSTILL_UP).group(1))
        line.monitor()
        operator = Operator(line)
        operator.ask("vm pause t")
        operator.ask("vm reset t", r"is reset, and stays paused")
        time.sleep(HELD)
        operator.ask("vm resume t")
        line.type(KEY + "0")
        line.wait(STANDSTILL_UP)
        for _ in range(3):
            line.wait(r"^standstill: \d+ ticks$")
            line.monitor()
            passed = _hold(operator.ask, "t")
            if not 0 <= passed < rate / 1000:
                raise Failed(f"{passed} ticks passed while t was paused")
            operator.ask("vm resume t", r"^t goes on$")
            line.type(KEY + "0")
        line.wait(r"^standstill: \d+ ticks$")
        line.type("q")
        result = line.end()
        result.expect(r"^PASS ", count=8)
        result.expect_passed()


@scenario(soak={"drift": dict(guest="drift", vcpus=1), "storm": dict(guest="storm", vcpus=2),
                "wakeup": dict(guest="wakeup", vcpus=2)})
def many_pauses(test, guest, vcpus):
    """Short and long ones until the guest ends, its TSC asked for in some: no timer is
    early or late on any tier, nor where the guest moves its TSC; no interrupt is
    lost."""
    chance = random.Random(5)
    config = "[hypervisor]\npoweroff = off\n" + vm(
        "t", "auto", vcpus, guest, cpus="1,2"[:2 * vcpus - 1], x2apic="on",
        hypercalls="on")
    with test.talk(config=config, cpus=vcpus + 1, timeout=300) as line:
        line.wait(r"^\[apical\] \d+ ticks from the loader")
        line.monitor()
        ask = Operator(line).ask
        while "it is not running" not in ask("vm pause t"):
            if chance.randrange(4) == 0:
                ask(f"msr 0x10 t.{chance.randrange(vcpus)}")
                time.sleep(LONG_ENOUGH)
            ask("vm resume t")
            time.sleep(chance.random() * LONG_ENOUGH / 4)
        line.type("poweroff\r")
        result = line.end()
        result.expect_not(r"^\[t\] FAIL ")
        result.expect(r"^\[t\] END 0 failed$", count=1)
        result.expect_status(0)


@scenario()
def reboot(test):
    """The run goes on after it, and has one verdict."""
    with test.talk(config=vm("t", "auto", 1, guest="idle"), cpus=1) as line:
        line.wait(UP)
        line.monitor()
        line.type("reboot\r")
        line.wait(r"vm t ended: by the operator$")
        line.wait(UP)
        line.monitor()
        Operator(line).moves("t", 1)
        line.type("poweroff\r")
        result = line.end()
        result.expect(r"^\[apical\] Apical ", count=2)
        result.expect(r"verdict: ok$", count=1)
        result.expect_status(0)


@scenario()
def panic(test):
    """A bug of our own, on the CPU of a VM that runs: where it was in our code, and
    what the guest did."""
    with test.talk(config=vm("t", "auto", 2, guest="idle"), cpus=2,
                   options=("--until", "all CPUs are stopped")) as line:
        line.wait(UP)
        line.monitor()
        line.type("panic\r")
        result = line.end()
    for said in (r"panic: asked for at the monitor", r"CPU 0, APIC ID 0",
                 r"  [0-9a-f]{16} panic_command\+0x[0-9a-f]+",
                 r"  [0-9a-f]{16} vcpu_run\+0x[0-9a-f]+",
                 r"  [0-9a-f]{16} hv_main\+0x[0-9a-f]+",
                 r"the guest: vm t vCPU 0", r"  exits, newest first:( \d+)+",
                 r"  681e Guest RIP +[0-9a-f]+", r"all CPUs are stopped"):
        result.expect(rf"^\[apical\] {said}$", count=1)
    result.expect_status(0)
