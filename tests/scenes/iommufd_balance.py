# SPDX-License-Identifier: GPL-2.0-only
"""As vfio_balance, with an iommufd: what comes, fails and goes leaves no inhibitor behind."""

import balance
from balance import Balance
from pod import MIB

TIMEOUT = 200
KERNEL = "devices"
STEPS = [*balance.STEPS, "fail_bind", "fail_attach"]
SIZE = 64 * MIB
PINNABLE = f"-object pod-memory,id=m0,size={SIZE},pinnable=on -machine memory-backend=m0"


def run(bed):
    balance.boot(bed, modules=["iommufd"])
    seed = balance.seed(bed)
    guest = bed.start(f"-m {SIZE // MIB}", devices="-object iommufd,id=i0 -S")
    Balance(bed, guest, STEPS, iommufd="i0").run(60, seed)
    guest.quit()
    guest = bed.start(PINNABLE, devices="-object iommufd,id=i0 -S")
    Balance(bed, guest, STEPS, iommufd="i0").run(20, seed)
    guest.quit()
    bed.expect_all_back()
