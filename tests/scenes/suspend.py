# SPDX-License-Identifier: GPL-2.0-only
"""S3: the guest takes its whole balloon back to sleep, and writes on when it wakes up."""

from errors import check
from exhaustion import cont_until, said, status
from limits import Deadline
from pod import MIB, brief
from steps import SIZE, TARGET, boot_ballooned

TIMEOUT = 90
KEPT_MIB, FILE_MIB = 24, 32


def run(bed):
    bed.boot()
    guest, pod = boot_ballooned(bed, extra=" -global PIIX4_PM.disable_s3=0")
    guest.sh(f"memfile fill /tmp/kept {KEPT_MIB} 1; echo deep >/sys/power/mem_sleep")
    numbers = pod.numbers()
    check(FILE_MIB * MIB > numbers["reserve"], f"no need to wait for anything: {brief(numbers)}")
    written = said(guest, "WRITTEN")
    guest.post(f"(sleep 1; memfile fill /tmp/data {FILE_MIB} 2; echo WRITTEN >/dev/console) &"
               " echo mem >/sys/power/state")
    wait_suspended(guest)
    guest.wait_balloon(SIZE)
    bed.log(f"asleep: {brief(pod.numbers())}")

    guest.qmp.call("system_wakeup")
    times = cont_until(guest, pod, written)
    bed.log(f"awake; paused {times} times until all was written: {brief(pod.numbers())}")
    guest.wait_balloon(TARGET if not times else pod.read("target"))
    guest.sh(f"memfile check /tmp/kept {KEPT_MIB} 1 && memfile check /tmp/data {FILE_MIB} 2")


def wait_suspended(guest):
    deadline = Deadline(20)
    while status(guest) != "suspended":
        check(not deadline.over(), "it does not fall asleep")
        guest.check_alive()
