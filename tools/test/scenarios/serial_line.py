# SPDX-License-Identifier: BSD-2-Clause
"""Where the serial line is, when it is not COM1. QEMU's machine, up to the panic
that a selftest makes; the line that the runner listens to is the one meant."""

from lib.paths import BUILD
from lib.scenario import Failed, scenario
from lib.screen import Picture

CONFIG = """[hypervisor]
selftest = panic
{keys}
[vm a]
kernel = \\hello.flat
memory = 16
"""
PANIC = r"^\[apical\] panic: selftest = panic"
COM2 = "isa-serial,index=1"
NOWHERE = "isa-serial,index=2"      # COM3, which nobody tries


def boot(test, device, keys="", timeout=60, options=(), **more):
    return test.boot(config=CONFIG.format(keys=keys), accel="tcg", cpus=1,
                     timeout=timeout,
                     options=("--serial-device", device, *options), **more)


@scenario(cases={
    "com2": dict(device=COM2, keys="console = com2", other="isa-serial,index=0"),
    "port": dict(device=COM2, keys="console = 0x2f8\nbaud = 57600"),
    "pci-by-itself": dict(device="pci-serial"),
    "second-pci": dict(device="pci-serial,addr=9", keys="console = pci2",
                       other="pci-serial,addr=8")})
def line(test, device, keys="", other=None):
    """By the configuration; PCI's first also where COM1 does not answer."""
    path = test.log / "other.log"
    words = ["-chardev", f"file,id=other,path={path}", "-device",
             f"{other},chardev=other"] if other else []
    result = boot(test, device, keys,
                  options=[f"--emulator-arg={word}" for word in words])
    result.expect(PANIC, count=1)
    result.expect(r"^\[apical\] all CPUs are stopped$", count=1)
    result.expect_status(1)
    # Also where the firmware's own console is on this line.
    result.expect(r"^\[apical\] loader: \d+ KiB at .*, entering it\.$", count=1)
    if not keys:
        result.expect(r"^\[apical\] loader: selftest = panic", count=1)
    if other and "[apical] panic" in path.read_text(errors="replace"):
        raise Failed("the panic is on the other line")


@scenario()
def dbg2(test):
    """ACPI's DBG2 names COM2, behind ports of other kinds."""
    result = boot(test, COM2, efi=BUILD / "tools/test/efi/fakemadt.efi",
                  files={"EFI/apical/BOOTX64.EFI": BUILD / "BOOTX64.EFI",
                         "acpi.txt": b"dbg2\n"})
    result.expect(PANIC, count=1)
    result.expect_status(1)


@scenario()
def none(test):
    """No line answers: the machine is not held up, the screen has the log."""
    path = test.log / "screen.ppm"
    result = boot(test, NOWHERE, timeout=20, options=("--screenshot", str(path)))
    result.expect_not(r"panic")
    text = "\n".join(row for row, _ in Picture(path).rows())
    if "[apical] all CPUs are stopped" not in text:
        raise Failed("the panic is not on the screen:\n" + text.rstrip())
    result.expect_status(124)


@scenario(cases={
    "baud": dict(keys="baud = 230400",
                 says="baud = 230400 cannot be made from the UART's clock of 1843200"),
    "pci": dict(keys="console = pci3", says="console: there is no serial port number 3"),
})
def refused(test, keys, says):
    result = test.boot(config=CONFIG.format(keys=keys), accel="tcg", cpus=1, timeout=60)
    result.expect(rf"^\[apical\] refused: {says}", count=1)
    result.expect_status(1)
