# SPDX-License-Identifier: GPL-2.0-only
"""Debian's own QEMU cannot give a pod's memory to a device; the kernel refuses, whenever."""

import artifacts
import devices
from devices import EDU, expect_error, expect_no_start, vfio
from errors import Dead, check
from pod import MIB, check_sums
from recipe import commands

TIMEOUT = 120
SIZE, TARGET = 192 * MIB, 160 * MIB
SIGABRT = 134
_PODCTL = f"{artifacts.TOP}/tools/podctl/podctl"
LAUNCHER = f"podctl run --size {SIZE} --target {TARGET} -- qemu-stock"
PINNABLE = f"podctl run --size {SIZE} --pinnable -- qemu-stock"
FILE = "memory-backend-file"
BACKEND = (f" -object {FILE},id=m0,size={SIZE},mem-path={{path}},share=on,align=2M"
           " -machine memory-backend=m0")
REFUSED = r"vfio_dma_map\(.*\) = -14 \(Bad address\)"


def run(bed):
    l1 = devices.boot(bed, stock_qemu=True, programs=[(_PODCTL, "bin/podctl")])
    l1.sh(commands("device-assignment.rst", "Who tried to pin"))
    said = expect_no_start(l1, LAUNCHER, BACKEND + vfio(EDU, "d0"),
                           "VFIO_MAP_DMA failed: Bad address")
    bed.log(said.splitlines()[-2])
    expect_traced(bed, l1)
    hot(bed, l1)
    devices_first(bed, l1)
    pinnable(bed)


def expect_traced(bed, l1):
    """The trace names the process and, in the stack, VFIO."""
    trace = l1.sh("cat /sys/kernel/tracing/trace; echo >/sys/kernel/tracing/trace")
    seen = [line for line in trace.splitlines() if "refused_pin:" in line]
    check(seen and all("qemu-stock" in line and "ret=-14" in line for line in seen),
          f"the trace does not tell who was refused:\n{trace[-2000:]}")
    check("=> vfio_iommu_type1_ioctl" in trace, f"no stack in the trace:\n{trace[-2000:]}")
    bed.log(f"{len(seen)} refused pins traced: {seen[0].strip()}")


def hot(bed, l1):
    """Of a VM that runs, before it has touched its memory and after."""
    guest = bed.start(BACKEND, launcher=LAUNCHER, devices="-device virtio-balloon-pci -S")
    attempt(bed, guest)
    guest.qmp.call("cont")
    guest.wait_up()
    guest.sh("memfile fill /tmp/data 16 1")
    attempt(bed, guest)
    guest.sh("memfile check /tmp/data 16 1")
    guest.sh("memfile fill /tmp/more 16 2 && memfile check /tmp/more 16 2")
    expect_traced(bed, l1)
    bed.log(bed.audit(guest))
    guest.quit()


def attempt(bed, guest):
    pod = guest.pod()
    before = pod.read("populated")
    said = expect_error(guest, REFUSED, "device_add", driver="vfio-pci", host=EDU, id="d0")
    bed.log(f"{before // MIB} MiB populated: {said}")
    check_sums(pod.numbers())
    check(pod.read("populated") == before, "a refused pin populated something")


def devices_first(bed, l1):
    """A QEMU that has a device does not survive it. Ours refuses, see vfio_refused."""
    guest = bed.start("-m 64M,slots=1,maxmem=1G", launcher=LAUNCHER + " -name {path}",
                      devices=vfio(EDU, "d0") + " -S")
    guest.qmp.call("object-add", qom_type=FILE, id="m1", size=SIZE, mem_path=guest.pod_file(),
                   share=True, align=2 * MIB)
    try:
        guest.qmp.call("device_add", driver="pc-dimm", memdev="m1", id="dimm1")
        check(False, "a pod was plugged into a VM with a device")
    except Dead:
        check(guest.wait_exit() == SIGABRT, f"QEMU ended with status {guest.status()}")
    said = guest.stderr()
    check("vfio: DMA mapping failed, unable to continue" in said, f"it ended with: {said}")
    bed.log("devices first: QEMU aborted; no page was pinned")
    bed.expect_all_back()
    expect_traced(bed, l1)


def pinnable(bed):
    """The way that is left."""
    guest = bed.start(BACKEND, launcher=PINNABLE, devices=vfio(EDU, "d0"))
    guest.wait_up()
    bed.log(guest.sh(devices.edu(4, 1)))
