# SPDX-License-Identifier: GPL-2.0-only
"""kexec into the same kernel: the new one knows of no balloon, and gets there all the same."""

from errors import check
from exhaustion import cont_until
from pod import MIB, brief
from steps import boot_ballooned

TIMEOUT = 90
# With less than twice the new kernel's size left to the old one, kexec refuses.
SIZE, TARGET = 512 * MIB, 256 * MIB
IMAGES = ("vmlinuz", "initrd")
DISKS = "".join(f" -blockdev driver=file,node-name={name},filename=/l2/{name},read-only=on"
                f" -device virtio-blk-pci,drive={name}" for name in IMAGES)


def run(bed):
    l1 = bed.boot()
    guest, pod = boot_ballooned(bed, SIZE, TARGET,
                                devices=f"-device virtio-balloon-pci {DISKS}")
    guest.sh("modprobe virtio_blk; while [ ! -e /dev/vdb ]; do sleep 0.1; done")
    for name, disk in zip(IMAGES, ("vda", "vdb")):
        size = l1.sh(f"stat -c %s /l2/{name}")
        guest.sh(f"head -c {size} /dev/{disk} >/tmp/{name}")
    # Data of the old kernel is in the way: nobody tells that it is not needed.
    guest.sh("memfile fill /tmp/data 40 1")
    bed.log(brief(pod.numbers()))
    guest.post("kexec /tmp/vmlinuz /tmp/initrd >/dev/console 2>&1")
    times = cont_until(guest, pod, guest.is_up)
    bed.log(f"paused {times} times on the way; {brief(pod.numbers())}")
    guest.wait_up()
    uptime = float(guest.sh("cat /proc/uptime").split()[0])
    bed.log(f"the new kernel is {uptime:.0f} s old")
    guest.sh("[ ! -e /tmp/data ]")
    guest.wait_balloon(pod.read("target"))
    # What the balloon gave up inside blocks still in use is reclaimed when it is wanted.
    numbers = pod.wait(lambda now: now["outstanding"] <= now["reserve"] + now["given_huge"], 20,
                       "reserve for what is outstanding")
    check(numbers["given"] > 0, "nothing was given up by the new balloon")
    guest.sh("memfile fill /tmp/data 40 2 && memfile check /tmp/data 40 2")
    bed.log(bed.audit(guest))
