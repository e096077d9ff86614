# SPDX-License-Identifier: BSD-2-Clause
"""The part of tools/setup that comes after the Debian packages. Says nothing
where nothing is to be done."""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lib import accel, bochs, guests, kvm_host    # noqa: E402
from lib.paths import Problem, say                # noqa: E402


def main():
    purpose = sys.argv[1]
    chosen, reason = accel.choose("auto", accel.Host())
    if (chosen == "bochs" or purpose != "run") and not bochs.find():
        say("setup", f"Bochs is needed: {reason}" if chosen == "bochs"
            else f"Bochs is needed for {purpose}")
        bochs.ensure()
    if purpose == "bench-kvm":
        kvm_host.kernel_folder()
    for name in guests.KERNELS if purpose == "test" else ["vmlinuz"]:
        guests.kernel(name)
    guests.busybox()


if __name__ == "__main__":
    try:
        main()
    except (Problem, subprocess.CalledProcessError) as problem:
        sys.exit(f"setup: {problem}")
