# SPDX-License-Identifier: GPL-2.0-only
"""How long to wait. KVM_POD_TIMEOUT_SCALE stretches every limit on a slow machine."""

import os
import time

SCALE = float(os.environ.get("KVM_POD_TIMEOUT_SCALE", "1"))


class Deadline:
    """A moment some seconds from now, stretched."""

    def __init__(self, seconds):
        self.seconds = seconds * SCALE
        self._end = time.monotonic() + self.seconds

    def left(self):
        return self._end - time.monotonic()

    def over(self):
        return self.left() <= 0
