# SPDX-License-Identifier: BSD-2-Clause
"""What the Linux guest is made of: Debian's kernels and busybox, unpacked into
the cache and never installed."""

from . import debian
from .paths import cache_lock

# The file name on the disk image -> the Debian suite it comes from.
KERNELS = {"vmlinuz": "trixie", "vmlinuz-6.1": "bookworm"}


def image_package(source):
    """The package that linux-image-amd64 stands for."""
    return source.depends("linux-image-amd64", r"linux-image-\d\S*-amd64")


def kernel(name="vmlinuz"):
    """Debian's own kernel image, as Debian built it."""
    suite = KERNELS[name]
    with cache_lock("fetch"):
        return debian.cached_file(f"vmlinuz-{suite}", suite, image_package,
                                  "./boot/vmlinuz*", "the guest's Linux kernel")


def busybox():
    """A static busybox, from the suite that this machine runs."""
    suite = debian.system_codename()
    with cache_lock("fetch"):
        return debian.cached_file(f"busybox-{suite}", suite, "busybox-static",
                                  "./*bin/busybox", "busybox for the guest")
