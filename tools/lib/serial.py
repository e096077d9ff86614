# SPDX-License-Identifier: BSD-2-Clause
"""A serial line of the machine: the emulator connects to a socket of ours and
is read at once and always, so that it never waits for whoever looks on."""

import collections
import socket
import time

from .paths import Problem

# What is typed goes out in small portions, as a UART's FIFO is small and
# nobody at the other end says stop.
PORTION = 8
PORTION_SECONDS = 0.01
WAITING_LIMIT = 1 << 20     # bytes kept for a TCP client that is not there yet


def _listen(port=0):
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        server.bind(("127.0.0.1", port))
    except OSError as error:
        raise Problem(f"TCP port {port}: {error.strerror}") from error
    server.listen(1)
    return server


class Line:
    """One serial line, and where it goes: `spec` is stdio, a file name or
    tcp:PORT (0: one that is free; it is .tcp then). `on_data` is called with
    everything that the machine sends. `keep`: a TCP client that comes later gets
    what was sent before; else only what comes from then on, as on a real line."""

    def __init__(self, spec, on_data, keep=True):
        self.on_data = on_data
        self.keep = keep
        self.server = _listen()
        self.port = self.server.getsockname()[1]
        self.machine = None
        self.typed = collections.deque()
        self.next_portion = 0.0
        self.file = self.client_server = self.client = self.tcp = None
        self.waiting = b""
        self.stdio = spec == "stdio"
        if spec.startswith("tcp:"):
            if not spec[4:].isdigit():
                raise Problem(f"'{spec}': say tcp:PORT")
            self.client_server = _listen(int(spec[4:]))
            self.tcp = self.client_server.getsockname()[1]
        elif not self.stdio:
            self.file = open(spec, "wb")

    def sockets(self):
        """What to wait on for reading: {socket: what to call}."""
        ways = {}
        if self.machine:
            ways[self.machine] = self._from_machine
        elif self.server:
            ways[self.server] = self._accept_machine
        if self.client:
            ways[self.client] = self._from_client
        elif self.client_server:
            ways[self.client_server] = self._accept_client
        return ways

    def _accept_machine(self):
        self.machine, _ = self.server.accept()
        self.machine.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.server.close()
        self.server = None

    def _accept_client(self):
        self.client, _ = self.client_server.accept()
        self.client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        waiting, self.waiting = self.waiting, b""
        self._to_client(waiting)

    def _from_machine(self):
        try:
            data = self.machine.recv(65536)
        except OSError:
            data = b""
        if not data:
            self.machine.close()
            self.machine = None
            return
        if self.file:
            self.file.write(data)
            self.file.flush()
        elif self.client:
            self._to_client(data)
        elif self.client_server and self.keep and len(self.waiting) < WAITING_LIMIT:
            self.waiting += data
        self.on_data(data)

    def _from_client(self):
        if not self.client:     # gone since it was waited for
            return
        try:
            data = self.client.recv(65536)
        except OSError:
            data = b""
        if data:
            self.type(data)
        else:
            self.client.close()
            self.client = None

    def _to_client(self, data):
        try:
            self.client.sendall(data)
        except OSError:
            self.client.close()
            self.client = None

    def type(self, data):
        """Queue what is to be sent to the machine."""
        self.typed.extend(data)

    def send_due(self):
        """Send a portion if it is time; the seconds until the next, or None."""
        if not self.typed or not self.machine:
            return None
        now = time.monotonic()
        if now >= self.next_portion:
            count = min(PORTION, len(self.typed))
            portion = bytes(self.typed.popleft() for _ in range(count))
            try:
                self.machine.sendall(portion)
            except OSError:
                self.typed.clear()
            self.next_portion = now + PORTION_SECONDS
        return max(0.0, self.next_portion - now)

    def close(self):
        for handle in (self.machine, self.server, self.client, self.client_server,
                       self.file):
            if handle:
                handle.close()
