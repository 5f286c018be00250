# SPDX-License-Identifier: GPL-2.0-only
"""With free-page-reporting=on the pages that a guest frees go back to the reserve."""

from errors import check
from pod import MIB, mib
from steps import boot_ballooned

TIMEOUT = 90


def run(bed):
    bed.boot()
    guest, pod = boot_ballooned(bed, target=256 * MIB,
                                devices="-device virtio-balloon-pci,free-page-reporting=on")
    guest.sh("memfile fill /tmp/data 120 1")
    high = pod.read("populated")
    before = pod.read("discarded")
    guest.sh("rm /tmp/data")
    numbers = pod.wait(lambda now: now["populated"] < high - 80 * MIB, 30, "page reported")
    bed.log(f"populated went from {mib(high)} to {mib(numbers['populated'])}")
    check(numbers["discarded"] > before, "the discarded counter did not move")
    check(numbers["reserve"] > 80 * MIB, "the reserve did not get the pages")
    guest.sh("memfile fill /tmp/data 120 2 && memfile check /tmp/data 120 2")
