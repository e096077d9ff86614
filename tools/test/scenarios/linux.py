# SPDX-License-Identifier: BSD-2-Clause
"""Debian's kernel with an SMP shell, on every way to the APIC. `make test` has
each model, way, vCPU count and kernel at least once; `make soak` the product."""

from itertools import product

from lib.scenario import scenario

CONFIG = """\
[vm debian]
kernel = \\{kernel}
initrd = \\initramfs.gz
cmdline = console=ttyS0
vcpus = {vcpus}
memory = 512
apic = {apic}
x2apic = {x2apic}
"""
# One line: the terminal's echo of a second one would mix with the answers.
TYPED = "echo cpus=$(nproc); dmesg | grep -i x2apic; grep -c LOC /proc/interrupts; poweroff\n"
RELEASE = {"vmlinuz": r"6\.12\.", "vmlinuz-6.1": r"6\.1\."}
MODELS = {"haswell": "corei7_haswell_4770", "skylake": "corei7_skylake_x",
          "icelake": "corei7_icelake_u"}


def case(model, vcpus, apic, kernel="vmlinuz", x2apic="off"):
    return dict(model=MODELS[model], vcpus=vcpus, apic=apic, kernel=kernel,
                x2apic=x2apic)


PAIRED = {
    "icelake-2-access-page": case("icelake", 2, "access-page"),
    "haswell-2-emulate": case("haswell", 2, "emulate"),
    "skylake-1-access-page": case("skylake", 1, "access-page"),
    "icelake-1-emulate-x2apic": case("icelake", 1, "emulate", x2apic="on"),
    "icelake-2-posted-x2apic": case("icelake", 2, "posted", x2apic="on"),
    "icelake-4-access-page-x2apic": case("icelake", 4, "access-page", x2apic="on"),
    # IA32_MISC_ENABLE bit 0 has to read 1, or 6.1 hangs on CPUs with FSRM.
    "icelake-2-access-page-6.1": case("icelake", 2, "access-page", "vmlinuz-6.1"),
}
FULL = {f"{model}-{vcpus}-{apic}-{kernel}{'-x2apic' if x2apic == 'on' else ''}":
        case(model, vcpus, apic, kernel, x2apic)
        for model, vcpus, apic, kernel, x2apic in product(
            MODELS, (1, 2, 4), ("emulate", "access-page", "posted"), RELEASE,
            ("off", "on"))
        if not (apic == "posted" and model == "haswell")}


@scenario(cases=PAIRED, soak=FULL)
def boots(test, model, vcpus, apic, kernel, x2apic):
    config = CONFIG.format(vcpus=vcpus, apic=apic, kernel=kernel, x2apic=x2apic)
    result = test.boot(config=config, model=model, cpus=vcpus, input=TYPED,
                       timeout=420)
    result.expect(rf"^Linux {RELEASE[kernel]}\S* on {vcpus} CPUs")
    result.expect(rf"^cpus={vcpus}$")
    if x2apic == "on":
        result.expect(r"x2apic(: | )enabled")
    result.expect(r"^\[apical\] vm debian ended: ")
    result.expect(r"^\[apical\] verdict: ok$")
    # What the kernel thinks of the TSCs: of their frequency, and whether in step.
    result.expect(r"clocksource: Switched to clocksource tsc")
    result.expect_not(r"\bBUG\b|Oops|Call Trace|soft lockup|clocksource:.*unstable"
                      r"|TSC unstable|TSC warp")
    result.expect_status(0)
