# SPDX-License-Identifier: GPL-2.0-only
"""A pod that the host cannot afford is refused in words, and nobody is killed for it."""

from errors import check

TIMEOUT = 60


def run(bed):
    l1 = bed.boot(memory="768M")
    answer = l1.sh("qemu-system-x86_64 -L /fw -nodefaults -display none -accel kvm -S"
                   " -object pod-memory,id=m0,size=4G,target=2G -machine memory-backend=m0"
                   " 2>&1; echo status $?")
    bed.log(answer)
    check("status 1" in answer, "QEMU did not refuse")
    check("memory" in answer.lower(), "the refusal does not speak of memory")
    bed.expect_all_back()
