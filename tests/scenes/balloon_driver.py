# SPDX-License-Identifier: GPL-2.0-only
"""A balloon that goes away, with its driver or for want of memory, pauses the guest at most."""

from errors import check
from exhaustion import cont_until, said
from pod import MIB, brief
from steps import TARGET, boot_ballooned

TIMEOUT = 90
FILE_MIB = 96


def run(bed):
    bed.boot()
    guest, pod = boot_ballooned(bed, devices="-device virtio-balloon-pci,deflate-on-oom=on")
    warning = guest.stderr()
    bed.log(warning)
    check("deflate-on-oom" in warning, "QEMU does not warn about deflate-on-oom")

    guest.sh("rmmod virtio_balloon")
    bed.log(f"unloaded: {brief(pod.numbers())}")
    check(pod.read("given") == 0, "something is given without a driver")
    times = write(guest, pod, "memfile fill /tmp/data", FILE_MIB, 1)
    check(times > 0, "the guest was not paused beyond its target")
    guest.sh("modprobe virtio_balloon")
    guest.wait_balloon(pod.read("target"))
    guest.sh(f"memfile check /tmp/data {FILE_MIB} 1")
    bed.log(f"loaded again: {brief(pod.numbers())}")

    # More than the balloon leaves: the driver gives pages back to the guest.
    times = write(guest, pod, "hog", 140, 0)
    check(pod.read("target") > TARGET, "the target was never raised")
    bed.log(f"paused {times} times while it deflated: {brief(pod.numbers())}")
    guest.sh(f"memfile check /tmp/data {FILE_MIB} 1")


def write(guest, pod, command, size, argument):
    """Run a command in the guest that wants memory; return how often that paused it."""
    done = said(guest, "WRITTEN")
    guest.post(f"{command} {size} {argument} >/dev/null && echo WRITTEN >/dev/console")
    return cont_until(guest, pod, done, 32 * MIB)
