# SPDX-License-Identifier: GPL-2.0-only
"""Devices that come, fail half way and go at random leave QEMU's inhibitors as they were."""

import artifacts
import balance
from balance import Balance
from errors import check
from pod import MIB

TIMEOUT = 200
SIZE = 64 * MIB
_PODCTL = f"{artifacts.TOP}/tools/podctl/podctl"
PLAIN = f"-m {SIZE // MIB}"
PINNABLE = f"-object pod-memory,id=m0,size={SIZE},pinnable=on -machine memory-backend=m0"
# A pod that QEMU knows nothing of: the kernel lets no device map it.
UNKNOWN = (f"-object memory-backend-file,id=m0,size={SIZE},mem-path={{path}},share=on,align=2M"
           " -machine memory-backend=m0")
LAUNCHER = f"podctl run --size {SIZE} --target {SIZE} -- qemu-system-x86_64"


def run(bed):
    balance.boot(bed, programs=[(_PODCTL, "bin/podctl")])
    seed = balance.seed(bed)
    attempt(bed, seed, PLAIN, rounds=60)
    failures = attempt(bed, seed, UNKNOWN, rounds=30, launcher=LAUNCHER, mappable=False)
    check(failures["map"], "everything could be mapped")
    attempt(bed, seed, PINNABLE, rounds=30)


def attempt(bed, seed, backend, rounds, mappable=True, **options):
    bed.log(backend)
    guest = bed.start(backend, devices="-S", **options)
    machine = Balance(bed, guest, balance.STEPS, mappable)
    machine.run(rounds, seed)
    guest.quit()
    bed.expect_all_back()
    return machine.failures
