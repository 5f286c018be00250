# SPDX-License-Identifier: GPL-2.0-only
"""The demo's sizes: 2 GiB seen, 256 MiB held, a checksum over a large file meanwhile."""

from pod import MIB
from steps import boot_ballooned, move_balloon

TIMEOUT = 900


def run(bed):
    bed.boot(memory="2560M")
    guest, pod = boot_ballooned(bed, size=2048 * MIB, target=256 * MIB,
                                devices="-device virtio-balloon-pci,free-page-reporting=on")
    move_balloon(bed, guest, pod, 1024 * MIB)
    guest.sh("memfile fill /tmp/data 600 1", timeout=120)
    for target in (900, 1200, 850):
        move_balloon(bed, guest, pod, target * MIB)
        guest.sh("memfile check /tmp/data 600 1", timeout=120)
