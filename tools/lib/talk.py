# SPDX-License-Identifier: BSD-2-Clause
"""A run whose serial line a scenario drives: it types, reads and asserts.

    with test.talk(config=CONFIG, cpus=1) as line:
        line.wait(r"^guest is up$")         # a line, or anything, of the machine
        line.monitor()                      # Ctrl-A c, and the prompt
        answer = line.ask("vms")            # a command; what it printed
        line.type("\\x01" "0")               # any keys
        result = line.quit()                # Ctrl-A x; how the run ended

wait() and ask() see what a person would see: what came since the last one, with
erased lines left out, without CRs. Everything raises Failed in place of hanging.
result is as of test.boot(). A run that the scenario did not end is ended when the
block is left.
"""

import re
import select
import socket
import subprocess
import time

from . import verdict

PROMPT = "apical> "
KEY = "\x01"                # Ctrl-A: the console's keys begin with it
TIMEOUT = 120               # seconds of the wall clock for one answer
END_TIMEOUT = 30
HANDED_ON = 1.5             # seconds that typed bytes take to the machine, at most
SHOWN = 2000                # characters of what was seen, in a failure

_UNFINISHED = re.compile(rb"(?:\r|\r?\x1b[\[0-9;?]*)\Z")
_OTHERS = re.compile(r"\[[\w-]+\] ")


class Failed(Exception):
    """What was expected and what was seen instead."""


def expect(answer, *patterns):
    """All patterns (^ and $ match at lines) are in what a command printed; the
    match of the last one."""
    found = None
    for pattern in patterns:
        found = re.search(pattern, answer, re.MULTILINE)
        if not found:
            raise Failed(f"expected /{pattern}/ in the answer:\n{answer}")
    return found


def seen(raw):
    """(bytes of the line as text: erased lines left out, no CR, no control; what
    may be the beginning of something to leave out)"""
    unfinished = _UNFINISHED.search(raw)
    end = unfinished.start() if unfinished else len(raw)
    text = verdict.plain(raw[:end].decode("latin-1")).replace("\x07", "")
    return text, raw[end:]


class Talk:
    """One run; made by scenario.Test.talk()."""

    def __init__(self, test, command, log):
        self.test = test
        self.log = log
        self.unread = b""
        self.socket = None
        self.runner_log = log / "runner.log"
        with open(self.runner_log, "wb") as out:
            self.child = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                          stdout=subprocess.DEVNULL, stderr=out)
        self.ports = {}
        try:
            self.port = self._port("com1")
            self.connect()
        except BaseException:
            self.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    # ---- the wire

    def _port(self, name):
        """The TCP port of a serial line (com1, com2) that goes to tcp:0."""
        end = time.monotonic() + TIMEOUT
        while time.monotonic() < end:
            found = re.search(rf"{name} is TCP port (\d+)", self.runner_log.read_text())
            if found:
                return int(found.group(1))
            if self.child.poll() is not None:
                break
            time.sleep(0.05)
        raise Failed(f"the runner gave no port for {name}")

    def connect(self):
        """Take the line, or take it again after disconnect()."""
        self.socket = socket.create_connection(("127.0.0.1", self.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def disconnect(self):
        """Leave the line to somebody else, a debugger say, at .port."""
        if self.socket:
            # What was typed must have been taken: closing a socket with unread
            # bytes throws away what is under way in both directions.
            end = time.monotonic() + HANDED_ON
            while (left := end - time.monotonic()) > 0 and self.read(left):
                pass
            self.socket.close()
        self.socket = None

    def type(self, keys):
        """Send keys: text, or bytes as they are."""
        self.socket.sendall(keys.encode("latin-1") if isinstance(keys, str) else keys)

    def read(self, seconds=0.0):
        """What comes within so many seconds, added to .unread; False: the line was
        closed."""
        if select.select([self.socket], [], [], max(0.0, seconds))[0]:
            data = self.socket.recv(65536)
            self.unread += data
            return bool(data)
        return True

    def _until(self, find, what, timeout):
        """Reads until find(text so far) gives something."""
        end = time.monotonic() + timeout
        open_ = True
        while True:
            found = find(seen(self.unread)[0])
            if found:
                return found
            left = end - time.monotonic()
            if left <= 0 or not open_:
                why = f"within {timeout} s" if open_ else "before the line was closed"
                raise Failed(f"no {what} {why}; seen since the last answer:\n"
                             f"{seen(self.unread)[0][-SHOWN:]}")
            open_ = self.read(min(left, 1.0))

    # ---- what people do

    def wait(self, pattern, timeout=TIMEOUT):
        """The match of the pattern (^ and $ match at lines) in what the machine
        says; what came up to its end is done with."""
        compiled = re.compile(pattern, re.MULTILINE)
        match = self._until(compiled.search, f"/{pattern}/", timeout)
        text, unfinished = seen(self.unread)
        self.unread = text[match.end():].encode("latin-1") + unfinished
        return match

    def monitor(self, timeout=TIMEOUT):
        """Give the keyboard to the monitor; a guest has it."""
        self.type(KEY + "c")
        self.wait(rf"^{PROMPT}\Z", timeout)

    def ask(self, command, timeout=TIMEOUT):
        """Type a command at the monitor's prompt; the text that it printed. Lines
        of the log and of VMs that came between are left to wait()."""
        self.type(command + "\r")
        pattern = re.compile(rf"(?:^|{PROMPT}){re.escape(command)}\n((?:.*\n)*?)"
                             rf"{PROMPT}\Z", re.MULTILINE)
        match = self._until(pattern.search, f"answer to '{command}'", timeout)
        lines = match.group(1).splitlines()
        others = [line + "\n" for line in lines if _OTHERS.match(line)]
        self.unread = ("".join(others) + PROMPT).encode("latin-1")
        return "\n".join(line for line in lines if not _OTHERS.match(line))

    # ---- the end

    def quit(self):
        """Ctrl-A x; how the run ended."""
        self.type(KEY + "x")
        return self.end()

    def end(self, timeout=END_TIMEOUT):
        """Waits for the end of the run; how it was."""
        limit = time.monotonic() + timeout
        while self.child.poll() is None:
            if time.monotonic() > limit:
                raise Failed(f"the run did not end within {timeout} s; seen since the"
                             f" last answer:\n{seen(self.unread)[0][-SHOWN:]}")
            if self.socket and not self.read(0.1):
                self.disconnect()
            elif not self.socket:
                time.sleep(0.05)
        return self.result()

    def result(self):
        said = self.runner_log.read_text(errors="replace")
        return self.test.finished(self.child.returncode, self.log, said)

    def stop(self):
        """Ends the run if it goes on. The runner ends its emulator."""
        self.disconnect()
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(10)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        self.result()
