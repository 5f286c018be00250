# SPDX-License-Identifier: GPL-2.0-only
"""Devices write to and read from a pinnable pod, which nobody can move under them."""

import devices
import dma
from devices import EDU
from errors import check

TIMEOUT = 150


def run(bed):
    devices.boot(bed, programs=dma.PROGRAMS)
    guest, pod = dma.start(bed)
    guest.sh("memfile fill /tmp/data 32 1")
    dma.work(bed, guest, 100)
    dma.expect_frozen_at_work(bed, guest, pod)
    dma.finish_work(bed, guest)

    bed.log("detach edu, attach it again")
    devices.detach(guest, "d0")
    dma.expect_frozen(bed, guest, pod)
    devices.attach(guest, EDU, "d0")
    dma.work(bed, guest, 200)
    dma.finish_work(bed, guest)
    guest.sh("memfile check /tmp/data 32 1")

    bed.log("reboot: the pages stay, and the devices know them still")
    before = dma.frozen(pod)
    guest.post("reboot -f")
    guest.wait_up()
    check(dma.frozen(pod) == before, f"{before} became {dma.frozen(pod)}")
    dma.work(bed, guest, 300)
    dma.finish_work(bed, guest)
    bed.log(bed.audit(guest))
