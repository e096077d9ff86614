# SPDX-License-Identifier: BSD-2-Clause
"""What the loader will not start: one sentence on serial, a failed run, and the
firmware goes on."""

from lib.paths import BUILD
from lib.scenario import scenario, vm

GOOD = "[vm a]\nkernel = \\hello.flat\nmemory = 16\n"


def expect_refusal(result, pattern):
    result.expect(rf"^\[apical\] refused: {pattern}", count=1)
    result.expect_not(r"^\[apical\] (verdict|panic)")
    result.expect_status(1)


@scenario(cases={
    "amd": dict(model="ryzen", says="the processor has no Intel VT-x"),
    "no-ept": dict(model="core2_penryn_t9600", says="the processor has no EPT"),
    "no-unrestricted-guest": dict(model="corei5_lynnfield_750",
                                  says="the processor has no unrestricted guest"),
    "tcg-from-usb": dict(accel="tcg", says="the processor has no Intel VT-x"),
})
def processor(test, says, **machine):
    expect_refusal(test.boot(config=GOOD, cpus=1, **machine), says)


@scenario(cases={
    "key": dict(config="[vm a]\nkernel = \\hello.flat\n  cors = 2\n",
                says=r"apical\.cfg:3:3: .*cors"),
    "value": dict(config="[vm a]\nkernel = \\hello.flat\nvcpus = many\n",
                  says=r"apical\.cfg:3:9: vcpus must be .*many"),
    "no-kernel": dict(config="[vm a]\nvcpus = 1\n", says=r"apical\.cfg: .*kernel"),
    "missing-file": dict(config="[vm a]\nkernel = \\nowhere\n",
                         says=r".*nowhere, .* is missing"),
    "too-many-vcpus": dict(config=GOOD + "vcpus = 9\n", says=r".*9 vCPUs"),
    "no-such-cpu": dict(config=GOOD + "cpus = 7\n", says=r"the VM a .*CPU 7"),
    "too-much-memory": dict(config=GOOD.replace("16", "4096"),
                            says=r"the VM a is to have 4096 MiB"),
})
def configuration(test, config, says):
    expect_refusal(test.boot(config=config, cpus=1), says)


@scenario()
def vmx_locked_off(test):
    """A program before the loader locks VT-x off, as a firmware setting does."""
    result = test.boot(config=GOOD, efi=BUILD / "tools/test/efi/lockvmx.efi",
                       files={"EFI/apical/BOOTX64.EFI": BUILD / "BOOTX64.EFI"})
    result.expect(r"^lockvmx: VMX is locked off")
    expect_refusal(result, "VT-x is locked off .* firmware's setup")


@scenario()
def the_next_boot_option_goes_on(test):
    """Load options override the configuration's keys; what is refused returns to
    the firmware with an error and without its memory, and the next one runs."""
    result = test.boot(config=vm("t", "auto", 1, "ipi"),
                       efi=BUILD / "tools/test/efi/bootorder.efi",
                       files={"EFI/apical/BOOTX64.EFI": BUILD / "BOOTX64.EFI"},
                       options=("--until", "verdict: "))
    result.expect(r"^\[apical\] refused: load options:21: vcpus must be .*many", count=1)
    result.expect(r"^\[apical\] refused: the VM t is to have 4096 MiB", count=1)
    result.expect(r"^bootorder: it returned an error$", count=2)
    result.expect(r"^bootorder: the memory is free again$", count=2)
    result.expect(r"^\[apical\] vm t: 2 vCPUs, ", count=1)
    result.expect(r"^END 0 failed$", count=1)
    result.expect(r"^\[apical\] verdict: ok$", count=1)
    result.expect_status(0)
