# SPDX-License-Identifier: GPL-2.0-only
"""Devices of vfio-pci and mediated ones, with iommufd, meet pods: each cell of the matrix."""

import devices
from matrix import Matrix

KERNEL = "devices"
TIMEOUT = 150


def run(bed):
    devices.boot(bed)
    bed.l1.sh("modprobe iommufd")
    Matrix(bed, "i0").run()
