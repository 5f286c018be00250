# SPDX-License-Identifier: GPL-2.0-only
"""Policies change while a guest runs: wait, grow with its overdraft paid back, fail."""

from errors import check
from exhaustion import cont, wait_exhausted, wait_failed
from l2 import pod_backend
from pod import MIB, brief, mib

TIMEOUT = 90
TARGET = 160 * MIB
GROW_MAX = 48 * MIB
OBJECT = "/objects/m0"


def run(bed):
    bed.boot()
    guest = bed.start(pod_backend("512M", "160M"), append="bed.noballoon",
                      devices="-device virtio-balloon-pci,free-page-reporting=on")
    pod = guest.pod()
    bed.sample(pod, overdraft_max=GROW_MAX)
    guest.wait_up()
    guest.sh("memfile fill /tmp/kept 16 1")
    start = guest.qmp.position()
    guest.post("memfile fill /tmp/data 200 2")
    wait_exhausted(bed, guest, pod, start)

    set_property(guest, "grow-max", GROW_MAX)
    set_property(guest, "exhaust-policy", "grow")
    numbers = wait_exhausted(bed, guest, pod, cont(guest))
    check(numbers["overdraft"] == GROW_MAX, f"the overdraft is {mib(numbers['overdraft'])}")
    check(numbers["target"] == TARGET, "the target has moved")
    expect_shown(guest, numbers)

    set_property(guest, "target", 280 * MIB)
    numbers = pod.numbers()
    check(numbers["overdraft"] == 0, f"not paid back by a higher target: {brief(numbers)}")
    check(numbers["owned"] == numbers["target"], f"not all taken: {brief(numbers)}")
    cont(guest)
    guest.sh("memfile check /tmp/data 200 2 && memfile check /tmp/kept 16 1")
    expect_paid_back(bed, guest, pod)
    guest.sh("memfile check /tmp/kept 16 1")
    expect_fail(bed, guest)


def set_property(guest, name, value):
    guest.qmp.call("qom-set", path=OBJECT, property=name, value=value)


def expect_shown(guest, numbers):
    told = guest.qmp.call("query-pod")[0]
    for name in ("overdraft", "owned"):
        check(told[name] == numbers[name], f"query-pod: {name} is {told[name]}")
    check(told["exhaust-policy"] == "grow", f"query-pod: {told['exhaust-policy']}")
    table = guest.qmp.hmp("info pod")
    check("overdraft" in table and "exhaust-policy=grow" in table, f"info pod says: {table}")


def expect_paid_back(bed, guest, pod):
    """What the guest frees goes to the host before it goes to the reserve."""
    guest.sh("memfile fill /tmp/more 20 3 && memfile check /tmp/more 20 3")
    numbers = pod.numbers()
    bed.log(brief(numbers))
    check(numbers["overdraft"] > 8 * MIB, "no overdraft although the target is too small")
    guest.sh("rm /tmp/more /tmp/data; modprobe virtio_balloon")
    numbers = pod.wait(lambda now: now["overdraft"] == 0, 30, "overdraft paid back")
    bed.log(f"paid back: {brief(numbers)}")
    guest.wait_balloon(numbers["target"])


def expect_fail(bed, guest):
    """Without the driver the guest is beyond its target soon."""
    guest.sh("rmmod virtio_balloon")
    set_property(guest, "exhaust-policy", "fail")
    guest.post("memfile fill /tmp/data 300 4")
    bed.log(wait_failed(guest))
