# SPDX-License-Identifier: BSD-2-Clause
"""The monitor's commands about vCPUs, VMX and interrupts, on a guest that idles
with a timer on each of two vCPUs (guest/test/idle.c)."""

import re

from lib.scenario import Failed, scenario, vm
from lib.talk import expect


def expect_not(answer, *patterns):
    for pattern in patterns:
        if re.search(pattern, answer, re.MULTILINE):
            raise Failed(f"did not expect /{pattern}/ in the answer:\n{answer}")


def begin(line):
    line.wait(r"^idle: up, 2 of 2 CPUs$")
    line.monitor()


def end(line, *patterns):
    """Back to the guest, which tells what it took and ends."""
    line.type("\x01c")
    line.type("q")
    result = line.end()
    for pattern in patterns:
        result.expect(pattern)
    result.expect_not(r"^FAIL ")
    result.expect(r"^END 0 failed$")
    result.expect(r"^\[apical\] vm t ended: exit code 0$")
    result.expect_status(0)


def vcpus(line):
    answer = line.ask("vcpu all")
    expect(answer, r"^t\.0 +CPU 0 +rip 0000000000\w{6}  (running|halted), 64-bit mode, "
           r"CPL 0, 4-level paging; \w+", r"^t\.1 +CPU 1 .*64-bit mode")
    for word in ("", " 0", " t.0", " t"):
        expect(line.ask("vcpu" + word), r"^t\.0 on CPU 0: ")
    expect(line.ask("vcpu 1"),
           r"^t\.1 on CPU 1: (running|halted), 64-bit mode, CPL 0, 4-level paging$",
           r"^  last exit: (HLT, instruction length 1|external interrupt)",
           r"^  exits, newest first: .*HLT",
           r"^  rip 0000000000\w{6}  rflags 00000\w{3}.* IF",
           r"^  r12 \w{16} r13 \w{16} r14 \w{16} r15 \w{16}$",
           r"^  cr0 80\w+ PE .*PG$", r"^  cr4 \w+ PAE", r"^  efer \w+ LME LMA",
           r"^  cs   0008 base 0{16} limit ffffffff  code readable, DPL 0, 64-bit")
    expect(line.ask("vcpu 2"), r"t has vCPUs 0 to 1, and no 2")
    expect(line.ask("vcpu nobody.0"), r"no VM is called nobody")


def vmcs(line):
    answer = line.ask("vmcs")
    expect(answer, r"^681e Guest RIP +10\w{4}$",
           r"^4000 Pin-based VM-execution controls +\w+$",
           r"^ +0 external-interrupt exiting$", r"^ +7 process posted interrupts$",
           r"^ +9 virtual-interrupt delivery$", r"^ +reserved, and 1:",
           r"^4402 Exit reason +\w+  \w+",
           r"^201a EPT pointer \(EPTP\) +\w+5e  WB, walk of 4 levels, accessed and "
           r"dirty flags, PML4 table at \w+000$")
    expect_not(answer, r"^.{53}0( |$)")     # where values stand
    answer = line.ask("vmcs guest_rip t.1")
    expect(answer, r"^681e Guest RIP +10\w{4}$")
    expect_not(answer, r"^(?!681e)")
    expect(line.ask("vmcs EOI-exit"), r"^201c EOI-exit bitmap 0 +0  vectors none$",
           r"^2022 EOI-exit bitmap 3 +0")
    expect(line.ask("vmcs 0x4012 1"), r"^4012 VM-entry controls +\w+$",
           r"^ +9 IA-32e mode guest$")
    expect(line.ask("vmcs tertiary"), r"^2034 Tertiary .* not on this processor$")
    expect(line.ask("vmcs nonsense"), r"^no field's name has that in it$")


def apics(line):
    for number in (0, 1):
        expect(line.ask(f"apic {number}"),
               rf"^t\.{number} on CPU {number}: APIC ID {number}, xAPIC mode at fee00000, "
               r"enabled$", r"^  tier posted$", r"^  there is no higher one$",
               r"^  TPR 00  PPR (00|40)", r"^  IRR ", r"^  ISR ", r"^  TMR none$",
               r"^  SVR 1ff: spurious vector ff, enabled$", r"^  ESR 00$",
               r"^  LVT Timer +20040: 40, fixed, periodic$",
               r"^  timer: initial count \d+, current \d+, divided by 1; ",
               r"^  PIR .*NV f2", r"^  processor: RVI \w\w  SVI \w\w; model: \w\w \w\w",
               r"^  processor and model agree$")
    expect(line.ask("ioapic"), r"^t: I/O APIC 0, 24 pins$",
           r"^  pin  4  0000000000000044  line 0  vector 44, fixed, edge, to ID 00$",
           r"^  23 pins as at power-on: masked$")
    expect(line.ask("pic t"), r"^t: first 8259: vectors ", r"^second 8259: ", r"^INTR 0$")


def tiers(line):
    expect(line.ask("apic tier delivery -register"), r"^t: tier delivery -register$")
    expect(line.ask("apic 1"), r"^  tier delivery -register$",
           r"^  chosen so: this machine can run posted$",
           r"^  controls: use TPR shadow, virtualize APIC accesses, virtual-interrupt",
           r"^  processor and model agree$")
    expect(line.ask("apic tier emulate +posted"), r'^refused: "process posted interrupts" '
           r'needs "virtual-interrupt delivery" to be on')
    expect(line.ask("apic tier access-page t"), r"^t: tier access-page$")
    expect(line.ask("apic"), r"^  tier access-page$", r"^  TPR threshold 0",
           r"^  processor and model agree$")
    expect(line.ask("apic tier fast"), r"^no tier fast; there are emulate, ")
    expect(line.ask("apic tier"), r"^no tier given")
    expect(line.ask("apic tier posted +speed"), r"^no control speed; ")
    expect(line.ask("apic tier posted +register -register"), r"cannot be on and off")
    expect(line.ask("apic tier auto"), r"^t: tier posted$")


def injections(line):
    expect(line.ask("inject 0x55 1"), r"^vector 55 sent to t\.1$")
    expect(line.ask("inject 86"), r"^vector 56 sent to t\.0$")
    expect(line.ask("inject nmi t.1"), r"^NMI sent to t\.1$")
    expect(line.ask("inject 15"), r"^vectors 0 to 15 cannot")
    expect(line.ask("inject 256"), r"^256 is no number from 0 to 0xff$")
    expect(line.ask("inject"), r"^a number is missing$")


@scenario()
def every_command(test):
    """And the guest goes on as if nobody had looked, but for what was injected."""
    with test.talk(config=vm("t", "auto", 2, "idle") + "hlt-exit = on\n", cpus=2) as line:
        begin(line)
        vcpus(line)
        vmcs(line)
        for number in (0, 1):
            expect(line.ask(f"check {number}"),
                   rf"^t\.{number}: none of \d\d\d rules for VM entries is broken$")
        apics(line)
        tiers(line)
        injections(line)
        expect(line.ask("caps"), r"^APIC virtualization:$",
               r"^  use TPR shadow +yes", r"^Tier \(apic = auto\): posted, the highest")
        end(line, r"^idle: CPU 1 took vector 55, 1 times$",
            r"^idle: CPU 0 took vector 56, 1 times$",
            r"^idle: CPU 1 took vector 02, 1 times$")


@scenario()
def why_not_a_higher_tier(test):
    """A processor without posted interrupts; and a guest in x2APIC mode."""
    config = vm("t", "auto", 2, "idle", "x2apic", x2apic="on")
    missing = (r'no "process posted interrupts" \(IA32_VMX_TRUE_PINBASED_CTLS, MSR 48DH, '
               r"bit 39 is 0\)")
    with test.talk(config=config, cpus=2, model="corei7_haswell_4770") as line:
        begin(line)
        expect(line.ask("apic 1"), r"^t\.1 .*, x2APIC mode, enabled$", r"^  tier delivery$",
               r"virtualize x2APIC mode", rf"^  not posted: this processor has {missing}",
               r"^  processor and model agree$")
        expect(line.ask("caps"), r"process posted interrupts +no",
               rf"^Tier \(apic = auto\): delivery; not posted: .*{missing}")
        expect(line.ask("apic tier posted"), rf"^refused: .*{missing}")
        expect(line.ask("check 1"), r"^t\.1: none of ")
        end(line)


@scenario()
def paused_and_ended(test):
    """vCPUs that do not run are looked at all the same."""
    config = "[hypervisor]\npoweroff = off\n" + vm("t", "auto", 2, "idle")
    with test.talk(config=config, cpus=2) as line:
        begin(line)
        line.ask("vm pause t")
        expect(line.ask("vcpu 1"), r"^t\.1 on CPU 1: halted \(held\), 64-bit")
        expect(line.ask("apic 1"), r"^  processor and model agree$")
        expect(line.ask("inject 200 1"), r"^vector c8 sent to t\.1$")
        expect(line.ask("apic 1"), r"^  (IRR .*c8|PIR .*c8.*ON 1)")
        line.ask("vm resume t")
        line.type("\x01c" "q")
        line.wait(r"^idle: CPU 1 took vector c8, 1 times$")
        line.wait(r"^\[apical\] all VMs have ended")
        line.monitor()
        expect(line.ask("vcpu 1"), r"^t\.1 on CPU 1: its VM has ended", r"^  last exit: ")
        expect(line.ask("apic"), r"^  tier posted$")
        expect(line.ask("check"), r"^t\.0: none of ")
        expect(line.ask("inject 200 1"), r"^t does not run$")
        line.type("poweroff\r")
        line.end().expect_status(0)


@scenario(cases={"3-tiers": dict(tiers=("emulate", "delivery", "posted"), count=40000)},
          soak={"all": dict(tiers=("emulate", "tpr-shadow", "access-page", "register",
                                   "delivery", "posted"), count=200000)})
def looking_loses_no_interrupt(test, tiers, count):
    """Two CPUs, one in x2APIC mode, send each other IPIs and have timers; each
    interrupt is accounted for by the guest, while somebody looks and switches
    tiers."""
    config = vm("t", "auto", 2, "storm", f"count={count}", x2apic="on")
    with test.talk(config=config, cpus=2) as line:
        line.wait(r"^\[apical\] vm t: 2 vCPUs")
        line.monitor()
        for number, tier in enumerate(tiers):
            expect(line.ask(f"apic tier {tier}"), rf"^t: tier {tier}$")
            expect(line.ask(f"apic {number % 2}"), rf"^  tier {tier}$",
                   r"^  processor and model agree$")
        line.wait(r"^(\[t\] )?PASS storm: as it is, 2 CPUs: .*0 accounts wrong, 0 CPUs "
                  r"stuck$", 240)
        line.end().expect_status(0)
