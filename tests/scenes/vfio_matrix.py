# SPDX-License-Identifier: GPL-2.0-only
"""Devices of vfio-pci and mediated ones, with type1, meet pods: each cell of the matrix."""

import devices
from matrix import Matrix

TIMEOUT = 150


def run(bed):
    devices.boot(bed)
    Matrix(bed).run()
