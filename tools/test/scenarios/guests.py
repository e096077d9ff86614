# SPDX-License-Identifier: BSD-2-Clause
"""Test guests (guest/test) on both ways to the APIC, and two VMs side by side."""

import re

from lib.paths import BUILD
from lib.scenario import scenario, vm

TIERS = ("access-page", "emulate")


def on_tiers(**cases):
    return {f"{name.replace('_', '-')}-{apic}": dict(arguments, apic=apic)
            for name, arguments in cases.items() for apic in TIERS}


@scenario(cases=on_tiers(
    hello=dict(guest="hello"),
    apic=dict(guest="apic_basic"),
    insn=dict(guest="insn"),
    timer=dict(guest="timer", vcpus=2),
    bad=dict(guest="bad"),
    ipi=dict(guest="ipi", vcpus=2),
    ipi_x2apic=dict(guest="ipi", vcpus=2, x2apic="on", cmdline="x2apic"),
    x2apic=dict(guest="x2apic", x2apic="on"),
    no_x2apic=dict(guest="x2apic", x2apic="off"),
))
def passes(test, guest, apic, vcpus=1, x2apic="off", cmdline=""):
    config = vm("t", apic, vcpus, guest, cmdline, x2apic=x2apic)
    result = test.boot(config=config, cpus=max(2, vcpus))
    result.expect(r"^PASS ")
    result.expect_not(r"^FAIL ")
    result.expect(r"^END 0 failed$", count=1)
    result.expect(r"^\[apical\] vm t ended: exit code 0$", count=1)
    result.expect_status(0)


@scenario(cases={apic: dict(apic=apic) for apic in TIERS})
def triple_fault_stops_that_vm_alone(test, apic):
    config = vm("bad", apic, guest="triple_fault") + vm("good", apic, guest="apic_basic")
    result = test.boot(config=config, cpus=2)
    result.expect(r"^\[apical\] vm bad ended: .*triple fault", count=1)
    result.expect(r"^\[good\] END 0 failed$", count=1)
    result.expect(r"^\[apical\] vm good ended: exit code 0$", count=1)
    result.expect(r"^\[apical\] verdict: failed")
    result.expect_not(r"^\[good\] FAIL ")
    result.expect_status(1)


@scenario(cases={"emulate": dict(apic="emulate")},
          soak={"access-page": dict(apic="access-page")})
def a_flood_next_door_changes_nothing(test, apic):
    """The quiet VM's verdicts are the same alone and beside one that floods
    IPIs; the values behind them, such as points in time, are its own."""
    quiet = vm("quiet", apic, guest="apic_basic", cpus="0")
    flood = vm("flood", apic, 2, guest="ipi_flood", cpus="1-2", console="none")
    told = []
    for config in (quiet, quiet + flood):
        result = test.boot(config=config, cpus=3, timeout=600)
        result.expect(r"^\[apical\] vm quiet ended: exit code 0$")
        result.expect_status(0)
        told.append(re.findall(r"^(?:\[quiet\] )?((?:PASS|FAIL|END)[^:\n]*)",
                               result.serial, re.MULTILINE))
    result.expect(r"^\[apical\] vm flood ended: exit code 0$")
    result.same("what the quiet VM found", *told)


@scenario(cases={name: dict(program=name) for name in ("x2apic", "fakemadt")})
def firmware(test, program):
    """Programs before the loader that play a firmware of another kind: x2APIC
    mode left on; tables that name CPUs which do not exist."""
    result = test.boot(config=vm("t", "access-page", 2, "ipi"),
                       efi=BUILD / f"tools/test/efi/{program}.efi",
                       files={"EFI/apical/BOOTX64.EFI": BUILD / "BOOTX64.EFI"})
    result.expect(rf"^{program}: ")
    if program == "x2apic":
        result.expect(r"^\[apical\] 2 of 2 CPUs, x2APIC")
    else:
        result.expect(r"^\[apical\] 2 of 5 CPUs")
        for apic_id in (0x60, 0x61, 0x62):
            result.expect(rf"^\[apical\] CPU with APIC ID {apic_id} is left out: it does"
                          " not answer$", count=1)
    result.expect(r"^END 0 failed$", count=1)
    result.expect_status(0)


@scenario()
def firmware_spcr(test):
    """ACPI's SPCR names COM2: everything from the loader's first line to the
    verdict is there, and nothing of it on COM1."""
    com2 = test.log / "com2.log"
    result = test.boot(config=vm("t", "access-page", 1, "hello"),
                       efi=BUILD / "tools/test/efi/fakemadt.efi",
                       files={"EFI/apical/BOOTX64.EFI": BUILD / "BOOTX64.EFI",
                              "acpi.txt": b"spcr\n"},
                       options=("--com2", str(com2)))
    result.expect(r"^fakemadt: ")
    result.expect_not(r"^\[apical\] vm t ended")
    told = com2.read_text(errors="replace")
    for line in ("[apical] loader: Apical", "END 0 failed",
                 "[apical] vm t ended: exit code 0", "[apical] verdict: ok"):
        assert line in told, f"{line!r} is not on COM2"


@scenario()
def a_halted_neighbour_changes_nothing(test):
    """One VM halts for ever with interrupts off; the other one ends as ever. The
    run cannot end, so its time limit does."""
    result = test.boot(config=vm("halted", "access-page", guest="hlt_cli") +
                       vm("good", "access-page", guest="apic_basic"), cpus=2,
                       timeout=40)
    result.expect(r"^\[good\] END 0 failed$", count=1)
    result.expect(r"^\[apical\] vm good ended: exit code 0$", count=1)
    result.expect_not(r"^\[good\] FAIL |vm halted ended|verdict")
    result.expect_status(124)
