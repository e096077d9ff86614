# SPDX-License-Identifier: BSD-2-Clause
"""Bochs, the emulator that knows VT-x: built once per machine from Debian's
source package, with the corrections in tools/bochs/."""

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

from . import debian
from .paths import TOOLS, Problem, cache_dir, cache_lock, program, say

SUITE = "trixie"
VERSION = "3.0"
CONFIGURE = """
    --enable-smp --enable-x86-64 --enable-vmx=2 --enable-svm --enable-avx
    --enable-evex --enable-all-optimizations --enable-pci --enable-usb
    --enable-usb-xhci --disable-docbook --disable-plugins --with-nogui
    --with-rfb""".split()
COMPILER_FLAGS = "-O2 -fno-strict-aliasing"
JOBS = 2
FILES = 490


def patches():
    return sorted((TOOLS / "bochs").glob("*.patch"))


def key():
    """Changes with everything that goes into the program."""
    digest = hashlib.sha256()
    for text in [VERSION, COMPILER_FLAGS, *CONFIGURE]:
        digest.update(text.encode() + b"\0")
    for path in patches():
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def cached_path():
    return cache_dir() / f"bochs-{VERSION}-{key()}" / "bochs"


def find():
    """The Bochs to use: the one that $BOCHS names, or ours if it is built."""
    named = os.environ.get("BOCHS")
    if named:
        if not os.access(named, os.X_OK):
            raise Problem(f"BOCHS={named} is not a program")
        return Path(named)
    path = cached_path()
    return path if path.exists() else None


def ensure():
    """The Bochs to use, building it if need be (about two minutes)."""
    found = find()
    if found:
        return found
    with cache_lock("bochs"):
        if not cached_path().exists():
            _build(cached_path())
    return cached_path()


def _build(result):
    work = result.parent.with_name(f".{result.parent.name}.{os.getpid()}")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        say("bochs", f"fetching Bochs {VERSION}: Debian's source package in {SUITE}")
        archive = debian.Suite(SUITE).upstream_source("bochs", work)
        subprocess.run([program("tar"), "-x", "-f", str(archive), "-C", str(work)],
                       check=True)
        source = work / f"bochs-{VERSION}"
        if not source.is_dir():
            raise Problem(f"{archive.name} is not Bochs {VERSION}: {SUITE} has moved on,"
                          " and the corrections in tools/bochs must be looked at")
        for patch in patches():
            say("bochs", f"correction {patch.stem}")
            subprocess.run([program("patch", "patch"), "-p1", "-s", "-i", str(patch)],
                           cwd=source, check=True)
        _compile(source, work / "build")
        say("bochs", f"built: {result}")
        result.parent.mkdir(parents=True, exist_ok=True)
        os.replace(work / "build" / "bochs", result)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _compile(source, build):
    build.mkdir()
    environment = {**os.environ, "LC_ALL": "C", "CFLAGS": COMPILER_FLAGS,
                   "CXXFLAGS": COMPILER_FLAGS}
    say("bochs", "configuring")
    log = cache_dir() / "bochs-build.log"
    with open(log, "w") as out:
        done = subprocess.run([str(source / "configure"), *CONFIGURE], cwd=build,
                              env=environment, stdout=out, stderr=out,
                              stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise Problem(f"Bochs' configure failed; its log is {log}")
        say("bochs", f"compiling with {JOBS} jobs (about two minutes)")
        make = subprocess.Popen([program("make", "make"), f"-j{JOBS}"], cwd=build,
                                env=environment, stdout=subprocess.PIPE, stderr=out,
                                text=True, errors="replace")
        count = 0
        for line in make.stdout:
            out.write(line)
            if re.search(r"\s-c\s", line):
                count += 1
                if count % 40 == 0:
                    say("bochs", f"compiled {count} of about {FILES} files")
    if make.wait() != 0:
        raise Problem(f"compiling Bochs failed; its log is {log}")
    subprocess.run([program("strip", "binutils"), "bochs"], cwd=build, check=True)
