# SPDX-License-Identifier: GPL-2.0-only
"""A reset gives up the guest's memory: what a disk still has to write is read before that."""

from errors import check
from exhaustion import fill_to_the_brim, status, wait_exhausted
from l2 import pod_backend
from pod import MIB, brief, mib

TIMEOUT = 180
DISK_MIB = 24
DISK = "file,node-name=file,filename=/tmp/disk"
SLOW = (f"-object throttle-group,id=slow,x-bps-write=100000 -blockdev driver={DISK}"
        " -blockdev driver=throttle,node-name=d0,throttle-group=slow,file=file"
        " -device virtio-blk-pci,drive=d0")
FAST = f"-blockdev driver={DISK} -blockdev driver=raw,node-name=d0,file=file"


def run(bed):
    l1 = bed.boot()
    l1.sh(f"yes old | head -c {DISK_MIB * MIB} >/tmp/disk")
    bed.mark()
    writes_on_their_way(bed, l1)
    reads_that_wait(bed, l1)


def writes_on_their_way(bed, l1):
    guest = start(bed, SLOW)
    bed.sample(guest.pod())
    guest.sh(f"yes new | head -c {DISK_MIB // 2 * MIB} >/tmp/new")
    guest.post("dd if=/tmp/new of=/dev/vda bs=1M; sync")
    numbers = guest.pod().wait(lambda _: l1.watch("head -n 1 /tmp/disk") == "new", 20, "write")
    bed.log(f"the first is written; {brief(numbers)}")
    check(l1.watch(f"tail -c +{DISK_MIB // 2 * MIB - 3} /tmp/disk | head -n 1") == "old",
          "nothing is on its way any more")
    reset(guest)
    zero = int(l1.sh("tr -d 'oldnew\\n' </tmp/disk | wc -c"))
    check(zero == 0, f"the reset has put {zero} zeros on the disk")
    written = int(l1.sh("grep -c new /tmp/disk")) * 4
    bed.log(f"{mib(written)} of {DISK_MIB // 2} MiB are written in the end")
    bed.log(bed.audit(guest))
    guest.quit()
    bed.expect_all_back()


def reads_that_wait(bed, l1):
    """They get what they need, if it is more than overdraft_max, until memory is discarded."""
    guest = start(bed, f"{FAST} -device virtio-blk-pci,drive=d0")
    pod = guest.pod()
    fill_to_the_brim(bed, guest, pod, 110)
    l1.sh(f"echo {MIB // 4} >{pod.path}/overdraft_max")
    begin = guest.qmp.position()
    guest.post("cat /dev/vda >/dev/null")
    wait_exhausted(bed, guest, pod, begin)
    check(pod.read("waiting") > 0, "no request waits")
    reset(guest)
    check(pod.read("overdraft_max") == MIB // 4, "the reset has changed overdraft_max")
    bed.log(bed.audit(guest))
    guest.quit()
    bed.expect_all_back()


def start(bed, disk):
    guest = bed.start(pod_backend("512M", "160M"), append="init_on_alloc=0", devices=disk)
    guest.wait_up()
    guest.sh("modprobe virtio_blk; while [ ! -e /dev/vda ]; do sleep 0.1; done;"
             " echo 4096 >/sys/block/vda/queue/read_ahead_kb")
    return guest


def reset(guest):
    guest.qmp.call("system_reset")
    if status(guest) != "running":
        guest.qmp.call("cont")
    guest.wait_up()

