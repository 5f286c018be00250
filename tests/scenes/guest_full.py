# SPDX-License-Identifier: GPL-2.0-only
"""A guest that uses all it was left, to its last page, is never failed within its target."""

from errors import check
from pod import MIB
from steps import boot_ballooned, move_balloon

TIMEOUT = 90
_OOM = r"Out of memory|oom-killer|Call Trace|Mem-Info|oom_reaper"


def run(bed):
    bed.boot()
    guest, pod = boot_ballooned(bed, devices="-device virtio-balloon-pci,free-page-reporting=on")
    guest.allowed = _OOM
    fill_up(bed, guest, pod)
    move_balloon(bed, guest, pod, 256 * MIB)
    fill_up(bed, guest, pod)
    move_balloon(bed, guest, pod, 152 * MIB)
    fill_up(bed, guest, pod)


def fill_up(bed, guest, pod):
    """The guest's own OOM killer ends what wants more than there is."""
    guest.sh("(echo 1000 >/proc/self/oom_score_adj; exec hog 600 0)", status=137)
    guest.sh("memfile fill /tmp/data 16 1 && memfile check /tmp/data 16 1; rm /tmp/data")
    numbers = pod.numbers()
    check(numbers["exhausted"] == 0, f"the pod failed {numbers['exhausted']} touches")
    bed.log(f"full: {bed.audit(guest)}")
