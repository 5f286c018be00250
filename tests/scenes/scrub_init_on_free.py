# SPDX-License-Identifier: GPL-2.0-only
"""A stock guest that clears what is free (init_on_free=1), all memory at boot, fits its target."""

from scrub import scrubbed_linux

TIMEOUT = 90


def run(bed):
    scrubbed_linux(bed, "init_on_free=1", "clearing system memory may take some time")
