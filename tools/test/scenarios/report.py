# SPDX-License-Identifier: BSD-2-Clause
"""The hardware report: on machines that VMs can run on, and on those where
none can, which is where it is wanted most."""

import re

from lib import image, lab
from lib.paths import BUILD, TOOLS
from lib.scenario import Failed, scenario

ALONE = "[hypervisor]\nreport = on\n"
ENDING = (TOOLS / "report.cfg").read_text().replace("poweroff = off\n", "")
MENU = b"seconds = 1\nenter = report.cfg, Hardware report\n"
LAB_MODEL = "corei5_arrandale_m520"    # no tier above access-page: it is soon over
BEGIN = r"^\[apical\] ---- hardware report, Apical "
END = r"^\[apical\] ---- end of the hardware report ----$"


def whole(result):
    """The report is there, and the run ended well."""
    result.expect(BEGIN, count=1)
    result.expect(END, count=1)
    result.expect(r"^\[apical\] verdict: ok$", count=1)
    result.expect_not(r"^\[apical\] (refused|panic): ")
    result.expect_status(0)


@scenario()
def alone(test):
    result = test.boot(config=ALONE, cpus=2, model="corei7_haswell_4770")
    whole(result)
    for line in (r"processor: Intel\(R\) Core\(TM\) i7-4770 CPU @ 3\.40GHz",
                 r"  GenuineIntel, family 6, model 3CH, stepping 3, microcode [0-9A-F]+H",
                 r"firmware: UEFI 2\.[0-9]+, .+, revision [0-9A-F]+H",
                 r"CPUs: 2; highest APIC ID 1",
                 r"  APIC IDs: 0-1",
                 r"  all are alike: .*",
                 r"Tier \(apic = auto\): delivery; not posted: .*MSR 48DH, bit 39.*",
                 r"  480H  IA32_VMX_BASIC  +[0-9a-f]{16}",
                 r"  491H  IA32_VMX_VMFUNC  +[0-9a-f]{16}",
                 r"  always 0:   process posted interrupts"):
        result.expect(rf"^\[apical\] {line}$", count=1)


@scenario(cases={
    "no-vtx": dict(accel="tcg", why=r"the processor has no Intel VT-x .*",
                   vtx=r"none \(CPUID\.1:ECX bit 5, VMX, is 0\)"),
    "no-unrestricted-guest": dict(
        model="corei5_lynnfield_750", why=r"the processor has no unrestricted guest .*",
        vtx=r"yes; the firmware left IA32_FEATURE_CONTROL unlocked"),
    "locked-off": dict(
        efi=BUILD / "tools/test/efi/lockvmx.efi",
        files={"EFI/apical/BOOTX64.EFI": BUILD / "BOOTX64.EFI",
               "lab.flat": BUILD / "guest/lab.flat"},
        why=r"VT-x is locked off .*",
        vtx=r"locked off by the firmware \(IA32_FEATURE_CONTROL is 1H\)"),
    "one-cpu": dict(cpus=1, why=r"the VMs have 2 vCPUs together, but .*",
                    vtx=r"yes; the firmware left IA32_FEATURE_CONTROL unlocked"),
})
def where_no_vm_runs(test, why, vtx, cpus=2, **machine):
    result = test.boot(config=ENDING, cpus=cpus, **machine)
    whole(result)
    result.expect(rf"^\[apical\] loader: no VM can run: {why}$", count=1)
    result.expect(rf"^\[apical\] VT-x: {vtx}$", count=1)
    result.expect_not(r"LAB ")


@scenario()
def with_the_lab(test):
    """As from the stick's menu: the report, then the lab."""
    files = {"menu.txt": MENU, "report.cfg": ENDING.encode(),
             "lab.flat": BUILD / "guest/lab.flat"}
    result = test.boot(files=files, cpus=2, model=LAB_MODEL)
    whole(result)
    found = lab.compare(lab.parse(result.serial), lab.MODELS[LAB_MODEL])
    if found.wrong or not found.tried:
        raise Failed(f"{len(found.wrong)} of {found.tried} accesses are wrong")


@scenario()
def stays(test):
    """poweroff = off leaves the monitor; what it can say without any VM and without
    VT-x, it says, and the rest is an error line. A reset puts the report on the
    stick, for those who have no serial line."""
    arguments = {"ept": "0x1000", "walk": "0", "mem": "0x1000", "io": "in 0x60",
                 "msr": "0x10", "cpuid": "1", "inject": "nmi", "vm": "start a"}
    with test.talk(config=ALONE + "poweroff = off\n", accel="tcg", cpus=2,
                   options=("--keep-image", "--until", "last run's log")) as line:
        line.wait(END)
        line.monitor()
        commands = re.findall(r"^  (\w+)", line.ask("help"), re.MULTILINE)
        without = [command for command in commands
                   if command not in ("reboot", "poweroff", "panic") and
                   "there is no VM" in
                   line.ask(f"{command} {arguments.get(command, '')}".strip())]
        for command in ("use", "ept", "walk", "dis", "vcpu", "vmcs", "apic"):
            if command not in without:
                raise Failed(f"{command} does not say that there is no VM")
        found = line.ask("caps")
        if found != "this processor has no VT-x (CPUID.1:ECX bit 5, VMX, is 0)":
            raise Failed(f"caps: {found}")
        found = line.ask("cpuid 0 host")
        if "AuthenticAMD" not in found and "68747541" not in found:
            raise Failed(f"cpuid 0 host: {found}")
        line.type("reboot\r")
        result = line.end()
    result.expect_status(0)
    kept = image.read(result.log / "disk.img", "apical.log").decode()
    (result.log / "disk.img").unlink()
    first = result.serial[:result.serial.index("---- end of the")]
    for text in first[first.index("---- hardware report"):].splitlines()[1:]:
        if text not in kept:
            raise Failed(f"the log on the stick has no line\n    {text}")
