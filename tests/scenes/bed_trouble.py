# SPDX-License-Identifier: GPL-2.0-only
"""The bed itself: a kernel that complains, or dies, fails whatever goes on."""

from errors import BedError, Dead, Vanished, check

TIMEOUT = 60


def run(bed):
    expect_vanished(bed)
    for trouble in ("echo 'WARNING: CPU: 0 PID: 1 at a test' >/dev/kmsg",
                    "echo c >/proc/sysrq-trigger"):
        l1 = bed.boot()
        try:
            l1.sh(f"({trouble}); sleep 20")
        except Dead as error:
            bed.log(str(error).splitlines()[0])
        except BedError as error:
            check(False, f"not seen as trouble: {error}")
        else:
            check(False, f"nothing was wrong after: {trouble}")
        bed.abandon()


def expect_vanished(bed):
    """An L1 that ends while it boots, and says nothing, is booted twice and no more."""
    try:
        bed.boot(append="rdinit=/bin/poweroff -- -f")
    except Vanished as error:
        bed.log(str(error))
    else:
        check(False, "an L1 that powered off was up")
