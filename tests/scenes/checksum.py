# SPDX-License-Identifier: GPL-2.0-only
"""Guest data survives while the balloon moves and freed pages are reported."""

from pod import MIB
from steps import boot_ballooned, move_balloon

TIMEOUT = 90
REPORTING = "-device virtio-balloon-pci,free-page-reporting=on"
FILE_MIB = 64


def run(bed):
    bed.boot()
    guest, pod = boot_ballooned(bed, target=256 * MIB, devices=REPORTING)
    guest.sh(f"memfile fill /tmp/data {FILE_MIB} 7", timeout=30)
    bed.log(f"a file of {FILE_MIB} MiB is written")
    # Memory that is touched and freed again and again gives the pages to report.
    guest.post("while [ ! -e /tmp/enough ]; do hog 16 0; done >/dev/null &")
    for turn, target in enumerate((224, 320, 208, 256)):
        move_balloon(bed, guest, pod, target * MIB)
        expect_file(guest)
        guest.sh(f"memfile fill /tmp/other {8 + turn} {turn}; rm /tmp/other")
    guest.sh("touch /tmp/enough")
    expect_file(guest)
    bed.log(f"the file is intact; {pod.read('discarded')} pages were discarded")
    bed.log(bed.audit(guest))
    expect_file(guest)


def expect_file(guest):
    guest.sh(f"memfile check /tmp/data {FILE_MIB} 7", timeout=30)
