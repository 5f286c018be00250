# SPDX-License-Identifier: GPL-2.0-only
"""Run commands in a guest through guest/agent.sh."""

import base64
import secrets
import threading

from errors import CommandFailed

# How much of a command a report needs.
_SHOWN = 300


class Agent:
    def __init__(self, stream, health):
        self._stream = stream
        self._health = health
        self._busy = threading.Lock()

    def sh(self, command, timeout=60, status=0):
        """Run a shell command; return what it printed, stripped.

        status is the exit status to insist on, None for any.
        """
        with self._busy:
            start = self._stream.position()
            nonce = self.post(command)
            index = self._stream.wait(lambda line: line.startswith(nonce), timeout,
                                      start, self._health)
        fields = self._stream.lines[index].split(" ")
        output = base64.b64decode(fields[2]).decode("utf-8", "replace").strip()
        if status is not None and int(fields[1]) != status:
            raise CommandFailed(f"'{command[:_SHOWN]}' returned {fields[1]}, not {status}: {output}")
        return output

    def post(self, command):
        """Run a command that may never return; return its nonce."""
        nonce = secrets.token_hex(6)
        payload = base64.b64encode(command.encode()).decode()
        self._stream.write(f"{nonce} {payload}\n".encode())
        return nonce
