# SPDX-License-Identifier: GPL-2.0-only
"""A disk is read into holes while a pod is exhausted: the data is right in the end.

With aio=threads the monitor lives all the time. With io_uring and native it is
the main thread itself that touches the holes: beyond overdraft_max it waits
until somebody raises the target in sysfs.
"""

import time

from errors import check
from exhaustion import cont_until, fill_to_the_brim, said, status
from l2 import pod_backend
from pod import MIB, brief

TIMEOUT = 90
DISK_MIB = 24


def run(bed):
    l1 = bed.boot()
    l1.sh(f"memfile fill /tmp/disk {DISK_MIB} 9")
    bed.mark()
    for aio, direct in (("threads", "off"), ("io_uring", "off"), ("native", "on")):
        guest = start(bed, aio, direct)
        pod = guest.pod()
        fill_to_the_brim(bed, guest, pod, 110)
        told, begin = pod.read("events_exhausted"), guest.qmp.position()
        read = said(guest, "DISK-READ")
        guest.post(f"memfile check /dev/vda {DISK_MIB} 9 >/tmp/log; echo DISK-READ >/dev/console")
        numbers = pod.wait(lambda now: now["events_exhausted"] > told, 30, "word of it")
        bed.log(f"aio={aio}: {numbers['waiting']} wait; {brief(numbers)}")
        if aio == "threads":
            expect_monitor(guest, begin)
        l1.sh(f"echo {pod.read('target') + 64 * MIB} >{pod.path}/target")
        cont_until(guest, pod, read)
        bed.log(f"it is read: {guest.sh('cat /tmp/log')}")
        guest.sh("grep '^0 of' /tmp/log")
        guest.quit()
        bed.expect_all_back()


def expect_monitor(guest, begin):
    guest.qmp.wait_event("STOP", begin)
    for _ in range(3):
        check(status(guest) in ("pod-exhausted", "running"), "it stopped for another reason")
        guest.qmp.call("cont")
        time.sleep(0.5)


def start(bed, aio, direct):
    # A kernel that clears what it allocates would touch the page cache before
    # the device does.
    guest = bed.start(pod_backend("512M", "160M"), append="init_on_alloc=0",
                      devices=f"-blockdev driver=file,node-name=d0,filename=/tmp/disk,aio={aio},"
                              f"cache.direct={direct} -device virtio-blk-pci,drive=d0")
    bed.sample(guest.pod())
    guest.wait_up()
    guest.sh("modprobe virtio_blk; while [ ! -e /dev/vda ]; do sleep 0.1; done;"
             " echo 4096 >/sys/block/vda/queue/read_ahead_kb")
    return guest
