# SPDX-License-Identifier: GPL-2.0-only
"""Four vCPUs of a guest without an operating system clear all memory, then work in little."""

from scrub import bare_guest, bare_target, boot_l1, expect_reclaimed, wait_bare

TIMEOUT = 90


def run(bed):
    # One CPU for the four: emulated on several, nested guests that fault this
    # much come to grief now and then, on any memory.
    boot_l1(bed)
    target = bare_target(bed)
    guest = bare_guest(bed, target)
    pod = guest.pod()
    bed.sample(pod)
    wait_bare(guest)
    expect_reclaimed(bed, pod, target)
    bed.log(bed.audit(guest))
