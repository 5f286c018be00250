# SPDX-License-Identifier: GPL-2.0-only
"""The bed itself: a guest has timers where L1 first took its TSC for slower than it is."""

import re

from errors import check
from l2 import anonymous_backend

# It is up sooner than the stock one: before it has calibrated its TSC.
KERNEL = "devices"
TIMEOUT = 60


def run(bed):
    detected = re.search(r"tsc: Detected (\d+)\.(\d{3}) MHz", bed.boot().sh("dmesg"))
    check(detected, "L1 has no TSC")
    slower = int("".join(detected.groups())) * 997 // 1000
    bed.abandon()
    bed.boot(append=f"tsc_early_khz={slower}")
    guest = bed.start(anonymous_backend("128M"))
    guest.wait_up()
    ticks = int(guest.sh("awk '$1 == \"LOC:\" { print $2 }' /proc/interrupts"))
    bed.log(f"{ticks} timer interrupts while the guest booted")
    check(ticks > 50, f"only {ticks} timer interrupts came")
