# SPDX-License-Identifier: BSD-2-Clause
"""A disk image that UEFI boots from: GPT with one FAT32 EFI System Partition.
Made with sgdisk and mtools: no root, no loop device. The image depends on the
files alone: same input, same bytes."""

import hashlib
import os
import subprocess
import uuid
from pathlib import Path, PurePosixPath

from .paths import Problem, program

MIB = 1 << 20
FIRST = 1 * MIB         # where the partition starts
SLACK = 2 * MIB         # backup GPT, and room for FAT and folders
SMALLEST = 34 * MIB     # FAT32 needs 65525 clusters
DATE = "1767225600"     # of every file: the first day of 2026


def destination(text):
    """A path on the ESP, from what a person wrote: \\a\\b, /a/b or a/b."""
    path = PurePosixPath(text.replace("\\", "/").lstrip("/"))
    if not path.parts or ".." in path.parts:
        raise Problem(f"'{text}' is no path on the disk image")
    return path


def _run(*arguments, **options):
    done = subprocess.run(arguments, capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise Problem(f"{Path(arguments[0]).name} failed: "
                      f"{(done.stderr or done.stdout).strip()}")


def _identities(files, count):
    """GUIDs that depend on the files' names and bytes."""
    digest = hashlib.sha256()
    for to, source in sorted(files.items()):
        content = hashlib.sha256(source.read_bytes()).hexdigest()
        digest.update(f"{to} {content}\n".encode())
    return [uuid.UUID(bytes=hashlib.sha256(digest.digest() + bytes([number]))
                      .digest()[:16], version=4) for number in range(count)]


def make(image, files):
    """Write `image` holding `files`: {destination on the ESP: local path}."""
    files = {destination(str(to)): Path(source) for to, source in files.items()}
    for source in files.values():
        if not source.is_file():
            raise Problem(f"{source}: no such file")
    disk, first = _identities(files, 2)
    content = sum(source.stat().st_size + 4096 for source in files.values())
    partition = max(SMALLEST, content + content // 64 + SLACK)
    partition = -(-partition // MIB) * MIB
    with open(image, "wb") as handle:
        handle.truncate(FIRST + partition + MIB)
    _run(program("sgdisk", "gdisk"), "--clear",
         f"--new=1:{FIRST // 512}:+{partition // MIB}M", "--typecode=1:ef00",
         "--change-name=1:APICAL", f"--disk-guid={disk}",
         f"--partition-guid=1:{first}", str(image))
    where = f"{image}@@{FIRST}"
    environment = {**os.environ, "MTOOLS_SKIP_CHECK": "1", "SOURCE_DATE_EPOCH": DATE}
    _run(program("mformat", "mtools"), "-i", where, "-F", "-v", "APICAL", "-N",
         f"{first.fields[0]:08x}", "-T", str(partition // 512), "-H",
         str(FIRST // 512), "-h", "255", "-s", "63", "-c", "1", "::", env=environment)
    folders = sorted({folder for to in files for folder in to.parents
                      if str(folder) != "."}, key=lambda folder: len(folder.parts))
    for folder in folders:
        _run(program("mmd", "mtools"), "-i", where, f"::/{folder}", env=environment)
    for to, source in sorted(files.items()):
        _run(program("mcopy", "mtools"), "-i", where, str(source), f"::/{to}",
             env=environment)


def read(image, path):
    """The bytes of a file on such an image (after a run that wrote to it)."""
    done = subprocess.run([program("mcopy", "mtools"), "-n", "-i",
                           f"{image}@@{FIRST}", f"::/{destination(path)}", "-"],
                          capture_output=True, check=False,
                          env={**os.environ, "MTOOLS_SKIP_CHECK": "1"})
    return done.stdout if done.returncode == 0 else None
