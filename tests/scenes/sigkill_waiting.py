# SPDX-License-Identifier: GPL-2.0-only
"""SIGKILL of a QEMU whose vCPUs, or KVM's workers for them, wait for memory."""

import time

from errors import check
from exhaustion import cont, status
from l2 import pod_backend

TIMEOUT = 90
CPUS = 2


def run(bed):
    bed.boot()
    # Who waits: KVM's workers, the vCPUs themselves, nobody as QEMU stopped them.
    for asyncpf, waits in (("on", True), ("off", True), ("off", False)):
        guest = bed.start(pod_backend("512M", "144M"), devices="", cpus=CPUS,
                          cpu=f"host,kvm-asyncpf={asyncpf}")
        exhaust(guest)
        waiting = wait_waiting(guest) if waits else 0
        begin = time.monotonic()
        guest.kill()
        guest.wait_exit(5)
        bed.expect_all_back()
        bed.log(f"kvm-asyncpf={asyncpf}, {waiting} waited:"
                f" all back in {time.monotonic() - begin:.1f} s")


def exhaust(guest):
    guest.wait_up()
    start = guest.qmp.position()
    for cpu in range(CPUS):
        guest.sh(f"taskset {1 << cpu} memfile fill /tmp/f{cpu} 150 {cpu} >/dev/null 2>&1 &")
    guest.qmp.wait_event("STOP", start)
    check(status(guest) == "pod-exhausted", "it stopped for another reason")


def wait_waiting(guest):
    """Catch it between the touch and the stop."""
    pod = guest.pod()
    for _ in range(20):
        cont(guest)
        waiting = pod.read("waiting")
        if waiting:
            return waiting
        time.sleep(0.5)
    check(False, "nobody waits")
