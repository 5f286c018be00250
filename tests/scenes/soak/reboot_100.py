# SPDX-License-Identifier: GPL-2.0-only
"""A hundred reboots in one QEMU."""

from reboots import reboot_times

TIMEOUT = 3600


def run(bed):
    reboot_times(bed, 100)
