# SPDX-License-Identifier: GPL-2.0-only
"""Twenty reboots in one QEMU."""

from reboots import reboot_times

TIMEOUT = 900


def run(bed):
    reboot_times(bed, 20)
