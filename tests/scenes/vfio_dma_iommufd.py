# SPDX-License-Identifier: GPL-2.0-only
"""Devices write to and read from a pinnable pod, mapped for them by iommufd."""

import devices
import dma

KERNEL = "devices"
TIMEOUT = 120


def run(bed):
    l1 = devices.boot(bed, programs=dma.PROGRAMS)
    l1.sh("modprobe iommufd")
    guest, pod = dma.start(bed, " -object iommufd,id=i0", ",iommufd=i0")
    dma.work(bed, guest, 500)
    dma.expect_frozen_at_work(bed, guest, pod)
    dma.finish_work(bed, guest)
    devices.detach(guest, "d0")
    devices.detach(guest, "d1")
    dma.expect_frozen(bed, guest, pod)
    bed.log(bed.audit(guest))
