# SPDX-License-Identifier: GPL-2.0-only
"""A guest boots ballooned again after each reboot in the same QEMU."""

from reboots import reboot_times

TIMEOUT = 120


def run(bed):
    reboot_times(bed, 3)
