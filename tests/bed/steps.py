# SPDX-License-Identifier: GPL-2.0-only
"""What several scenes do in the same way."""

from errors import check
from l2 import pod_backend
from pod import MIB, brief, mib

SIZE = 512 * MIB
TARGET = 160 * MIB
# The firmware, the kernel image and struct page are not in MemTotal.
_MEMTOTAL_SHARE = 0.85


def boot_ballooned(bed, size=SIZE, target=TARGET, extra="", **options):
    """Start a guest on a pod and wait until its balloon has settled by itself.

    No QMP balloon command is sent. Returns the guest and its pod.
    """
    guest = bed.start(pod_backend(f"{size // MIB}M", f"{target // MIB}M", extra), **options)
    pod = guest.pod()
    bed.sample(pod)
    expect_boot(bed, guest, pod, size, target)
    return guest, pod


def expect_boot(bed, guest, pod, size, target):
    memtotal = guest.wait_up()
    bed.log(f"the guest is up and sees {mib(memtotal)}")
    check(memtotal > _MEMTOTAL_SHARE * size, f"the guest sees only {mib(memtotal)}")
    guest.wait_balloon(target)
    expect_target(bed, guest, pod, target)


def expect_target(bed, guest, pod, target):
    """The pod's target is target and what it owns has followed."""
    numbers = pod.wait(lambda now: now["target"] == target and now["owned"] <= target,
                       20, f"target of {mib(target)}")
    check(numbers["to_shrink"] == 0, f"something is left to shrink: {brief(numbers)}")
    bed.log(brief(numbers))
    return numbers


def move_balloon(bed, guest, pod, target):
    """QMP balloon, then wait for the guest and for the pod."""
    bed.log(f"balloon to {mib(target)}")
    guest.qmp.call("balloon", value=target)
    guest.wait_balloon(target)
    return expect_target(bed, guest, pod, target)
