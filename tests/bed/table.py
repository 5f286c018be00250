# SPDX-License-Identifier: GPL-2.0-only
"""A pod's counters as rows, one a second, for people who look on."""

import time

from errors import Timeout
from pod import MIB

_STEP_TIMEOUT = 180
_SIZES = (("target", "target"), ("owned", "owned"), ("populated", "populated"),
          ("reserve", "reserve"), ("outstanding", "outstanding"), ("given", "given"),
          ("to shrink", "to_shrink"))
# What a scene counts beside the sizes: (title, file).
FAULTS = (("2M pages", "populate_2m"), ("4K pages", "populate_4k"), ("discards", "discarded"))
SWEEPS = (("2M pages", "populate_2m"), ("4K pages", "populate_4k"),
          ("swept", "sweep_scanned"), ("were zero", "sweep_reclaimed"))
WAITS = (("4K pages", "populate_4k"), ("waiting", "waiting"), ("exhausted", "events_exhausted"))


class Table:
    """What a pod's sysfs tells, sizes in MiB, and in front of it what word() tells."""

    def __init__(self, pod, counts, title, word):
        self._pod = pod
        self._counts = counts
        self._word = word
        self._begin = time.monotonic()
        names = [name for name, _ in _SIZES + counts]
        print(f"\n  {pod.path}, sizes in MiB")
        print(f"   time {title:>7}" + "".join(f"{name:>12}" for name in names), flush=True)

    def row(self):
        """Print a row; return its numbers."""
        numbers = self._pod.numbers()
        cells = [f"{numbers[name] / MIB:12.1f}" for _, name in _SIZES]
        cells += [f"{numbers[name]:12d}" for _, name in self._counts]
        seconds = time.monotonic() - self._begin
        print(f"{seconds:6.1f}s {self._word():>7}" + "".join(cells), flush=True)
        return numbers

    def follow(self, done, what):
        """Rows until done(numbers); return the last one's."""
        deadline = time.monotonic() + _STEP_TIMEOUT
        while True:
            numbers = self.row()
            if done(numbers):
                return numbers
            if time.monotonic() > deadline:
                raise Timeout(f"{what}: not within {_STEP_TIMEOUT} s")
            time.sleep(1)
