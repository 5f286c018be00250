# SPDX-License-Identifier: GPL-2.0-only
"""A small QMP client over a stream."""

import json

from errors import BedError


class QmpError(BedError):
    """QEMU answered with an error."""

    def __init__(self, command, error):
        super().__init__(f"QMP {command}: {error['desc']}")
        self.error_class = error["class"]
        self.description = error["desc"]


class Qmp:
    def __init__(self, stream, start, timeout, health):
        """Talk to the QEMU that greets on stream at or after line start."""
        self._stream = stream
        self._health = health
        self._serial = 0
        stream.wait(lambda line: '"QMP"' in line, timeout, start, health)
        self.call("qmp_capabilities")

    def call(self, command, timeout=30, **arguments):
        """Execute a command and return its result."""
        self._serial += 1
        ident = f"bed-{self._serial}"
        names = {key.replace("_", "-"): value for key, value in arguments.items()}
        request = {"execute": command, "arguments": names, "id": ident}
        start = self._stream.position()
        self._stream.write(json.dumps(request).encode() + b"\n")
        index = self._stream.wait(lambda line: _load(line).get("id") == ident,
                                  timeout, start, self._health)
        answer = _load(self._stream.lines[index])
        if "error" in answer:
            raise QmpError(command, answer["error"])
        return answer["return"]

    def position(self):
        """Where the next event will be, for wait_event()."""
        return self._stream.position()

    def events(self, name, start):
        """The data of all events of that name from start on."""
        found = map(_load, self._stream.lines[start:])
        return [event.get("data", {}) for event in found if event.get("event") == name]

    def wait_event(self, name, start, timeout=30):
        """Wait for an event at or after start; return its data."""
        index = self._stream.wait(lambda line: _load(line).get("event") == name,
                                  timeout, start, self._health)
        return _load(self._stream.lines[index]).get("data", {})

    def hmp(self, line, timeout=30):
        return self.call("human-monitor-command", timeout, command_line=line)

    def where(self):
        """Where each vCPU is: of its registers the line with its program counter."""
        text = self.hmp("info registers -a", timeout=5)
        return [line.strip() for line in text.splitlines() if line[1:4] == "IP="]


def _load(line):
    """A message; a line cut short by a killed QEMU counts as an empty one."""
    try:
        message = json.loads(line)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}
