# SPDX-License-Identifier: GPL-2.0-only
"""A disk is read into holes while a pod is exhausted: the data is right in the end.

With aio=threads the monitor lives all the time, though requests wait. With
io_uring and native it is the main thread itself that touches the holes: beyond
overdraft_max it waits until somebody raises the target in sysfs.
"""

import time

from errors import check
from exhaustion import cont_until, fill_to_the_brim, said, status
from l2 import pod_backend
from pod import MIB, brief

TIMEOUT = 180
DISK_MIB = 24
BLK = "virtio-blk-pci,drive=d0"
SCSI = "virtio-scsi-pci -device scsi-hd,drive=d0"


def run(bed):
    l1 = bed.boot(l2_modules=["virtio_scsi", "sd_mod"])
    l1.sh(f"memfile fill /tmp/disk {DISK_MIB} 9")
    bed.mark()
    for aio, direct, device in (("threads", "off", BLK), ("threads", "off", SCSI),
                                ("io_uring", "off", BLK), ("native", "on", BLK)):
        guest, disk = start(bed, aio, direct, device)
        pod = guest.pod()
        fill_to_the_brim(bed, guest, pod, 110)
        if aio == "threads":
            # Less than what is on its way by the time that the guest is stopped.
            l1.sh(f"echo {MIB // 4} >{pod.path}/overdraft_max")
        told, begin = pod.read("events_exhausted"), guest.qmp.position()
        read = said(guest, "DISK-READ")
        guest.post(f"memfile check {disk} {DISK_MIB} 9 >/tmp/log; echo DISK-READ >/dev/console")
        numbers = pod.wait(lambda now: now["events_exhausted"] > told, 30, "word of it")
        bed.log(f"aio={aio}: {numbers['waiting']} wait; {brief(numbers)}")
        if aio == "threads":
            expect_monitor(guest, pod, begin)
        l1.sh(f"echo {pod.read('target') + 64 * MIB} >{pod.path}/target")
        cont_until(guest, pod, read)
        bed.log(f"it is read: {guest.sh('cat /tmp/log')}")
        guest.sh("grep '^0 of' /tmp/log")
        guest.quit()
        bed.expect_all_back()


def expect_monitor(guest, pod, begin):
    guest.qmp.wait_event("STOP", begin)
    check(pod.read("waiting") > 0, "no request waits")
    for _ in range(3):
        check(status(guest) in ("pod-exhausted", "running"), "it stopped for another reason")
        guest.qmp.call("cont")
        time.sleep(0.5)


def start(bed, aio, direct, device):
    """A guest with the disk, and the disk's name there."""
    modules, name = {BLK: ("virtio_blk", "/dev/vda"),
                     SCSI: ("virtio_scsi sd_mod", "/dev/sda")}[device]
    # A kernel that clears what it allocates would touch the page cache before
    # the device does.
    guest = bed.start(pod_backend("512M", "160M"), append="init_on_alloc=0",
                      devices=f"-blockdev driver=file,node-name=d0,filename=/tmp/disk,aio={aio},"
                              f"cache.direct={direct} -device {device}")
    bed.sample(guest.pod())
    guest.wait_up()
    guest.sh(f"modprobe -a {modules}; while [ ! -e {name} ]; do sleep 0.1; done;"
             f" echo 4096 >/sys/block/{name[-3:]}/queue/read_ahead_kb")
    return guest, name
