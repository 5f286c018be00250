# SPDX-License-Identifier: GPL-2.0-only
"""QEMU keeps devices and an ordinary pod apart, and says why; a VM that runs goes on unharmed."""

import devices
from devices import (DEVICE_REFUSED, EDU, NIC, POD_REFUSED, attach, detach, expect_error,
                     expect_inhibitors, expect_no_start, vfio)
from errors import check
from l2 import anonymous_backend, pod_backend
from pod import MIB
from steps import boot_ballooned, move_balloon

TIMEOUT = 150
_POD = {"qom_type": "pod-memory", "id": "p0", "size": 16 * MIB}


def run(bed):
    l1 = devices.boot(bed)
    for address in (EDU, NIC):
        said = expect_no_start(l1, "qemu-system-x86_64",
                               pod_backend("64M", "32M") + vfio(address, "d0"),
                               DEVICE_REFUSED.format(address))
        bed.log(f"cold: {said.splitlines()[0]}")
    for backend in (pod_backend("64M", "32M"), pod_backend("64M", "64M", ",pinnable=on")):
        expect_no_start(l1, "qemu-system-x86_64", f"{backend}{vfio(EDU, 'd0')},x-balloon-allowed=on",
                        "only potentially compatible with mdev")
    hot(bed)
    bed.expect_all_back()
    devices_first(bed)


def hot(bed):
    guest, pod = boot_ballooned(bed)
    guest.sh("memfile fill /tmp/data 32 1")
    for address in (EDU, NIC, EDU):
        said = expect_error(guest, DEVICE_REFUSED.format(address), "device_add",
                            driver="vfio-pci", host=address, id="d0")
        expect_inhibitors(guest, set())
    bed.log(f"hot: {said}")
    guest.sh("memfile check /tmp/data 32 1")
    move_balloon(bed, guest, pod, 192 * MIB)
    guest.sh("memfile fill /tmp/more 24 2")
    move_balloon(bed, guest, pod, 168 * MIB)
    guest.sh("memfile check /tmp/data 32 1 && memfile check /tmp/more 24 2")
    bed.log(bed.audit(guest))
    guest.quit()


def devices_first(bed):
    """Other memory, both devices; each inhibits the balloon until it has gone."""
    guest = bed.start(anonymous_backend("192M"), devices=vfio(EDU, "d0") + vfio(NIC, "d1") +
                      " -device virtio-balloon-pci")
    guest.wait_up()
    expect_inhibitors(guest, {("vfio", EDU), ("vfio", NIC)})
    said = expect_error(guest, POD_REFUSED.format(f"({EDU}|{NIC})"), "object-add", **_POD)
    bed.log(f"pod last: {said}")
    expect_inhibitors(guest, {("vfio", EDU), ("vfio", NIC)})
    bed.log(guest.sh(devices.edu(3, 1)))

    detach(guest, "d0")
    expect_inhibitors(guest, {("vfio", NIC)})
    expect_error(guest, POD_REFUSED.format(NIC), "object-add", **_POD)
    check(guest.qmp.call("query-balloon")["inhibited"], "the balloon is not inhibited")
    guest.qmp.call("balloon", value=160 * MIB)
    guest.wait_balloon(160 * MIB)
    ignored = guest.qmp.call("query-balloon")["ignored"]
    check(ignored >= 31 * MIB, f"the host took back what is pinned: {ignored} bytes ignored")
    guest.qmp.call("balloon", value=192 * MIB)
    guest.wait_balloon(192 * MIB)
    detach(guest, "d1")
    expect_inhibitors(guest, set())
    expect_error(guest, "running machine, except with pinnable=on", "object-add", **_POD)
    check(not guest.qmp.call("query-balloon")["inhibited"], "the balloon is still inhibited")
    guest.qmp.call("balloon", value=160 * MIB)
    guest.wait_balloon(160 * MIB)
    attach(guest, EDU, "d2")
    expect_inhibitors(guest, {("vfio", EDU)})
    bed.log("two detaches, and the balloon worked; a device attached again inhibits it again")
