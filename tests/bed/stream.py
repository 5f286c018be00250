# SPDX-License-Identifier: GPL-2.0-only
"""Lines from the serial ports of a machine under test.

One thread reads every port all the time, so that no guest ever blocks on a
full port because a scene is busy elsewhere.
"""

import selectors
import socket
import threading
import time

from errors import Dead, Timeout
from limits import Deadline


class Stream:
    """One port: every line it ever sent, and a way to write to it."""

    def __init__(self, name, sock, log):
        self.name = name
        self.lines = []
        self.closed = False
        self.changed = threading.Condition()
        self._sock = sock
        self._log = log
        self._partial = b""

    def write(self, data):
        try:
            self._sock.sendall(data)
        except OSError as error:
            raise Dead(f"{self.name}: cannot write: {error}") from error

    def wait(self, wanted, timeout, start=0, health=lambda: None):
        """Wait for a line at or after start with wanted(line) true; return its index.

        health() is called now and then, to raise when waiting became pointless.
        """
        deadline = Deadline(timeout)
        while True:
            with self.changed:
                for index in range(start, len(self.lines)):
                    if wanted(self.lines[index]):
                        return index
                start = max(start, len(self.lines))
                left = deadline.left()
                if not self.closed and left > 0:
                    self.changed.wait(min(left, 0.5))
                fresh = len(self.lines) > start
            health()
            if not fresh and self.closed:
                raise Dead(f"{self.name}: the machine is gone")
            if not fresh and left <= 0:
                raise Timeout(f"{self.name}: nothing after {deadline.seconds:.0f} s")

    def position(self):
        """Where the next line will be."""
        with self.changed:
            return len(self.lines)

    def rest(self):
        """What came after the last whole line."""
        with self.changed:
            return self._partial.decode("utf-8", "replace")

    def feed(self, data):
        """Take what arrived; b"" is the end."""
        with self.changed:
            *whole, self._partial = (self._partial + data).split(b"\n")
            for raw in whole:
                line = raw.decode("utf-8", "replace").rstrip("\r")
                self.lines.append(line)
                self._log.write(f"{time.time():.3f} {line}\n")
            self._log.flush()
            if not data:
                self.closed = True
            self.changed.notify_all()


class Pump(threading.Thread):
    """The thread that reads all streams of one machine."""

    def __init__(self):
        super().__init__(daemon=True)
        self._selector = selectors.DefaultSelector()

    def stream(self, name, log):
        """A new stream and the socket to hand to the machine."""
        ours, theirs = socket.socketpair()
        stream = Stream(name, ours, log)
        self._selector.register(ours, selectors.EVENT_READ, stream)
        return stream, theirs

    def run(self):
        while self._selector.get_map():
            for key, _ in self._selector.select():
                self._read(key)

    def _read(self, key):
        try:
            data = key.fileobj.recv(1 << 16)
        except OSError:
            data = b""
        key.data.feed(data)
        if not data:
            self._selector.unregister(key.fileobj)
