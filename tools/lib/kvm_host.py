# SPDX-License-Identifier: BSD-2-Clause
"""A Linux host with KVM and QEMU out of Debian's packages, on a disk image that
a PC's BIOS boots, and a run of it in Bochs. Its programs are in tools/kvm."""

import lzma
import os
import re
import select
import shutil
import stat
import struct
import subprocess
import time
from pathlib import Path

from . import debian, emulator, guests, image, serial, verdict
from .initramfs import Archive
from .paths import BUILD, TOOLS, Problem, cache_dir, cache_lock, program, say

SUITE = "trixie"
MODULES = {             # as the kernel loads them, and where its package has them
    "irqbypass": "kernel/virt/lib/irqbypass",
    "kvm": "kernel/arch/x86/kvm/kvm",
    "kvm-intel": "kernel/arch/x86/kvm/kvm-intel",
}
BIOS = Path("/usr/share/bochs/BIOS-bochs-latest")
GRUB = Path("/usr/lib/grub/i386-pc")
GRUB_MODULES = ("biosdisk", "part_gpt", "fat", "linux")
ROMS = ("/usr/share/seabios/bios-256k.bin", "/usr/share/qemu/multiboot_dma.bin",
        "/usr/share/qemu/linuxboot_dma.bin", "/usr/share/qemu/kvmvapic.bin")
SECTOR = 512
CORE_SECTOR = 34        # where GPT's own sectors end
TIME0 = 1767225600      # of the real-time clock: always the same
# The self-tests of ciphers, which nothing here needs, are half of such a boot.
CMDLINE = ("console=ttyS0 quiet nokaslr tsc=reliable tsc_early_khz={khz}"
           " cryptomgr.notests=1 initcall_blacklist=jent_mod_init {more} jobs={jobs}")
END = b"[kvm] done"
STEP = 0.5              # seconds between two looks at the emulator


def kernel_folder():
    """Debian's kernel and its KVM modules, of one package, in the cache."""
    with cache_lock("fetch"):
        folder = cache_dir() / "files" / f"kvm-{SUITE}"
        if folder.is_dir():
            return folder
        source = debian.Suite(SUITE)
        package = guests.image_package(source)
        say("fetch", f"KVM's modules: package {package} of {SUITE}")
        work = folder.with_name(f".{folder.name}.{os.getpid()}")
        made = work / folder.name
        made.mkdir(parents=True)
        kernel, *modules = source.extract(
            package, ["./boot/vmlinuz*", *(f"./usr/lib/modules/*/{path}.ko.xz"
                                           for path in MODULES.values())], work)
        os.replace(kernel, made / "vmlinuz")
        for name, found in zip(MODULES, modules):
            (made / f"{name}.ko").write_bytes(lzma.decompress(found.read_bytes()))
        os.replace(made, folder)
        shutil.rmtree(work)
        return folder


def kernel_version():
    """Of the kernel in kernel_folder(). A bzImage has at 20EH where its text is,
    less 200H (Linux' boot protocol, kernel_version)."""
    bzimage = (kernel_folder() / "vmlinuz").read_bytes()
    at = struct.unpack_from("<H", bzimage, 0x20e)[0] + 0x200
    return bzimage[at:at + 256].split(b" ", 1)[0].decode("ascii")


def _libraries(binary):
    """Everything that the dynamic linker loads for a program."""
    listing = subprocess.run([program("ldd"), binary], check=True,
                             capture_output=True, text=True).stdout
    return sorted(set(re.findall(r"(/\S+) \(0x", listing)))


def _qemu():
    return program("qemu-system-x86_64", "qemu-system-x86")


def qemu_version():
    """Of the QEMU that goes onto the image."""
    listing = subprocess.run([_qemu(), "--version"], check=True, capture_output=True,
                             text=True).stdout
    return re.search(r"version (\S+)", listing).group(1)


def _contents(extra):
    """{path in the root file system: (bytes, mode)}"""
    qemu = _qemu()
    busybox = guests.busybox()
    files = {"bin/busybox": busybox, "usr/bin/qemu-system-x86_64": Path(qemu),
             "init": TOOLS / "kvm/init"}
    for path in _libraries(qemu):
        files[path.lstrip("/")] = Path(path)
    for path in map(Path, ROMS):
        if not path.exists():
            raise Problem(f"{path} is missing (tools/setup bench-kvm installs it)")
        files[f"usr/share/qemu/{path.name}"] = path
    for path in sorted((TOOLS / "kvm").iterdir()):
        files[f"kvm/{path.name}"] = path
    for name in MODULES:
        files[f"kvm/{name}.ko"] = kernel_folder() / f"{name}.ko"
    files["kvm/bench.flat"] = BUILD / "guest/bench.flat"
    for name, path in extra.items():
        files[f"kvm/{name}"] = path
    return files


def root_file_system(extra):
    """The initramfs, compressed: reading from a disk by BIOS calls takes long, and
    so does unpacking anything but this."""
    archive = Archive()
    files = _contents(extra)
    folders = {"dev", "proc", "sys", "tmp", "sbin"}
    for name in files:
        folders |= {str(folder) for folder in Path(name).parents} - {"."}
    for name in sorted(folders):
        archive.folder(name)
    archive.add("dev/console", stat.S_IFCHR | 0o600, device=(5, 1))
    applets = subprocess.run([str(files["bin/busybox"]), "--list"], check=True,
                             capture_output=True, text=True).stdout.split()
    for applet in sorted(set(applets) - {"busybox"}):
        archive.link(f"bin/{applet}", "busybox")
    for name, path in sorted(files.items()):
        archive.file(name, path.read_bytes(), 0o755)
    return subprocess.run([program("zstd", "zstd"), "-q", "-9", "-c"], check=True,
                          input=archive.bytes(), stdout=subprocess.PIPE).stdout


def with_grub(disk, cmdline, work):
    """Puts GRUB where a BIOS starts, and where GPT and the partition leave room."""
    config = work / "grub.cfg"
    config.write_text(f"set root=(hd0,gpt1)\nlinux /vmlinuz {cmdline}\n"
                      "initrd /initrd\nboot\n")
    made = work / "core.img"
    done = subprocess.run(
        [program("grub-mkimage", "grub-common"), "-d", str(GRUB), "-O", "i386-pc",
         "-p", "/", "-c", str(config), "-o", str(made), *GRUB_MODULES],
        capture_output=True, text=True)
    if done.returncode:
        raise Problem(f"grub-mkimage failed: {done.stderr.strip()}")
    core = bytearray(made.read_bytes())
    if len(core) > image.FIRST - CORE_SECTOR * SECTOR:
        raise Problem("GRUB does not fit before the first partition")
    # Each part knows the sector that the next one begins at: GRUB's
    # boot/i386/pc/boot.S (kernel_sector) and diskboot.S (firstlist).
    boot = bytearray((GRUB / "boot.img").read_bytes())
    struct.pack_into("<Q", boot, 0x5c, CORE_SECTOR)
    struct.pack_into("<Q", core, SECTOR - 12, CORE_SECTOR + 1)
    with open(disk, "r+b") as handle:
        handle.write(boot[:440])        # the partition table follows
        handle.seek(CORE_SECTOR * SECTOR)
        handle.write(core)


def make(disk, jobs, work, ips, more="", extra=None):
    """Writes the disk image. `jobs`: names in tools/kvm; `more`: for the host's
    command line; `extra`: {name in /kvm: file}."""
    initrd = work / "initrd"
    initrd.write_bytes(root_file_system(extra or {}))
    image.make(disk, {"vmlinuz": kernel_folder() / "vmlinuz", "initrd": initrd})
    initrd.unlink()
    with_grub(disk, CMDLINE.format(khz=ips // 1000, more=more, jobs=",".join(jobs)),
               work)


def said(log):
    """What it printed in an earlier run, in plain text, if that came to its end."""
    path = log / "serial.log"
    data = path.read_bytes() if path.exists() else b""
    return verdict.plain(data.decode("latin-1")) if END in data else None


def run(disk, log, cpus, ips, quantum=None, model=None, timeout=1200):
    """Boots it; what it printed, in plain text."""
    received = bytearray()
    line = serial.Line(str(log / "serial.log"), received.extend)
    machine = emulator.Machine("bochs", disk, log, line.port, cpus=cpus, ips=ips,
                               quantum=quantum, model=model)
    machine.extra.append(f"clock: sync=none, time0={TIME0}")
    if not BIOS.exists():
        raise Problem(f"{BIOS} is missing (tools/setup bench-kvm installs it)")
    command = emulator.bochs_command(machine, BIOS)
    with open(log / "emulator.log", "wb") as out:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out,
                                 stderr=out, cwd=log)
    deadline = time.monotonic() + timeout
    try:
        while time.monotonic() < deadline and END not in received[-4096:]:
            ways = line.sockets()
            for handle in select.select(list(ways), [], [], STEP)[0]:
                ways[handle]()
            if child.poll() is not None and not line.machine:
                break
    finally:
        child.kill()
        child.wait()
        line.close()
    text = said(log)
    if text is None:
        raise Problem("the Linux host did not come to its end; what it said is in"
                      f" {log / 'serial.log'}")
    return text
