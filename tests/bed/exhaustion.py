# SPDX-License-Identifier: GPL-2.0-only
"""Guests that run out of memory: see them stop, and let them go on."""

import time

from errors import Dead, check
from limits import Deadline, SCALE
from pod import brief

# What people call alive: a monitor under emulation answers in 20 ms.
_MONITOR_SECONDS = 2


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
