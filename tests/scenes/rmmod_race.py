# SPDX-License-Identifier: GPL-2.0-only
"""rmmod right behind the SIGKILL of a VMM waits for the last page of its pod."""

from l2 import pod_backend

TIMEOUT = 90
ROUNDS = 6


def run(bed):
    l1 = bed.boot()
    for turn in range(ROUNDS):
        guest = bed.start(pod_backend("1G", "900M"), devices="-S")
        # QEMU may still be on its way out when the first attempt comes.
        tries = l1.sh(f"kill -9 {guest.pid}; n=0;"
                      " while ! rmmod kvm-pod 2>/dev/null; do n=$((n + 1)); done; echo $n")
        l1.sh("modprobe kvm-pod")
        guest.wait_exit()
        bed.expect_all_back()
        bed.log(f"{turn + 1}: rmmod was refused {tries} times, then all was back")
