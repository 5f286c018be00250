# SPDX-License-Identifier: GPL-2.0-only
"""All of it works when the host has no free 2 MiB block left."""

from errors import check
from limits import SCALE
from pod import MIB
from steps import TARGET, boot_ballooned, move_balloon

TIMEOUT = 90


def run(bed):
    l1 = bed.boot(memory="1280M")
    # ZONE_DMA's few MiB are whole, so keep everybody out of it.
    l1.sh("echo 1 1 1 >/proc/sys/vm/lowmem_reserve_ratio")
    l1.sh(f"fragment 48 >/tmp/fragment.log 2>&1 & for i in $(seq {300 * SCALE:.0f}); do"
          " grep -q fragmented /tmp/fragment.log && exit 0; sleep 0.1; done;"
          " cat /tmp/fragment.log; exit 1", timeout=60)
    bed.mark()
    expect_no_block(l1)
    bed.log(f"L1 is fragmented, {l1.meminfo('MemFree') // MIB} MiB are free")

    guest, pod = boot_ballooned(bed)
    check(pod.read("reserve_huge") == 0, "there was a 2 MiB block after all")
    check(pod.read("populate_2m") == 0, "a 2 MiB page was populated")
    guest.sh("memfile fill /tmp/data 24 5")
    move_balloon(bed, guest, pod, 256 * MIB)
    move_balloon(bed, guest, pod, TARGET)
    guest.sh("memfile check /tmp/data 24 5")
    expect_no_block(l1)


def expect_no_block(l1):
    """No free block of order 9 or 10 in any zone but DMA."""
    blocks = l1.sh("awk '$4 != \"DMA\" { n += $14 + $15 } END { print n + 0 }' /proc/buddyinfo")
    check(blocks == "0", f"{blocks} free blocks of 2 MiB: " + l1.sh("cat /proc/buddyinfo"))
