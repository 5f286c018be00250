# SPDX-License-Identifier: GPL-2.0-only
"""A stock guest whose kernel tests all memory first (memtest=1) boots within its target."""

from scrub import scrubbed_linux

TIMEOUT = 90


def run(bed):
    scrubbed_linux(bed, "memtest=1", "early_memtest: # of tests: 1")
