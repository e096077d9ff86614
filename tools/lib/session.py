# SPDX-License-Identifier: BSD-2-Clause
"""One run of a machine, from starting the emulator to its exit status."""

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import termios
import time

from . import emulator, screen, verdict
from .paths import say
from .serial import Line

QUIT_PREFIX = b"\x01"       # Ctrl-A
AFTER_VERDICT = 3.0         # seconds to power off
AFTER_FAILURE = 1.0         # seconds for the rest of what it has to say
AFTER_QUIT = 3.0            # seconds for the hypervisor to end the run by itself
PR_SET_PDEATHSIG = 1


class Interrupted(Exception):
    """A signal asked this program to end."""


def _raise_interrupted(number, _frame):
    raise Interrupted(signal.Signals(number).name)


def _die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


@contextlib.contextmanager
def raw_terminal(wanted):
    """Keys go to the guest one by one; output is still the terminal's."""
    if not wanted:
        yield
        return
    before = termios.tcgetattr(0)
    now = termios.tcgetattr(0)
    now[0] &= ~(termios.ICRNL | termios.IXON | termios.INLCR | termios.ISTRIP)
    now[3] &= ~(termios.ICANON | termios.ECHO | termios.ISIG | termios.IEXTEN)
    termios.tcsetattr(0, termios.TCSADRAIN, now)
    try:
        yield
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)


class Session:
    def __init__(self, machine_of, serial="stdio", com2=None, timeout=None, log=None,
                 stdin=True, until=None, screenshot=None):
        """`machine_of(com1, com2)` gives the Machine once the ports are known."""
        self.log = log
        self.timeout = timeout
        self.watcher = verdict.Watcher(until)
        self.screenshot = screenshot
        self.serial_log = open(log / "serial.log", "wb")
        self.com1 = Line(serial, self._from_com1)
        self.com2_log = open(log / "com2.log", "wb") if com2 else None
        # A debugger's line: what the firmware says on it is not for the debugger.
        self.com2 = Line(com2, self._from_com2, keep=False) if com2 else None
        self.machine = machine_of(self.com1.port, self.com2.port if com2 else None)
        self.stdin_open = stdin and "stdio" in (serial, com2)
        self.interactive = self.stdin_open and os.isatty(0)
        self.to_terminal = os.isatty(1)
        self.typing = self.com2 if com2 == "stdio" else self.com1
        self.prefix_seen = False
        self.quit = None        # when the quit key ends the run at the latest
        self.unshown = b""

    # ---- from the machine

    def _from_com1(self, data):
        self.serial_log.write(data)
        self.serial_log.flush()
        for piece in data.splitlines(keepends=True):
            firmware = self.watcher.firmware
            self.watcher.feed(piece)
            if self.com1.stdio:
                self._show(piece, firmware)

    def _from_com2(self, data):
        self.com2_log.write(data)
        self.com2_log.flush()
        if self.com2.stdio:
            self._show(data, False)

    def _show(self, data, firmware):
        if firmware:
            data = self._firmware_lines(data)
        else:
            data, self.unshown = self.unshown + data, b""
        if not self.to_terminal:
            data = data.replace(b"\r", b"")
        with contextlib.suppress(BrokenPipeError):
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()

    def _firmware_lines(self, data):
        """The firmware clears the screen and moves the cursor: leave that out,
        and show its lines once they are whole."""
        lines, rest = verdict.split_lines((self.unshown + data).decode("latin-1"))
        self.unshown = rest.encode("latin-1")
        shown = [line.rstrip() for line in lines if line.strip()]
        return "".join(line + "\n" for line in shown).encode("latin-1")

    # ---- from the person

    def _from_stdin(self):
        data = os.read(0, 4096)
        if not data:
            self.stdin_open = False
            return
        if not self.interactive:
            self.typing.type(data)
            return
        for value in data:
            byte = bytes([value])
            self.typing.type(byte)
            if self.prefix_seen and byte == b"x":
                self._quit()
            self.prefix_seen = not self.prefix_seen and byte == QUIT_PREFIX

    def _quit(self):
        """The hypervisor has these keys too and ends the run; where it is not
        there, or when they are typed again, the run ends here and now."""
        now = time.monotonic()
        self.quit = now if self.quit or not self.watcher.running else now + AFTER_QUIT

    # ---- the loop

    def _step(self, limit):
        ways = self.com1.sockets()
        if self.com2:
            ways.update(self.com2.sockets())
        if self.stdin_open and (self.interactive or self.watcher.ready):
            ways[sys.stdin] = self._from_stdin
        waits = [limit, self.com1.send_due()]
        if self.com2:
            waits.append(self.com2.send_due())
        wait = min(value for value in waits if value is not None)
        for handle in select.select(list(ways), [], [], max(0.0, wait))[0]:
            ways[handle]()

    def _outcome(self, child):
        deadline = time.monotonic() + self.timeout if self.timeout else None
        while True:
            now = time.monotonic()
            if self.quit and (now >= self.quit or self.watcher.status is not None
                              or child.poll() is not None):
                return verdict.QUIT, "the quit key"
            if self.watcher.status is not None:
                return self.watcher.status, self.watcher.reason
            if child.poll() is not None:
                self._step(0.2)     # what is still in the socket
                while self.com1.machine:
                    self._step(0.2)
                if self.watcher.status is None:
                    return verdict.FAILED, "the emulator ended without a verdict"
                continue
            if deadline is not None and now >= deadline:
                return verdict.TIMEOUT, f"no verdict within {self.timeout:g} seconds"
            self._step(0.25 if deadline is None else min(0.25, deadline - now))

    def _drain(self, child, seconds):
        """Listen on until the machine is off, for so long at most."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and (child.poll() is None or self.com1.machine):
            if self.quit and time.monotonic() >= self.quit:
                return
            self._step(0.05)

    def run(self):
        """(exit status, the reason in words)"""
        for name, line in (("com1", self.com1), ("com2", self.com2)):
            if line and line.tcp:
                say("apical", f"{name} is TCP port {line.tcp} of this host")
        command = emulator.prepare(self.machine)
        (self.log / "command").write_text(" ".join(command) + "\n")
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _raise_interrupted)
        environment = {**os.environ, "LC_ALL": "C"}
        with open(self.log / "emulator.log", "wb") as out:
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out,
                                     stderr=out, cwd=self.log, env=environment,
                                     start_new_session=True,
                                     preexec_fn=_die_with_parent)
        try:
            with raw_terminal(self.interactive):
                status, reason = self._outcome(child)
                if status == verdict.OK or "VMs" in reason or self.quit:
                    self._drain(child, AFTER_VERDICT)
                elif status not in (verdict.QUIT, verdict.TIMEOUT):
                    self._drain(child, AFTER_FAILURE)
                if self.screenshot:
                    screen.take(self.machine.qmp, self.screenshot)
        except KeyboardInterrupt:
            status, reason = verdict.QUIT, "interrupted"
        except Interrupted as interruption:
            status, reason = 143, f"ended by {interruption}"
        finally:
            self._end(child)
        return status, reason

    def _end(self, child):
        if child.poll() is None:
            child.kill()
        child.wait()
        if self.com1.stdio and self.unshown:
            self._show(b"\n", self.watcher.firmware)
        self.com1.close()
        self.serial_log.close()
        if self.com2:
            self.com2.close()
            self.com2_log.close()

    def explain(self):
        """Why an emulator that said nothing more ended: its own last words."""
        for name in ("bochs.log", "emulator.log"):
            path = self.log / name
            if path.exists():
                lines = path.read_text(errors="replace").strip().splitlines()
                for line in lines[-8:]:
                    say(name, line)
