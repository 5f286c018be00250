# SPDX-License-Identifier: GPL-2.0-only
"""QEMU says in a sentence why it cannot have a pod; rmmod is refused while one lives."""

from errors import check
from l2 import pod_backend

TIMEOUT = 90

# arguments -> a word that the message must have
_BAD = {
    "-object pod-memory,id=m0,size=64M,target=128M": "target",
    "-object pod-memory,id=m0,size=63M,target=32M": "2 MiB",
    "-object pod-memory,id=m0,size=64M,target=32M,exhaust-policy=hope": "hope",
    "-object pod-memory,id=m0,size=64M,target=32M,prealloc=on": "prealloc",
    "-object pod-memory,id=m0,size=64M,target=32M -overcommit mem-lock=on": "mem-lock",
}


def run(bed):
    l1 = bed.boot()
    for arguments, word in _BAD.items():
        expect_refusal(bed, l1, f"{arguments} -machine memory-backend=m0", word)
    l1.sh("rmmod kvm-pod")
    expect_refusal(bed, l1, pod_backend("64M", "32M"), "modprobe kvm-pod")
    l1.sh("modprobe kvm-pod")

    guest = bed.start(pod_backend("256M", "256M"))
    guest.wait_up()
    answer = l1.sh("rmmod kvm-pod", status=1)
    bed.log(answer)
    check(guest.pod().exists(), "the pod is gone after a refused rmmod")


def expect_refusal(bed, l1, arguments, word):
    answer = l1.sh("qemu-system-x86_64 -L /fw -nodefaults -display none -accel kvm -S"
                   f" {arguments} 2>&1; echo status $?")
    bed.log(answer.replace("\n", "; "))
    check("status 1" in answer, f"QEMU did not refuse {arguments}")
    check(word in answer, f"no '{word}' in: {answer}")
