# SPDX-License-Identifier: GPL-2.0-only
"""Two vCPUs on two CPUs touch, free and balloon at the same time."""

from pod import MIB
from steps import boot_ballooned, move_balloon

TIMEOUT = 90


def run(bed):
    bed.boot(cpus=2)
    guest, pod = boot_ballooned(bed, target=256 * MIB, cpus=2,
                                devices="-device virtio-balloon-pci,free-page-reporting=on")
    for cpu in (0, 1):
        guest.post(f"(n=0; while [ ! -e /tmp/enough ]; do n=$((n + 1));"
                   f" taskset {1 << cpu} memfile fill /tmp/f{cpu} 24 $n &&"
                   f" taskset {1 << cpu} memfile check /tmp/f{cpu} 24 $n ||"
                   f" echo bad >/tmp/bad; done) &")
    for target in (224, 320, 208):
        move_balloon(bed, guest, pod, target * MIB)
    guest.sh("touch /tmp/enough; sleep 1; [ ! -e /tmp/bad ]")
