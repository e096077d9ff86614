# SPDX-License-Identifier: BSD-2-Clause
"""The loader's boot menu. QEMU's TCG has no VT-x, so which configuration was
chosen shows in the sentence with which the loader refuses it."""

import socket
import threading
import time

from lib.paths import BUILD
from lib.scenario import scenario

DEFAULT = "[vm a]\nwrong = 1\n"
OTHER = b"[vm b]\n\nwrong = 1\n"
MENU = b"seconds = 2\nenter = apical.cfg, Nothing\no = other.cfg, Something else\n"
SHOWN = r"^\[apical\] loader: \[Enter\] Nothing  \[o\] Something else  \(2 s\)$"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def type_at_menu(port, key):
    """Sends the key once the menu is on the serial line."""
    end = time.monotonic() + 60
    line = None
    while line is None and time.monotonic() < end:
        try:
            line = socket.create_connection(("127.0.0.1", port), timeout=60)
        except OSError:
            time.sleep(0.1)
    seen = b""
    while line and b"[Enter]" not in seen:
        data = line.recv(4096)
        if not data:
            return
        seen += data
    if line:
        line.sendall(key)
        while line.recv(4096):
            pass
        line.close()


def boot(test, key=None, menu=MENU, other=OTHER, add=None, **machine):
    files = {"menu.txt": menu} if menu is not None else {}
    if other is not None:
        files["other.cfg"] = other
    files |= add or {}
    options = ()
    if key:
        port = free_port()
        options = ("--serial", f"tcp:{port}")
        threading.Thread(target=type_at_menu, args=(port, key), daemon=True).start()
    return test.boot(config=DEFAULT, files=files, options=options,
                     **{"accel": "tcg", "cpus": 1, **machine})


@scenario(cases={
    "nobody-there": dict(key=None, chosen=r"apical\.cfg:2:1"),
    "enter": dict(key=b"\r", chosen=r"apical\.cfg:2:1"),
    "other": dict(key=b"xo", chosen=r"other\.cfg:3:1"),
})
def asks(test, key, chosen):
    result = boot(test, key)
    result.expect(SHOWN, count=1)
    result.expect(rf"^\[apical\] refused: {chosen}", count=1)


@scenario(cases={
    "without-menu-txt": dict(menu=None),
    "with-one-file": dict(other=None),
    "for-0-seconds": dict(menu=MENU.replace(b"2", b"0")),
})
def does_not_ask(test, **changes):
    result = boot(test, **changes)
    result.expect_not(r"\[Enter\]")
    result.expect(r"^\[apical\] refused: apical\.cfg:2:1", count=1)


@scenario()
def wrong(test):
    result = boot(test, menu=b"# a menu\nseconds = many\n")
    result.expect(r"^\[apical\] refused: menu\.txt:2:11: seconds must be a number from 0"
                  r" to 120\.$", count=1)


@scenario()
def starts(test):
    """What was chosen runs."""
    result = boot(test, b"o", other=b"[vm b]\nkernel = \\hello.flat\nmemory = 16\n"
                  b"debug-exit = on\n", accel="bochs",
                  add={"hello.flat": BUILD / "guest/hello.flat"})
    result.expect(r"^\[apical\] loader: Something else\.$", count=1)
    result.expect(r"^END 0 failed$", count=1)
    result.expect_status(0)
