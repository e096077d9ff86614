# SPDX-License-Identifier: BSD-2-Clause
"""Where things are: the checkout, its build folder, the cache outside it."""

import contextlib
import fcntl
import os
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
TOOLS = ROOT / "tools"


class Problem(Exception):
    """Something the person at the keyboard can act on: one sentence."""


def cache_dir():
    """The cache, shared by all checkouts of this machine."""
    chosen = os.environ.get("APICAL_CACHE")
    if not chosen:
        base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        chosen = os.path.join(base, "apical")
    path = Path(chosen).resolve()
    path.mkdir(parents=True, exist_ok=True)
    return path


def program(name, package=None):
    """The path of a program, looked for in the sbin folders as well."""
    path = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin"
    found = shutil.which(name, path=path)
    if not found:
        hint = f" (Debian package {package}; tools/setup installs it)" if package else ""
        raise Problem(f"the program {name} is not installed{hint}")
    return found


def say(step, text):
    """One line of progress, on stderr: stdout belongs to the guest."""
    print(f"[{step}] {text}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def cache_lock(name):
    """One at a time, among all processes of this machine's cache."""
    with open(cache_dir() / f".{name}.lock", "w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(name, "another process is at it; waiting")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
