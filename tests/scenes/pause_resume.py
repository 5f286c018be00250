# SPDX-License-Identifier: GPL-2.0-only
"""Policy wait: a guest beyond its target is stopped, and goes on exactly there."""

from errors import check
from exhaustion import cont, status, wait_exhausted
from l2 import pod_backend
from pod import MIB, mib

TIMEOUT = 90
FILE_MIB = 200
UNUSED_MIB = 24


def run(bed):
    l1 = bed.boot(programs=[("/usr/bin/fallocate", "bin/punch")])
    # The driver stays out: its balloon would keep the guest within the target.
    guest = bed.start(pod_backend("512M", "160M"), append="bed.noballoon")
    pod = guest.pod()
    bed.sample(pod)
    guest.wait_up()
    unused = guest.sh(f"hog {UNUSED_MIB} 1000 where >/tmp/unused & sleep 1;"
                      " while ! grep touched /tmp/unused; do sleep 0.1; done; cat /tmp/unused")
    start = guest.qmp.position()
    # The agent is busy with it until it is done.
    guest.post(f"memfile fill /tmp/data {FILE_MIB} 5")
    for help_out in (by_balloon, by_qom, by_sysfs, by_discard(unused), by_enough):
        numbers = wait_exhausted(bed, guest, pod, start)
        # QEMU's own accesses may have been the first to come short.
        check(numbers["owned"] == numbers["target"] + numbers["overdraft"],
              f"it does not own its target: {numbers}")
        expect_shown(guest)
        help_out(l1, guest, pod)
        start = cont(guest)
    guest.sh(f"memfile check /tmp/data {FILE_MIB} 5")
    bed.log("the file is intact")
    check(status(guest) == "running", "it was exhausted once more")


def by_balloon(_l1, guest, pod):
    guest.qmp.call("balloon", value=pod.read("target") + 24 * MIB)


def by_qom(_l1, guest, pod):
    target = pod.read("target") + 24 * MIB
    guest.qmp.call("qom-set", path="/objects/m0", property="target", value=target)


def by_sysfs(l1, _guest, pod):
    l1.sh(f"echo {pod.read('target') + 24 * MIB} >{pod.path}/target")


def by_enough(_l1, guest, _pod):
    guest.qmp.call("balloon", value=320 * MIB)


def by_discard(unused):
    """Punch holes where the guest said that it does not need the content."""
    pieces = merge(tuple(map(int, line.split())) for line in unused.splitlines()
                   if line[0].isdigit())
    punches = "\n".join(f"punch -p -o {start} -l {end - start} $file" for start, end in pieces)

    def discard(l1, guest, pod):
        l1.sh(f"file={guest.pod_file()}\n{punches}", status=None)
        numbers = pod.numbers()
        # What is only a part of a 2 MiB block comes when it is needed.
        check(numbers["reserve"] >= UNUSED_MIB // 2 * MIB,
              f"{len(pieces)} holes gave the reserve {mib(numbers['reserve'])}")
    return discard


def merge(pieces):
    """(start, length) pairs as (start, end) pairs of the longest runs."""
    runs = []
    for start, length in sorted(pieces):
        begin = runs.pop()[0] if runs and runs[-1][1] == start else start
        runs.append((begin, start + length))
    return runs


def expect_shown(guest):
    table = guest.qmp.hmp("info pod")
    check("exhausted" in table and "exhaust-policy=wait" in table, f"info pod says: {table}")
    check("pod-exhausted" in guest.qmp.hmp("info status"), "info status does not say why")
