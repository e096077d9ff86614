# SPDX-License-Identifier: BSD-2-Clause
"""Whole runs of tools/apical with a stand-in for Bochs: exit status, typing,
the quit key, time-outs, and that no emulator is ever left behind."""

import os
import pty
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from lib.paths import TOOLS

FAKE = Path(__file__).resolve().parent / "fake_bochs"


class Run(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.log = Path(folder.name)
        (self.log / "any.img").touch()

    def command(self, *options):
        return [sys.executable, str(TOOLS / "apical"), "run", "--accel", "bochs",
                "--image", str(self.log / "any.img"), "--log", str(self.log), *options]

    def environment(self, play):
        return {**os.environ, "BOCHS": str(FAKE), "FAKE_PLAY": play}

    def run_it(self, play, *options, text=b""):
        start = time.monotonic()
        done = subprocess.run(self.command(*options), input=text, capture_output=True,
                              env=self.environment(play), timeout=60)
        self.seconds = time.monotonic() - start
        self.out = done.stdout.decode()
        self.err = done.stderr.decode()
        self.expect_nothing_left()
        return done.returncode

    def expect_nothing_left(self):
        pid = int((self.log / "pid").read_text())
        for _ in range(50):
            if not Path(f"/proc/{pid}").exists():
                return
            time.sleep(0.1)
        self.fail(f"the emulator {pid} is still there")

    def test_ok_whatever_the_emulator_says(self):
        self.assertEqual(self.run_it("ok"), 0)
        self.assertEqual(self.out, "firmware banner\n[apical] hello\n"
                         "[apical] vm a ended: power-off\n[apical] verdict: ok\n")
        self.assertIn(b"\x1b[2J", (self.log / "serial.log").read_bytes())

    def test_a_machine_that_does_not_power_off(self):
        self.assertEqual(self.run_it("ok-and-hang"), 0)
        self.assertTrue(2 < self.seconds < 10, self.seconds)

    def test_failed(self):
        self.assertEqual(self.run_it("failed"), 42)
        self.assertIn("last words", self.out)

    def test_refused(self):
        self.assertEqual(self.run_it("refused"), 1)
        self.assertLess(self.seconds, 5)
        self.assertIn("no VT-x", self.err)

    def test_emulator_dies(self):
        self.assertEqual(self.run_it("dies"), 1)
        self.assertIn("without a verdict", self.err)

    def test_timeout(self):
        self.assertEqual(self.run_it("hangs", "--timeout", "1"), 124)
        self.assertLess(self.seconds, 5)

    def test_typed_once_the_shell_is_up(self):
        text = b"echo " + b"x" * 100 + b"\npoweroff\n"
        self.assertEqual(self.run_it("shell", text=text), 0)
        self.assertIn(f"got {text!r}", self.out)

    def test_serial_to_a_file(self):
        self.assertEqual(self.run_it("ok", "--serial", str(self.log / "s")), 0)
        self.assertEqual(self.out, "")
        self.assertIn(b"verdict: ok", (self.log / "s").read_bytes())

    def test_second_line_over_tcp(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        child = subprocess.Popen(self.command("--com2", f"tcp:{port}"),
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL,
                                 env=self.environment("com2"))
        for _ in range(100):
            try:
                client = socket.create_connection(("127.0.0.1", port))
                break
            except OSError:
                time.sleep(0.1)
        client.sendall(b"hi")
        self.assertEqual(client.recv(100), b"com2 got hi")
        self.assertEqual(child.wait(20), 0)
        client.close()

    def test_ended_by_a_signal(self):
        child = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                 env=self.environment("hangs"))
        while not (self.log / "pid").exists():
            time.sleep(0.1)
        child.send_signal(signal.SIGTERM)
        self.assertEqual(child.wait(10), 143)
        self.expect_nothing_left()

    def test_killed_outright(self):
        child = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                 env=self.environment("hangs"))
        while not (self.log / "pid").exists():
            time.sleep(0.1)
        time.sleep(0.2)
        child.kill()
        child.wait()
        self.expect_nothing_left()

    def terminal(self, play, script):
        """Play against a terminal: [(wait for, then type)]; (status, output)"""
        pid, terminal = pty.fork()
        if pid == 0:
            os.execvpe(sys.executable, self.command(), self.environment(play))
        seen = b""
        script = list(script)
        while True:
            while script and re.search(script[0][0], seen):
                os.write(terminal, script.pop(0)[1])
            try:
                data = os.read(terminal, 1000)
            except OSError:
                break
            if not data:
                break
            seen += data
        _, status = os.waitpid(pid, 0)
        os.close(terminal)
        self.expect_nothing_left()
        return os.waitstatus_to_exitcode(status), seen

    def test_quit_key(self):
        status, _ = self.terminal("hangs", [(b"banner", b"abc\x01x")])
        self.assertEqual(status, 2)

    def test_interactive_keys_go_through(self):
        status, seen = self.terminal("shell", [
            (b"ready", b"\x03\x01\x01\x01c"), (b"ready", b"poweroff\n")])
        self.assertEqual(status, 0)
        self.assertIn(rb"got b'\x03\x01\x01\x01cpoweroff\n'", seen)

    def test_quit_key_is_the_hypervisors_too(self):
        """It gets the keys, ends the run, and the status is the quit key's."""
        status, seen = self.terminal("quits", [(b"Apical 1", b"\x01x")])
        self.assertEqual(status, 2)
        self.assertIn(b"[apical] verdict: ok", seen)

    def test_quit_key_that_nobody_obeys(self):
        start = time.monotonic()
        status, _ = self.terminal("stuck", [(b"Apical 1", b"\x01x")])
        self.assertEqual(status, 2)
        self.assertTrue(2 < time.monotonic() - start < 20)
        status, _ = self.terminal("stuck", [(b"Apical 1", b"\x01x\x01x")])
        self.assertEqual(status, 2)


if __name__ == "__main__":
    unittest.main()
