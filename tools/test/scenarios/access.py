# SPDX-License-Identifier: BSD-2-Clause
"""Accesses to what is not memory, and NMIs: the same on every tier."""

from lib.scenario import scenario, vm

TIERS = ("emulate", "access-page", "register", "posted")
ALL_TIERS = ("emulate", "tpr-shadow", "access-page", "register", "delivery", "posted")
NOT_RAM = "through a stack, IDT, GDT or TSS that is not RAM"


def told(result):
    return [line for line in result.serial.splitlines()
            if line.startswith(("PASS", "FAIL", "SKIP", "END"))]


def guests(tiers):
    return {f"{guest.replace('_', '-')}-{len(tiers)}": dict(guest=guest, tiers=tiers)
            for guest in ("access", "access_walk", "insn")}


@scenario(cases=guests(TIERS), soak=guests(ALL_TIERS))
def same_on_all_tiers(test, guest, tiers):
    answers = []
    for apic in tiers:
        result = test.boot(config=vm("t", apic, guest=guest, testdev="on"))
        result.expect_not(r"^(FAIL|SKIP) ")
        result.expect(r"^END 0 failed$", count=1)
        result.expect(r"^\[apical\] vm t ended: exit code 0$", count=1)
        result.expect_status(0)
        answers.append(told(result))
    for answer in answers[1:]:
        result.same("what the guest printed", answers[0], answer)


@scenario(cases={apic: dict(apic=apic) for apic in ("emulate", "posted")},
          soak={apic: dict(apic=apic) for apic in ALL_TIERS[1:-1]})
def nmi(test, apic):
    result = test.boot(config=vm("t", apic, 2, "nmi"), cpus=2)
    result.expect_passed()


@scenario(cases={f"{word}-{apic}": dict(word=word, text=text, apic=apic)
                 for apic in ("emulate", "access-page")
                 for word, text in {
                     "stack": f"delivery of vector 65 {NOT_RAM}",
                     "hole": f"delivery of vector 65 {NOT_RAM}",
                     "idt": f"delivery of vector 3 {NOT_RAM}",
                     "x87": "cannot emulate the instruction dd 0",
                     "iret": "cannot emulate the instruction 48 cf",
                 }.items()})
def stops_that_vm_alone(test, word, text, apic):
    config = vm("bad", apic, guest="access_stop", cmdline=word) + vm("good", apic, guest="hello")
    result = test.boot(config=config, cpus=2)
    result.expect(rf"^\[apical\] vm bad ended: stopped: {text}", count=1)
    result.expect(r"^\[apical\] vm good ended: exit code 0$", count=1)
    result.expect_not(r"the VM goes on")
    result.expect_status(1)
