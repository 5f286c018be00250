# SPDX-License-Identifier: GPL-2.0-only
"""Devices write to and read from a pinnable pod, behind AMD's IOMMU."""

import devices
import dma

TIMEOUT = 120


def run(bed):
    devices.need_pinnable(bed)
    devices.boot(bed, "amd", programs=dma.PROGRAMS)
    guest, pod = dma.start(bed)
    dma.work(bed, guest, 300)
    dma.expect_frozen(bed, guest, pod)
    dma.finish_work(bed, guest)
    bed.log(bed.audit(guest))
