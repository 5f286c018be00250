#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The main scene, live: a stock guest boots ballooned on a pod, grows and shrinks."""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "bed"))

import artifacts  # noqa: E402
import parts  # noqa: E402
from bed import Bed  # noqa: E402
from errors import BedError, SceneFailed, Timeout, check  # noqa: E402
from l2 import pod_backend  # noqa: E402
from pod import MIB, check_bound, check_sums  # noqa: E402

SIZE, TARGET, HIGH, LOW = 2048 * MIB, 256 * MIB, 512 * MIB, 192 * MIB
_STEP_TIMEOUT = 180
_COLUMNS = (("target", "target"), ("owned", "owned"), ("populated", "populated"),
            ("reserve", "reserve"), ("outstanding", "outstanding"), ("given", "given"),
            ("to shrink", "to_shrink"))
_COUNTS = (("2M pages", "populate_2m"), ("4K pages", "populate_4k"),
           ("discards", "discarded"))


class Table:
    """One row a second of a pod's sysfs counters, in MiB, and of what the guest has."""

    def __init__(self, guest, pod):
        self._guest = guest
        self._pod = pod
        self._begin = time.monotonic()
        names = [title for title, _ in _COLUMNS + _COUNTS]
        print(f"\n  {pod.path}, sizes in MiB")
        print("   time   guest" + "".join(f"{name:>12}" for name in names), flush=True)

    def row(self):
        numbers = self._pod.numbers()
        actual = self._guest.balloon_actual()
        cells = [f"{numbers[name] / MIB:12.1f}" for _, name in _COLUMNS]
        cells += [f"{numbers[name]:12d}" for _, name in _COUNTS]
        seconds = time.monotonic() - self._begin
        print(f"{seconds:6.1f}s{actual / MIB:8.1f}" + "".join(cells), flush=True)
        return numbers, actual

    def follow(self, done, what):
        """Rows until done(numbers, actual); return the last row."""
        deadline = time.monotonic() + _STEP_TIMEOUT
        while True:
            numbers, actual = self.row()
            if done(numbers, actual):
                return numbers
            if time.monotonic() > deadline:
                raise Timeout(f"{what}: not within {_STEP_TIMEOUT} s")
            time.sleep(1)


def settled(target):
    """The guest has target bytes, give or take 1 MiB, and the pod owns no more."""
    def done(numbers, actual):
        return (abs(actual - target) <= MIB and numbers["target"] == target
                and numbers["owned"] <= target)
    return done


def show(bed):
    bed.log("booting L1: a stock Debian kernel under emulation")
    l1 = bed.boot(memory="2G")
    bed.log(f"L1 runs {l1.sh('uname -r')}; kvm-pod is loaded")
    backend = pod_backend(f"{SIZE // MIB}M", f"{TARGET // MIB}M")
    bed.log(f"starting a guest in L1: {backend} -device virtio-balloon-pci")
    guest = bed.start(backend)
    pod = guest.pod()
    sampler = bed.sample(pod, 20)
    table = Table(guest, pod)

    table.follow(lambda numbers, actual: guest.is_up(), "boot")
    memtotal = guest.wait_up()
    bed.log(f"the guest is up and sees {memtotal / MIB:.0f} MiB; no QMP command was sent")
    check(memtotal > 0.9 * SIZE, "the guest does not see its size")
    table.follow(settled(TARGET), "inflating to the target")
    bed.log(f"ballooned to its target by itself; now QMP balloon {HIGH // MIB} MiB")
    guest.qmp.call("balloon", value=HIGH)
    table.follow(settled(HIGH), "growing")
    free = l1.meminfo("MemFree")
    bed.log(f"QMP balloon {LOW // MIB} MiB")
    guest.qmp.call("balloon", value=LOW)
    table.follow(settled(LOW), "shrinking")
    bed.log(f"the host got back {(l1.meminfo('MemFree') - free) / MIB:.0f} MiB")
    conclude(bed, guest, pod, sampler)


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


def main():
    workdir = f"{artifacts.TOP}/build/demo"
    os.makedirs(workdir, exist_ok=True)
    bed = Bed(workdir)
    try:
        parts.prepare(["nested"])
        show(bed)
        bed.finish()
    except (BedError, SceneFailed) as error:
        print(f"error: {error}", flush=True)
        return 1
    finally:
        bed.close()
    print("demo: done", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
