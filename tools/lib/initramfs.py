# SPDX-License-Identifier: BSD-2-Clause
"""The Linux guest's root file system: a static busybox, nothing else. The
archive depends on its content alone: same input, same bytes."""

import gzip
import stat
import subprocess

READY = "apical-guest ready"

INITTAB = """\
::sysinit:/etc/init.d/rcS
ttyS0::respawn:-/bin/sh
::ctrlaltdel:/sbin/reboot
"""

RCS = """\
#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2>/dev/null
hostname apical
[ -x /etc/init.d/local ] && /etc/init.d/local
"""

PROFILE = """\
export PATH=/bin:/sbin HOME=/root PS1='apical# '
if [ ! -e /tmp/greeted ]; then
	touch /tmp/greeted
	echo
	echo "Linux $(uname -r) on $(nproc) CPUs"
	cat /proc/interrupts
	echo "uptime: $(cut -d' ' -f1 /proc/uptime) s"
	echo "%s; 'poweroff' ends the run"
fi
""" % READY


class Archive:
    """A cpio archive in the "newc" format that Linux unpacks."""

    def __init__(self):
        self.parts = []
        self.size = 0
        self.count = 0

    def _append(self, data):
        padded = data + b"\0" * (-len(data) % 4)
        self.parts.append(padded)
        self.size += len(padded)

    def add(self, name, mode, data=b"", device=(0, 0)):
        self.count += 1
        encoded = name.encode() + b"\0"
        fields = [self.count, mode, 0, 0, 1, 0, len(data), 0, 0, device[0],
                  device[1], len(encoded), 0]
        head = b"070701" + b"".join(b"%08X" % field for field in fields)
        self._append(head + encoded)
        self._append(data)

    def folder(self, name):
        self.add(name, stat.S_IFDIR | 0o755)

    def file(self, name, data, mode=0o644):
        self.add(name, stat.S_IFREG | mode, data)

    def link(self, name, target):
        self.add(name, stat.S_IFLNK | 0o777, target.encode())

    def bytes(self):
        self.add("TRAILER!!!", 0)
        return b"".join(self.parts) + b"\0" * (-self.size % 512)


def build(busybox, extra=()):
    """The archive, gzipped. `extra`: (name, bytes, mode) of more files; a
    program /etc/init.d/local among them runs before the shell."""
    archive = Archive()
    folders = {"bin", "sbin", "etc", "etc/init.d", "dev", "proc", "sys", "tmp", "root"}
    for name, _, _ in extra:
        parts = name.strip("/").split("/")[:-1]
        folders |= {"/".join(parts[:n + 1]) for n in range(len(parts))}
    for name in sorted(folders):
        archive.folder(name)
    archive.add("dev/console", stat.S_IFCHR | 0o600, device=(5, 1))
    archive.file("bin/busybox", busybox.read_bytes(), 0o755)
    archive.link("init", "bin/busybox")
    applets = subprocess.run([str(busybox), "--list"], check=True,
                             capture_output=True, text=True).stdout.split()
    for applet in sorted(set(applets) - {"busybox"}):
        archive.link(f"bin/{applet}", "busybox")
    for name in ("init", "poweroff", "reboot", "halt"):
        archive.link(f"sbin/{name}", "../bin/busybox")
    archive.file("etc/inittab", INITTAB.encode())
    archive.file("etc/init.d/rcS", RCS.encode(), 0o755)
    archive.file("etc/profile", PROFILE.encode())
    for name, data, mode in extra:
        archive.file(name.strip("/"), data, mode)
    return _packed(archive)


def alone(program):
    """An archive with nothing but this program, as /init."""
    archive = Archive()
    for name in ("dev", "proc"):
        archive.folder(name)
    archive.add("dev/console", stat.S_IFCHR | 0o600, device=(5, 1))
    archive.file("init", program, 0o755)
    return _packed(archive)


def _packed(archive):
    return gzip.compress(archive.bytes(), compresslevel=6, mtime=0)
