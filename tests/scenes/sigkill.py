# SPDX-License-Identifier: GPL-2.0-only
"""SIGKILL of QEMU at ten random moments returns every page each time."""

import os
import random
import time

from l2 import pod_backend

TIMEOUT = 90
ROUNDS = 10


def run(bed):
    seed = int(os.environ.get("SEED", time.time_ns() % 100000))
    bed.log(f"SEED={seed}")
    moments = random.Random(seed)
    bed.boot()
    for turn in range(ROUNDS):
        # Creation, firmware, early boot, balloon at work: short delays are as
        # likely as long ones.
        delay = 10 ** moments.uniform(-1, 0.85)
        kill_after(bed, delay)
        bed.expect_all_back()
        bed.log(f"{turn + 1}: killed after {delay:.2f} s, all back")


def kill_after(bed, delay):
    guest = bed.start(pod_backend("512M", "160M"), wait_qmp=False)
    time.sleep(delay)
    guest.kill()
    guest.wait_exit()
