# SPDX-License-Identifier: GPL-2.0-only
"""Policy fail: a guest that goes beyond its target stops with an error, the host does not."""

from errors import check
from exhaustion import wait_failed
from l2 import pod_backend
from pod import MIB

TIMEOUT = 90


def run(bed):
    l1 = bed.boot()
    for asyncpf in ("on", "off"):
        guest = bed.start(pod_backend("512M", "160M", ",exhaust-policy=fail"), devices="",
                          cpu=f"host,kvm-asyncpf={asyncpf}")
        pod = guest.pod()
        guest.wait_up()
        guest.post("hog 300 60")
        how = wait_failed(guest)
        bed.log(f"kvm-asyncpf={asyncpf}: {how}")
        if guest.running():
            expect_exhausted(bed, l1, guest, pod)
        bed.expect_all_back()
    told = l1.sh("dmesg | grep -c 'kvm-pod: pod.*reserve is empty'; true")
    check(int(told) > 0, "the kernel log does not say that a pod is empty")


def expect_exhausted(bed, l1, guest, pod):
    numbers = pod.numbers()
    check(numbers["exhausted"] > 0, "the exhausted counter did not move")
    check(numbers["owned"] <= 160 * MIB, "the pod took more than its target")
    bed.log(pod.audit())
    guest.quit()
