# SPDX-License-Identifier: BSD-2-Clause
"""What the scenarios in tools/test/scenarios/ are written with.

    from lib.scenario import scenario

    @scenario(cases={"icelake": dict(model="corei7_icelake_u")},
              soak={"skylake": dict(model="corei7_skylake_x")})
    def boots(test, model):
        result = test.boot(config=CONFIG, model=model, input="poweroff\\n")
        result.expect(r"Linux 6\\.12.* on 2 CPUs")
        result.expect_status(0)

A case is named FILE/FUNCTION-CASE; without cases there is one, FILE/FUNCTION.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from . import verdict
from .paths import BUILD, TOOLS
from .talk import Failed, Talk

TIMEOUT = 240
_registry = []


class Skipped(Exception):
    """Why a test cannot run here."""


class Case:
    def __init__(self, name, function, arguments, kind):
        self.name = name
        self.function = function
        self.arguments = arguments
        self.kind = kind        # "test", "soak" or "bench"


def scenario(cases=None, soak=None, bench=None):
    """Registers a function: `cases` run in make test, `soak` in make soak as
    well, `bench` in make bench alone. Each is {name: arguments}."""
    def register(function):
        stem = Path(function.__code__.co_filename).stem
        base = f"{stem}/{function.__name__.replace('_', '-')}"
        if cases is None and soak is None and bench is None:
            _registry.append(Case(base, function, {}, "test"))
        for kind, group in (("test", cases), ("soak", soak), ("bench", bench)):
            for name, arguments in (group or {}).items():
                _registry.append(Case(f"{base}-{name}", function, arguments, kind))
        return function
    return register


def registered():
    return list(_registry)


def vm(name, apic, vcpus=1, guest=None, cmdline="", **keys):
    """The section of apical.cfg for a test guest; keys as hlt_exit="on"."""
    lines = [f"[vm {name}]", f"kernel = \\{guest or name}.flat", f"vcpus = {vcpus}",
             "memory = 16", f"apic = {apic}", "debug-exit = on", "reset = stop"]
    if cmdline:
        lines.append(f"cmdline = {cmdline}")
    lines += [f"{key.replace('_', '-')} = {value}" for key, value in keys.items()]
    return "\n".join(lines) + "\n"


class Result:
    """How a run went: .status, .reason, .serial and .com2 (plain text), .log
    (the folder with everything)."""

    def __init__(self, status, log, said):
        self.status = status
        self.log = log
        self.said = said        # the runner's own words, on stderr
        self.serial = self._text("serial.log")
        self.com2 = self._text("com2.log")

    def _text(self, name):
        path = self.log / name
        raw = path.read_bytes() if path.exists() else b""
        return verdict.plain(raw.decode("latin-1"))

    def expect(self, pattern, count=None):
        """The serial line holds the pattern (^ and $ match at lines); the match
        of it. With count: exactly so often."""
        found = list(re.finditer(pattern, self.serial, re.MULTILINE))
        if not found or (count is not None and len(found) != count):
            wanted = "" if count is None else f" {count} times (seen {len(found)})"
            raise Failed(f"expected /{pattern}/{wanted} on the serial line")
        return found[0]

    def expect_not(self, pattern):
        seen = [line for line in self.serial.splitlines() if re.search(pattern, line)]
        if seen:
            raise Failed(f"did not expect /{pattern}/, but saw:\n    "
                         + "\n    ".join(seen[:20]))

    def same(self, what, first, second):
        if first != second:
            raise Failed(f"{what} differs: {first} and {second}")

    def expect_passed(self):
        """One guest's checks, all of them, and the run's verdict."""
        self.expect_not(r"^FAIL ")
        self.expect(r"^END 0 failed$", count=1)
        self.expect_status(0)

    def expect_status(self, status):
        if self.status != status:
            raise Failed(f"expected exit status {status}, got {self.status}:"
                         f" {self.said.strip().splitlines()[-1:]}")


class Test:
    """Handed to a scenario; boots machines."""

    def __init__(self, name):
        self.name = name
        self.log = BUILD / "test" / name
        shutil.rmtree(self.log, ignore_errors=True)
        self.log.mkdir(parents=True)
        self.boots = 0
        self.last = None

    def boot(self, config=None, files=None, input="", accel="bochs", cpus=2,
             model=None, memory=None, timeout=TIMEOUT, efi=None, options=()):
        """One run of tools/apical. `config`: text; `files`: {destination on the
        ESP: path or bytes}; `input`: typed once the guest's shell is up."""
        command, log = self._command(config, files, accel, cpus, model, memory,
                                     timeout, efi, options)
        done = subprocess.run(command, input=input.encode(), stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE)
        said = done.stderr.decode(errors="replace")
        (log / "runner.log").write_text(said)
        return self.finished(done.returncode, log, said)

    def talk(self, config=None, files=None, accel="bochs", cpus=2, model=None,
             memory=None, timeout=TIMEOUT, efi=None, options=()):
        """As boot(), but the scenario drives the serial line: lib/talk.py."""
        command, log = self._command(config, files, accel, cpus, model, memory,
                                     timeout, efi, options)
        return Talk(self, [*command, "--serial", "tcp:0"], log)

    def finished(self, status, log, said):
        self.last = Result(status, log, said)
        return self.last

    def _command(self, config, files, accel, cpus, model, memory, timeout, efi,
                 options):
        """(the runner's command line, a new folder for its logs)"""
        self.boots += 1
        log = self.log / str(self.boots)
        log.mkdir()
        command = [sys.executable, str(TOOLS / "apical"), "run", "--accel", accel,
                   "--cpus", str(cpus), "--timeout", str(timeout), "--log", str(log)]
        if model:
            command += ["--cpu-model", model]
        if memory:
            command += ["--memory", str(memory)]
        if efi:
            command += ["--efi", str(efi)]
        if config is not None:
            path = log / "apical.cfg"
            path.write_text(config)
            command += ["--config", str(path)]
        for number, (to, source) in enumerate((files or {}).items()):
            if isinstance(source, bytes):
                path = log / f"file{number}"
                path.write_bytes(source)
                source = path
            command += ["--add", f"{source}:{to}"]
        return [*command, *options], log
