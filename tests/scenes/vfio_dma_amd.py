# SPDX-License-Identifier: GPL-2.0-only
"""Devices write to and read from a pinnable pod, behind AMD's IOMMU, until QEMU is killed."""

import devices
import dma

TIMEOUT = 120


def run(bed):
    devices.boot(bed, "amd", programs=dma.PROGRAMS)
    guest, pod = dma.start(bed)
    dma.work(bed, guest, 300)
    dma.expect_frozen_at_work(bed, guest, pod)
    dma.finish_work(bed, guest)
    bed.log(bed.audit(guest))

    dma.work(bed, guest, 400)
    guest.kill()
    guest.wait_exit()
    bed.expect_all_back()
    dma.end_sending(bed)
    guest, pod = dma.start(bed)
    bed.log(guest.sh(devices.edu(4, 500)))
