#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""A scene for people to look at, with live counters: demo.py [SCENE].

boot     a stock guest boots ballooned on a pod, grows and shrinks
scrub    guests that write to all their memory when they start stay in their target
exhaust  a guest goes beyond its target, is paused, and goes on when that is raised
vfio     a device is refused, with the reason, and then given to a guest that may have it
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "bed"))

import artifacts  # noqa: E402
import devices  # noqa: E402
import dma  # noqa: E402
import parts  # noqa: E402
from bed import Bed  # noqa: E402
from errors import BedError, SceneFailed, check  # noqa: E402
from exhaustion import cont, status  # noqa: E402
from l2 import pod_backend  # noqa: E402
from pod import MIB, check_bound, check_sums, mib  # noqa: E402
from table import FAULTS, SWEEPS, WAITS, Table  # noqa: E402

SIZE, TARGET, HIGH, LOW = 2048 * MIB, 256 * MIB, 512 * MIB, 192 * MIB
BARE_TARGET = 64 * MIB
FILE_MIB = 320


def boot_l1(bed, boot=Bed.boot, **options):
    bed.log("booting L1: a stock Debian kernel under emulation")
    l1 = boot(bed, memory="2G", **options)
    bed.log(f"L1 runs {l1.sh('uname -r')}; kvm-pod is loaded")
    return l1


def start(bed, target, devices="-device virtio-balloon-pci", **options):
    """Start a guest; return it, its pod and the sampler that watches it."""
    backend = pod_backend(f"{SIZE // MIB}M", f"{target // MIB}M")
    words = [backend, devices, options.get("image", ""), options.get("append", "")]
    bed.log(f"starting a guest in L1: {' '.join(filter(None, words))}")
    guest = bed.start(backend, devices=devices, **options)
    pod = guest.pod()
    return guest, pod, bed.sample(pod, 20)


def conclude(bed, guest, pod, sampler):
    samples = sampler.stop()
    check_bound(samples)
    bed.log(f"owned never went over the target in {len(samples)} samples")
    guest.qmp.call("stop")
    check_sums(pod.numbers())
    bed.log(f"audit: {pod.audit()}")
    guest.quit()
    bed.expect_all_back()
    bed.log("the guest is gone and the host has every page back")


def balloon_table(guest, pod, counts):
    return Table(pod, counts, "guest", lambda: f"{guest.balloon_actual() / MIB:.1f}")


def settled(guest, target):
    """The guest has target bytes, give or take 1 MiB, and the pod owns no more."""
    def done(numbers):
        return (abs(guest.balloon_actual() - target) <= MIB and numbers["target"] == target
                and numbers["owned"] <= target)
    return done


def up(guest, table):
    table.follow(lambda _: guest.is_up(), "boot")
    memtotal = guest.wait_up()
    check(memtotal > 0.9 * SIZE, "the guest does not see its size")
    return memtotal


def boot(bed):
    boot_l1(bed)
    guest, pod, sampler = start(bed, TARGET)
    table = balloon_table(guest, pod, FAULTS)
    memtotal = up(guest, table)
    bed.log(f"the guest is up and sees {memtotal / MIB:.0f} MiB; no QMP command was sent")
    table.follow(settled(guest, TARGET), "inflating to the target")
    bed.log(f"ballooned to its target by itself; now QMP balloon {HIGH // MIB} MiB")
    guest.qmp.call("balloon", value=HIGH)
    table.follow(settled(guest, HIGH), "growing")
    free = bed.settled_free()
    bed.log(f"QMP balloon {LOW // MIB} MiB")
    guest.qmp.call("balloon", value=LOW)
    table.follow(settled(guest, LOW), "shrinking")
    bed.log(f"the host got back {(bed.settled_free() - free) / MIB:.0f} MiB")
    conclude(bed, guest, pod, sampler)


def scrub(bed):
    boot_l1(bed, programs=[(artifacts.bare_guest("scrubber"), "l2/scrubber")])
    bed.log("memtest=1: the kernel writes to all memory before any driver is there")
    guest, pod, sampler = start(bed, TARGET, append="memtest=1")
    table = balloon_table(guest, pod, SWEEPS)
    up(guest, table)
    numbers = table.follow(settled(guest, TARGET), "inflating to the target")
    bed.log(guest.sh("dmesg | grep early_memtest"))
    bed.log(f"the guest is up; it wrote to {mib(swept(numbers))} that were zero and taken back")
    conclude(bed, guest, pod, sampler)

    bed.log("no Linux, no balloon: four vCPUs clear all memory in three ways")
    guest, pod, sampler = start(bed, BARE_TARGET, devices="", image="-kernel /l2/scrubber", cpus=4)
    table = Table(pod, SWEEPS, "did", lambda: bare_phase(guest))
    table.follow(lambda _: bare_phase(guest) in ("done", "exception"), "scrubbing")
    bed.log(guest.console.lines[-1])
    check(guest.console.lines[-1] == "SCRUBBER done bad=0", "the guest's memory is wrong")
    conclude(bed, guest, pod, sampler)


def swept(numbers):
    return numbers["sweep_reclaimed"] * 4096


def bare_phase(guest):
    """What the scrubber said last."""
    guest.check_alive()
    said = [line.split()[1] for line in guest.console.lines if line.startswith("SCRUBBER ")]
    return said[-1] if said else ""


def exhaust(bed):
    boot_l1(bed)
    guest, pod, sampler = start(bed, TARGET, append="bed.noballoon")
    table = Table(pod, WAITS, "guest", lambda: "paused" if is_paused(guest) else "runs")
    up(guest, table)
    begin = guest.qmp.position()
    bed.log(f"the guest is up, without a balloon, and now writes a file of {FILE_MIB} MiB")
    guest.post(f"memfile fill /tmp/data {FILE_MIB} 5")
    table.follow(lambda _: is_paused(guest), "exhausting")
    bed.log(f"QEMU sent POD_EXHAUSTED {guest.qmp.events('POD_EXHAUSTED', begin)[-1]}")
    bed.log(f"run state {status(guest)}; the monitor answers:\n{guest.qmp.hmp('info pod')}")
    bed.log(f"QMP balloon {2 * HIGH // MIB} MiB, the target, then cont")
    guest.qmp.call("balloon", value=2 * HIGH)
    table.row()
    cont(guest)
    table.follow(lambda numbers: numbers["populated"] > FILE_MIB * MIB, "going on")
    guest.sh(f"memfile check /tmp/data {FILE_MIB} 5", timeout=90)
    table.row()
    bed.log("the guest went on where it stopped: its file's checksum is right")
    conclude(bed, guest, pod, sampler)


def is_paused(guest):
    return status(guest) == "pod-exhausted"


def vfio(bed):
    boot_l1(bed, devices.boot, programs=dma.PROGRAMS)
    bed.log(f"it has an IOMMU, and a device with a DMA engine, {devices.EDU}, bound to vfio-pci")
    guest, pod, sampler = start(bed, TARGET)
    table = balloon_table(guest, pod, FAULTS)
    up(guest, table)
    table.follow(settled(guest, TARGET), "inflating to the target")
    bed.log("QMP device_add vfio-pci: to give the device to this guest is refused")
    said = devices.expect_error(guest, "pinnable=on", "device_add", driver="vfio-pci",
                                host=devices.EDU, id="d0")
    bed.log(f"QEMU says: {said}")
    table.row()
    guest.sh("memfile fill /tmp/data 40 5 && memfile check /tmp/data 40 5")
    bed.log("the guest did not notice: it writes and reads a file")
    conclude(bed, guest, pod, sampler)
    vfio_pinnable(bed)


def vfio_pinnable(bed):
    bed.log(f"now a guest whose memory may be pinned, with both devices: {dma.BACKEND}")
    guest, pod = dma.start(bed)
    bed.log(f"the guest is up; in QEMU's monitor:\n{guest.qmp.hmp('info balloon-inhibitors')}")
    dma.work(bed, guest, 1)
    bed.log("the devices do DMA; meanwhile the balloon, and root of L1, try to take memory")
    dma.expect_frozen_at_work(bed, guest, pod)
    dma.finish_work(bed, guest)
    bed.log("what the devices wrote and read is right, and no page has moved")


SCENES = {"boot": boot, "scrub": scrub, "exhaust": exhaust, "vfio": vfio}


def play(scene):
    workdir = f"{artifacts.TOP}/build/demo"
    os.makedirs(workdir, exist_ok=True)
    bed = Bed(workdir)
    try:
        parts.prepare(["nested"])
        scene(bed)
        bed.finish()
    except (BedError, SceneFailed) as error:
        print(f"error: {error}", flush=True)
        return 1
    finally:
        bed.close()
    print("demo: done", flush=True)
    return 0


def main(argv):
    name = argv[0] if argv and argv[0] else "boot"
    if name not in SCENES:
        print(f"error: there is no scene '{name}'; there are: {', '.join(SCENES)}",
              file=sys.stderr)
        return 2
    return play(SCENES[name])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
