# SPDX-License-Identifier: BSD-2-Clause
"""The log that survives a reset: a panic resets the machine, and the next boot's
loader writes what the first one had said to \\apical.log."""

import re

from lib import image
from lib.scenario import Failed, scenario, vm

CONFIG = """[hypervisor]
selftest = panic
on-panic = reset

[vm a]
kernel = \\hello.flat
memory = 16
"""
SAID = r"^\[apical\] loader: the last run's log, (\d+) lines, is in \\apical\.log now\.$"


def kept_log(result):
    """The lines of \\apical.log on the image that was booted."""
    content = image.read(result.log / "disk.img", "apical.log")
    if content is None:
        raise Failed("there is no \\apical.log on the image")
    return content.decode("latin-1").splitlines()


@scenario(cases={"bochs": dict(accel="bochs"), "tcg": dict(accel="tcg")})
def panic_and_reset(test, accel):
    """An older, longer file is there before: nothing of it stays."""
    result = test.boot(config=CONFIG, accel=accel, timeout=90,
                       files={"apical.log": b"old\n" * 2000},
                       options=("--keep-image", "--until", "last run's log"))
    found = result.expect(SAID, count=1)
    first = result.serial[:found.start()]
    first = first[first.index("[apical] Apical "):]
    said = [line.rstrip() for line in first.splitlines()
            if line.startswith("[apical] ")]
    kept = kept_log(result)
    (result.log / "disk.img").unlink()
    result.same("the log and what was said", kept, said)
    result.same("its number of lines", int(found.group(1)), len(kept))
    if not re.match(r"\[apical\] panic: selftest", "\n".join(kept).split("\n")[1]):
        raise Failed("the panic is not in the log")
    result.expect_status(0)


@scenario()
def panic_while_guests_run(test):
    """CPU 0 panics, stops CPU 1 in its guest, and resets the machine with VMX on:
    both boots' reports are whole, and the first one's is on the volume."""
    config = ("[hypervisor]\nselftest = panic-running\non-panic = reset\n" +
              vm("idle", "auto", guest="idle", cpus="1"))
    result = test.boot(config=config, cpus=2, memory=512, timeout=90,
                       options=("--keep-image", "--until", "last run's log"))
    found = result.expect(SAID, count=1)
    result.expect(r"idle: up, 1 of 1 CPUs")
    first = result.serial[:found.start()]
    said = [line.rstrip() for line in first.splitlines()
            if line.startswith("[apical] ") and " loader: " not in line]
    kept = kept_log(result)
    (result.log / "disk.img").unlink()
    result.same("the log and what was said", kept, said)
    text = "\n".join(kept)
    for line in (r"panic: selftest = panic-running: CPU 0 stops all others", r"CPU 0, .*",
                 r"all CPUs are stopped", r"reset, as on-panic has it"):
        if not re.search(rf"^\[apical\] {line}$", text, re.MULTILINE):
            raise Failed(f"/{line}/ is not in the log:\n{text}")


@scenario()
def reboot(test):
    """The monitor reboots a machine whose guest runs, on two CPUs: the reset is
    the firmware's own warm one."""
    guest = vm("idle", "auto", vcpus=2, guest="idle")
    with test.talk(config=guest, cpus=2, memory=512,
                   options=("--keep-image",)) as line:
        line.wait(r"idle: up, 2 of 2 CPUs")
        line.monitor()
        line.type("reboot\r")
        line.wait(r"^\[apical\] loader: the last run's log")
        line.wait(r"idle: up, 2 of 2 CPUs")
        line.monitor()
        line.type("poweroff\r")
        result = line.end()
    found = result.expect(SAID, count=1)
    kept = kept_log(result)
    (result.log / "disk.img").unlink()
    said = [text.rstrip() for text in result.serial[:found.start()].splitlines()
            if text.startswith("[apical] ") and " loader: " not in text]
    result.same("the log and what was said", kept, said)
    result.same("the last line", kept[-1], "[apical] reset")
    result.expect_status(0)


@scenario()
def first_boot(test):
    """Memory in which there is no log: nothing is said, nothing is written."""
    result = test.boot(config=CONFIG.replace("reset", "halt"), accel="tcg", timeout=60,
                       options=("--keep-image",))
    result.expect(r"^\[apical\] panic: selftest", count=1)
    result.expect_not(r"last run|survive")
    if image.read(result.log / "disk.img", "apical.log") is not None:
        raise Failed("there is an \\apical.log")
    (result.log / "disk.img").unlink()
