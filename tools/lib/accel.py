# SPDX-License-Identifier: BSD-2-Clause
"""Which machine to run on: QEMU/KVM where the host can nest VT-x, else Bochs."""

import os
from pathlib import Path


class Host:
    """What the choice depends on; tests put values of their own here."""

    def __init__(self, root="/"):
        self.root = Path(root)

    def kvm_usable(self):
        return os.access(self.root / "dev/kvm", os.R_OK | os.W_OK)

    def kvm_present(self):
        return (self.root / "dev/kvm").exists()

    def cpu_flags(self):
        try:
            text = (self.root / "proc/cpuinfo").read_text()
        except OSError:
            return set()
        for line in text.splitlines():
            if line.startswith("flags"):
                return set(line.split(":", 1)[1].split())
        return set()

    def nested(self):
        try:
            path = self.root / "sys/module/kvm_intel/parameters/nested"
            return path.read_text().strip() in ("Y", "1")
        except OSError:
            return False


def choose(wanted, host):
    """(accelerator, the reason in words) for what --accel asks for."""
    if wanted != "auto":
        return wanted, "asked for with --accel"
    if "vmx" not in host.cpu_flags():
        return "bochs", "this host's CPU shows no VT-x"
    if not host.kvm_present():
        return "bochs", "this host has VT-x, but no /dev/kvm"
    if not host.kvm_usable():
        return "bochs", "this host has VT-x, but /dev/kvm may not be opened by this user"
    if not host.nested():
        return "bochs", ("this host has VT-x, but kvm_intel's parameter 'nested' is"
                         " not Y")
    return "kvm", "this host has VT-x and nests it (kvm_intel nested=Y)"
