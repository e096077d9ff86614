# SPDX-License-Identifier: BSD-2-Clause
"""What the serial line says about how a run went. The emulator's own exit
status says nothing and is never used.

The hypervisor writes these at the start of a line:
    [apical] vm NAME ended: REASON      once per VM
    [apical] verdict: ok                all VMs ended well
    [apical] verdict: failed status=N   they did not
    [apical] refused: SENTENCE          the loader will not start on this machine
    [apical] panic: SENTENCE            our own bug

Once the hypervisor has the line, guests are on it as well. It sees to it that
"[apical]" comes from nobody else (hv/console/console_mux.c), so from then on such a line
counts only as it is, with nothing left out of it.
"""

import re

from .initramfs import READY

OK, FAILED, QUIT, TIMEOUT = 0, 1, 2, 124

_CURSOR = re.compile(r"\x1b\[[0-9;]*[Hf]")
_ERASED = re.compile(r"[^\n]*\r\x1b\[K")
_ESCAPE = re.compile(r"\x1b\[[0-9;?=]*[A-Za-z]|\x1b[=>78cDEHM]|\x00")
_CURSOR_OR_END = re.compile(_CURSOR.pattern + r"|\n")
_END = re.compile(r"\n")
_FIRST = "[apical] Apical "     # the hypervisor's first line
_SHELL = "EFI Internal Shell"


def plain(text):
    """Text without terminal control: a moved cursor starts a line, an erased line
    is not there."""
    text = _ERASED.sub("", _CURSOR.sub("\n", text))
    return _ESCAPE.sub("", text).replace("\r", "")


def split_lines(text):
    """(the whole lines in plain text, the raw rest after them)"""
    *lines, rest = _CURSOR.sub("\n", text).split("\n")
    return [plain(line) for line in lines], rest


def status_of(number):
    """The exit status for `status=N`: 0, 2 and 124 mean something else."""
    return number if 1 <= number <= 255 and number not in (QUIT, TIMEOUT) else FAILED


class Watcher:
    """Reads the serial line as it comes."""

    def __init__(self, until=None):
        self.until = until      # what ends the run instead of a panic or refusal
        self.rest = ""          # of a line that has not ended yet
        self.ended = []         # (VM, reason)
        self.started = False    # Apical has said something
        self.running = False    # and its hypervisor has: guests may speak
        self.firmware = True    # the firmware has the console
        self.ready = False      # the Linux guest's shell is up
        self.status = None      # decided, or None
        self.reason = ""

    def feed(self, data):
        self.rest += data.decode("latin-1")
        while True:
            end = (_END if self.running else _CURSOR_OR_END).search(self.rest)
            if not end:
                break
            line, self.rest = self.rest[:end.start()], self.rest[end.end():]
            self._line(line)
        if not self.running and _SHELL in plain(self.rest):
            self._shell()
        self.rest = self.rest[-4096:]

    def _decide(self, status, reason):
        if self.status is None:
            self.status, self.reason = status, reason

    def _shell(self):
        self._decide(FAILED, "the firmware found nothing to boot, or Apical returned"
                             " to it: it is in its own shell")

    def _line(self, raw):
        line = plain(raw).strip()
        if line.startswith(READY):
            self.ready = True
        if self.running:
            line = _ERASED.sub("", raw).removesuffix("\r")
        elif _SHELL in line:
            self._shell()
        if not line.startswith("[apical] "):
            return
        self.started = True
        self.running |= line.startswith(_FIRST)
        self.firmware = line.startswith("[apical] refused: ")
        text = line[len("[apical] "):]
        if self.until and re.search(self.until, line):
            self._decide(OK, f"seen: {line}")
        if text == "reset":
            self.running = False    # the loader comes again
        match = re.fullmatch(r"vm (\S+) ended: (.*)", text)
        if match:
            self.ended.append(match.groups())
        elif text == "verdict: ok":
            self._decide(OK, "all VMs ended well")
        elif text.startswith("verdict: failed"):
            match = re.search(r"status=(\d+)", text)
            self._decide(status_of(int(match.group(1)) if match else FAILED),
                         "not all VMs ended well")
        elif text.startswith(("refused: ", "panic: ")) and not self.until:
            self._decide(FAILED, text)
