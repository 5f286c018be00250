# SPDX-License-Identifier: GPL-2.0-only
"""What a scene gets: a way to boot L1, to start guests, and the end that all share."""

import os
import time

import artifacts
import images
import leaks
from errors import Skip, Vanished, check
from l1 import L1
from l2 import L2
from limits import Deadline
from pod import (CLASS, DEBUGFS, OVERDRAFT_MAX, PAGE, Pod, Sampler, check_bound, check_sums,
                 mib)

# What slabs and the agents' own processes take and give.
_FREE_SLACK = 4 << 20
_CLOCKSOURCE = "/sys/devices/system/clocksource/clocksource0/current_clocksource"


class Bed:
    """One scene's machines. L2 guests started through it are ended by it."""

    def __init__(self, workdir):
        self.workdir = workdir
        self.l1 = None
        self.guests = []
        self._samplers = []
        self._begin = time.monotonic()
        self._free_before = 0
        self._oom_before = 0

    def log(self, text):
        print(f"{time.monotonic() - self._begin:6.1f}s  {text}", flush=True)

    @staticmethod
    def skip(reason):
        raise Skip(reason)

    def boot(self, module="", stock_qemu=False, programs=(), modules=(), l2_modules=(),
             **options):
        """Boot L1 (options as in L1()) and load kvm and kvm-pod with parameters module."""
        initrd = os.path.join(self.workdir, "l1.initrd")
        images.write_l1(initrd, stock_qemu, programs, modules, l2_modules)
        self.l1 = self._boot(initrd, options)
        os.unlink(initrd)
        self.log("L1 is up")
        # KVM without TSC scaling keeps the frequency it finds when it is loaded.
        # When the kernel finds a higher one later, set_tsc_khz() leaves new vCPUs
        # a scaling ratio of 0, and their timers expire after seconds.
        self.l1.sh(f"while grep -q tsc-early {_CLOCKSOURCE}; do usleep 20000; done")
        self.l1.sh(f"modprobe kvm-amd && modprobe kvm-pod {module}")
        self.mark()
        return self.l1

    def _boot(self, initrd, options):
        """What TCG does to L1 while the kernel starts its CPUs is no test's: once more."""
        try:
            return L1(self.workdir, initrd, **options)
        except Vanished as error:
            self.log(f"{error}; once more")
            return L1(self.workdir, initrd, **options)

    def mark(self):
        """Remember L1's free memory, for expect_all_back()."""
        self._free_before = self.settled_free()
        self._oom_before = self._oom_kills()

    def start(self, backend, **options):
        """Start a guest (options as in L2()); does not wait for it."""
        guest = L2(self.l1, backend, **options)
        self.guests.append(guest)
        return guest

    def sample(self, pod, milliseconds=10, overdraft_max=OVERDRAFT_MAX):
        """Sample a pod from now on, instead of the one before; the end judges it."""
        if self._samplers:
            self._samplers[-1][0].stop()
        sampler = Sampler(self.l1, pod, milliseconds)
        self._samplers.append((sampler, overdraft_max))
        return sampler

    def audit(self, guest):
        """Stop the guest, recount its pod, let it go on."""
        guest.qmp.call("stop")
        pod = guest.pod()
        verdict = pod.audit()
        check_sums(pod.numbers())
        guest.qmp.call("cont")
        return verdict

    def settled_free(self, node=None):
        """Free memory of L1, or of one node, with the pages that wait in per-CPU lists."""
        # Those are up to an eighth of a zone. One read of one file: pages move
        # between the two all the time.
        where = "1" if node is None else f"node == {node}"
        pages = self.l1.watch("sync; echo 3 >/proc/sys/vm/drop_caches; awk '$1 == \"Node\""
                              f" {{ node = $2 + 0 }} {where} && $1 == \"count:\" {{ n += $2 }}"
                              f" {where} && $1 == \"pages\" && $2 == \"free\" {{ n += $3 }}"
                              " END { print n + 0 }' /proc/zoneinfo")
        return int(pages) * PAGE

    def expect_all_back(self, timeout=10, slack=_FREE_SLACK):
        """No pod is left and L1 has its memory back, but for slack bytes."""
        self.expect_no_pod(timeout)
        for name in ("total_owned", "total_reserve"):
            left = self.l1.read_number(f"{CLASS}/{name}")
            check(left == 0, f"no pod is left but {name} is {left}")
        left = self.l1.watch(f"ls -d {CLASS}/pod[0-9]* {DEBUGFS}/pod[0-9]* 2>/dev/null; true")
        check(not left, f"no pod is left but these exist: {left}")
        free = self.settled_free()
        self.log(f"free memory in L1: {mib(free)}, before: {mib(self._free_before)}")
        slack += int(artifacts.l1_kernel().get("FREE_SLACK", 0))
        check(free >= self._free_before - slack,
              f"L1 had {mib(self._free_before)} free and now {mib(free)}")
        oom = self._oom_kills() - self._oom_before
        check(oom == 0, f"the OOM killer ran {oom} times in L1")

    def expect_no_pod(self, timeout=10):
        """The last pod goes with its last reference, which may take a moment."""
        deadline = Deadline(timeout)
        while True:
            count = self.l1.read_number(f"{CLASS}/pods")
            if count == 0:
                return
            check(not deadline.over(), f"{count} pods are left after {deadline.seconds:.0f} s")
            time.sleep(0.1)

    def expect_no_leak(self):
        """As leaks.expect_no_leak()."""
        return leaks.expect_no_leak(self.l1)

    def finish(self):
        """The end of every scene: audit, all memory back, module out, L1 off."""
        if not self.l1:
            return
        for sampler, overdraft_max in self._samplers:
            check_bound(sampler.stop(), overdraft_max)
        for guest in self.guests:
            self._end_guest(guest)
        self.expect_all_back()
        self.expect_no_leak()
        self.l1.sh("rmmod kvm-pod")
        self.l1.power_off()

    def abandon(self):
        """End L1 where it stands; the scene may boot another."""
        self.close()
        self.l1 = None

    def close(self):
        """Whatever happened, leave nothing running."""
        if self.l1:
            self.l1.close()

    def _end_guest(self, guest):
        guest.check_alive()
        if not guest.running():
            return
        guest.qmp.call("stop")
        self._audit_all()
        guest.quit()

    def _audit_all(self):
        listing = self.l1.watch(f"ls {CLASS} | grep '^pod[0-9]'; true")
        for name in listing.split():
            pod = Pod(self.l1, int(name.removeprefix("pod")))
            check_sums(pod.numbers())
            self.log(f"audit of {name}: {pod.audit()}")

    def _oom_kills(self):
        return int(self.l1.watch("awk '$1 == \"oom_kill\" { print $2 }' /proc/vmstat"))
