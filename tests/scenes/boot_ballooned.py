# SPDX-License-Identifier: GPL-2.0-only
"""A stock guest boots ballooned, with no QMP command, then grows and shrinks."""

from errors import check
from pod import MIB, mib
from steps import TARGET, boot_ballooned, move_balloon

TIMEOUT = 90


def run(bed):
    bed.boot()
    guest, pod = boot_ballooned(bed)
    check(pod.read("populated") > 32 * MIB, "a guest cannot run on so few pages")
    check(pod.read("ept_faults") > 32, "the NPT violations were not counted")
    bed.log(bed.audit(guest))
    expect_query_pod(guest, pod)

    numbers = move_balloon(bed, guest, pod, 320 * MIB)
    check(numbers["owned"] == 320 * MIB, f"owned is {mib(numbers['owned'])}, not the target")
    guest.sh("memfile fill /tmp/data 128 1 && memfile check /tmp/data 128 1 && rm /tmp/data")
    free = bed.settled_free()

    move_balloon(bed, guest, pod, TARGET - 16 * MIB)
    gained = bed.settled_free() - free
    check(gained > 160 * MIB, f"L1 got back {mib(gained)} of 176 MiB")
    bed.log(f"L1 has {mib(gained)} more free memory")


def expect_query_pod(guest, pod):
    """query-pod, info pod and sysfs tell the same, while the guest is stopped."""
    guest.qmp.call("stop")
    told = guest.qmp.call("query-pod")
    guest_view = told[0] if isinstance(told, list) else told
    numbers = pod.numbers()
    table = guest.qmp.hmp("info pod")
    guest.qmp.call("cont")
    check("target" in table, f"info pod says: {table}")
    for name in ("size", "target", "owned", "populated", "reserve", "outstanding", "given"):
        check(guest_view[name] == numbers[name],
              f"query-pod: {name} is {guest_view[name]}, in sysfs {numbers[name]}")
