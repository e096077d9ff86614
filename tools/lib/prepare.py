# SPDX-License-Identifier: BSD-2-Clause
"""The part of tools/setup that comes after the Debian packages."""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lib import accel, bochs, guests  # noqa: E402
from lib.paths import Problem, say    # noqa: E402


def main():
    purpose = sys.argv[1]
    chosen, reason = accel.choose("auto", accel.Host())
    if chosen == "bochs" or purpose == "test":
        say("setup", f"{'Bochs' if chosen == 'bochs' else 'QEMU/KVM'}: {reason}")
        say("setup", f"Bochs: {bochs.ensure()}")
    names = ["vmlinuz"] if purpose == "run" else list(guests.KERNELS)
    for name in names:
        say("setup", f"{name}: {guests.kernel(name)}")
    say("setup", f"busybox: {guests.busybox()}")


if __name__ == "__main__":
    try:
        main()
    except Problem as problem:
        sys.exit(f"setup: {problem}")
    except subprocess.CalledProcessError as problem:
        sys.exit(f"setup: {problem}")
