# SPDX-License-Identifier: GPL-2.0-only
"""Guests that run out of memory: see them stop, and let them go on."""

import time

from errors import Dead, check
from limits import Deadline, SCALE
from pod import MIB, brief

# What people call alive: a monitor under emulation answers in 20 ms.
_MONITOR_SECONDS = 5


def status(guest):
    """QEMU's run state. Fails when the monitor is slow to tell it."""
    begin = time.monotonic()
    state = guest.qmp.call("query-status")["status"]
    seconds = time.monotonic() - begin
    check(seconds < _MONITOR_SECONDS * SCALE, f"the monitor took {seconds:.1f} s to answer")
    return state


def wait_exhausted(bed, guest, pod, start, timeout=40):
    """Wait until QEMU has stopped the guest for want of memory, at or after start."""
    told = guest.qmp.wait_event("POD_EXHAUSTED", start, timeout)
    guest.qmp.wait_event("STOP", start, timeout)
    state = status(guest)
    check(state == "pod-exhausted", f"the run state is {state}")
    numbers = pod.numbers()
    bed.log(f"exhausted at {told['offset']:#x}: {brief(numbers)}")
    check(numbers["reserve"] == 0, "there is memory in the reserve")
    return numbers


def cont(guest):
    """Continue the guest; return where what it will say next begins."""
    start = guest.qmp.position()
    guest.qmp.call("cont")
    return start


def cont_until(guest, pod, done, step=16 * MIB, timeout=60):
    """Until done(), raise the target by step and continue whenever the guest stops.

    Returns how often that was.
    """
    deadline = Deadline(timeout)
    times = 0
    while not done():
        guest.check_alive()
        check(not deadline.over(), f"continued {times} times in {deadline.seconds:.0f} s, in vain")
        if status(guest) == "pod-exhausted":
            set_target(guest, pod.read("target") + step)
            guest.qmp.call("cont")
            times += 1
        time.sleep(0.1)
    return times


def set_target(guest, target):
    guest.qmp.call("qom-set", path="/objects/m0", property="target", value=target)


def wait_failed(guest):
    """Policy fail: either QEMU dies of it or it stops the guest and reports it."""
    deadline = Deadline(20)
    while not deadline.over():
        status = guest.status()
        if status is not None:
            check(status != 0, "QEMU ended as if all were well")
            return f"QEMU ended, status {status}: {guest.stderr()}"
        state = _state_of(guest)
        if state == "internal-error":
            return "QEMU reports internal-error"
        check(state in ("running", "gone"), f"QEMU reports {state}")
        time.sleep(0.1)
    check(False, "the guest wrote beyond its target and nothing happened")


def _state_of(guest):
    try:
        return guest.qmp.call("query-status")["status"]
    except Dead:
        check(guest.status() is not None, "QEMU runs but does not answer")
        return "gone"


def fill_to_the_brim(bed, guest, pod, size, left=6):
    """Have size MiB and more of data in the guest, and left MiB in the reserve.

    The guest is run out of memory at least once, so that what it touched and
    does not use any more has been swept.
    """
    full = said(guest, "BRIM-FULL")
    guest.post(f"memfile fill /tmp/brim {size} 3; echo BRIM-FULL >/dev/console")
    stops = cont_until(guest, pod, full, 12 * MIB)
    check(stops > 0, "the guest was not exhausted once")
    size = pod.read("reserve") // MIB - left
    guest.sh(f"memfile fill /tmp/rest {size} 4" if size > 0 else "true")
    numbers = pod.numbers()
    bed.log(f"full to the brim: {brief(numbers)}")
    return numbers


def said(guest, text):
    """A function that tells whether the guest's console has said text since now."""
    start = guest.console.position()
    return lambda: any(text in line for line in guest.console.lines[start:])
