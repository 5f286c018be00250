# SPDX-License-Identifier: GPL-2.0-only
"""kvm may be loaded after kvm-pod, and again: the tracepoint is found each time."""

from errors import check
from l2 import pod_backend

TIMEOUT = 90


def run(bed):
    l1 = bed.boot()
    expect_counted(bed)
    l1.sh("rmmod kvm-amd && rmmod kvm && modprobe kvm-amd")
    expect_counted(bed)
    l1.sh("rmmod kvm-pod && rmmod kvm-amd && rmmod kvm && modprobe kvm-pod && modprobe kvm-amd")
    expect_counted(bed)
    # kvm holds nothing of kvm-pod and the other way round.
    l1.sh("rmmod kvm-amd && rmmod kvm")


def expect_counted(bed):
    guest = bed.start(pod_backend("256M", "256M"))
    guest.wait_up()
    numbers = guest.pod().numbers()
    bed.log(f"{numbers['ept_faults']} violations, {numbers['populate_2m']} blocks of 2 MiB")
    check(numbers["ept_faults"] >= numbers["populate_2m"] // 2,
          "blocks were populated but violations not counted")
    guest.quit()
