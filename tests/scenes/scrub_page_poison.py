# SPDX-License-Identifier: GPL-2.0-only
"""page_poison=1 fills all free memory with 0xaa, none of which a sweep can take: it pauses."""

from exhaustion import cont, wait_exhausted
from l2 import pod_backend
from pod import MIB
from scrub import SIZE
from steps import expect_boot, move_balloon

TIMEOUT = 90
TARGET, LATER = 256 * MIB, 512 * MIB


def run(bed):
    bed.boot(memory="3G")
    guest = bed.start(pod_backend(f"{SIZE // MIB}M", f"{TARGET // MIB}M", ",exhaust-policy=wait"),
                      append="page_poison=1")
    pod = guest.pod()
    bed.sample(pod)
    numbers = wait_exhausted(bed, guest, pod, 0)
    bed.log(f"{numbers['sweep_scanned']} pages were looked at, {numbers['sweep_reclaimed']} zero")
    guest.qmp.call("balloon", value=SIZE)
    cont(guest)
    expect_boot(bed, guest, pod, SIZE, SIZE)
    guest.sh("memfile fill /tmp/data 64 1 && memfile check /tmp/data 64 1")
    move_balloon(bed, guest, pod, LATER)
    guest.sh("memfile check /tmp/data 64 1")
    bed.log(bed.audit(guest))
