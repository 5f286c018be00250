# SPDX-License-Identifier: GPL-2.0-only
"""SIGKILL of a QEMU whose vCPUs, or KVM's workers for them, wait for memory."""

import time

from errors import Dead, check
from exhaustion import cont, status
from l2 import pod_backend
from limits import Deadline

TIMEOUT = 90
CPUS = 2


def run(bed):
    l1 = bed.boot()
    # Who waits: KVM's workers, the vCPUs themselves, nobody as QEMU stopped them.
    for asyncpf, waits in (("on", True), ("off", True), ("off", False)):
        guest = bed.start(pod_backend("512M", "144M"), devices="", cpus=CPUS,
                          cpu=f"host,kvm-asyncpf={asyncpf}")
        exhaust(guest)
        waiting = kill_waiting(l1, guest) if waits else 0
        begin = time.monotonic()
        if not waits:
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


def kill_waiting(l1, guest):
    """Kill it between the touch and the stop, from within L1. How many waited."""
    l1.sh(f"rm -f /tmp/waited; (while read n <{guest.pod().path}/waiting && [ $n = 0 ]; do :; done;"
          f" echo $n >/tmp/waited; kill -9 {guest.pid}) >/dev/null 2>&1 &")
    deadline = Deadline(20)
    while not (waited := l1.sh("cat /tmp/waited 2>/dev/null; true")):
        check(not deadline.over(), "nobody waits")
        try:
            if status(guest) == "pod-exhausted":
                cont(guest)
        except Dead:
            # It may be gone before its answer has come; nothing else may be wrong.
            guest.check_alive()
        time.sleep(0.1)
    return int(waited)
