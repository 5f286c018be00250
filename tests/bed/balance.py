# SPDX-License-Identifier: GPL-2.0-only
"""Devices come and go at random, and fail on the way: what QEMU's inhibitors count afterwards.

The guest never runs: its firmware could not let a device go, a system reset does.
"""

import os
import random
import re
import time

import devices
from devices import EDU, NIC
from errors import check
from pod import MIB
from qmp import QmpError

# Steps of an attach that fail on demand, for any kind of container.
STEPS = ["fail_open", "fail_info", "fail_region", "fail_config"]
# Steps whose failure QEMU puts up with: the device is there all the same.
_IGNORED = ["fail_irq", "fail_reset"]
_MDEVS = [f"5eed0000-0000-4000-8000-00000000000{n}" for n in range(3)]
_TYPE = "/sys/class/mdev_bus/kvm-pod-mdev/mdev_supported_types/kvm-pod-mdev-pci"
_PARAMETERS = "/sys/module/kvm_pod_mdev/parameters"
_PROBE = {"qom_type": "pod-memory", "id": "probe", "size": 4 * MIB}
# What a normal pod says that comes too late; any device would be a better reason.
_NO_DEVICE = "cannot be added to a running machine"


def boot(bed, modules=(), **options):
    """As devices.boot(), with mediated devices beside the others."""
    l1 = devices.boot(bed, modules=["mdev", *modules], **options)
    l1.sh(" ".join(["modprobe -a kvm-pod-mdev", *modules]))
    for uuid in _MDEVS:
        l1.sh(f"echo {uuid} >{_TYPE}/create")
    bed.mark()
    return l1


def seed(bed):
    value = int(os.environ.get("SEED", time.time_ns() % 100000))
    bed.log(f"SEED={value}")
    return value


class Balance:
    """One QEMU, and what it should say of its devices."""

    def __init__(self, bed, guest, steps, mappable=True, **backend):
        """Not mappable: the kernel does not pin this guest's memory."""
        self._bed = bed
        self._guest = guest
        self._backend = backend
        self._steps = steps
        self._mappable = mappable
        self._random = None
        self._base = self._inhibitors()
        self._devices = {}     # id -> (name, whether it allows discards)
        self._serial = 0
        self.failures = dict.fromkeys([*steps, "twice", "allowed", "map", "none"], 0)

    def run(self, rounds, value):
        self._random = random.Random(value)
        for step in self._steps * 2:
            self._inject(step, 1)
            self._add(_MDEVS[0], True, self.failures[step] > 0, step)
            self._expect_balance()
        never = [step for step in self._steps if self.failures[step] != 2]
        check(not never, f"an attach got past {never}")
        for step in _IGNORED:
            self._ignore(step)
        for _ in range(rounds):
            if self._devices and self._random.random() < 0.45:
                self._detach(self._random.choice(sorted(self._devices)))
            else:
                self._attach()
            self._expect_balance()
        for ident in sorted(self._devices):
            self._detach(ident)
            self._expect_balance()
        self._bed.log(f"attaches that failed, by what was injected: {self.failures}")

    def _ignore(self, step):
        """Attach a device, and detach it, where this step fails and nothing comes of it."""
        for allowed in (True, False):
            self._inject(step, 1)
            self._add(_MDEVS[0], True, allowed, step)
            left = self._bed.l1.sh(f"cat {_PARAMETERS}/{step}")
            check(left == "0", f"an attach does without {step}")
            self._expect_balance()
            self._detach(sorted(self._devices)[-1])
            self._expect_balance()

    def _attach(self):
        name = self._random.choice([*_MDEVS, EDU, NIC])
        mdev = name in _MDEVS
        allowed = self._random.random() < (0.6 if mdev else 0.1)
        step = "none"
        if any(name == other for other, _ in self._devices.values()):
            step = "twice"
        elif allowed and not mdev:
            step = "allowed"
        elif not mdev and not self._mappable:
            step = "map"
        elif mdev and self._random.random() < 0.6:
            step = self._random.choice(self._steps + _IGNORED)
            self._inject(step, self._random.randint(1, 3) if step == "fail_region" else 1)
        self._add(name, mdev, allowed, step)

    def _add(self, name, mdev, allowed, step):
        self._serial += 1
        ident = f"d{self._serial}"
        where = {"sysfsdev": f"/sys/bus/mdev/devices/{name}"} if mdev else {"host": name}
        try:
            self._guest.qmp.call("device_add", driver="vfio-pci", id=ident,
                                 x_balloon_allowed=allowed, **where, **self._backend)
            check(step not in ("twice", "allowed", "map"), f"{name} was attached all the same ({step})")
            self._devices[ident] = (name, allowed)
        except QmpError as error:
            self.failures[step] = self.failures.get(step, 0) + 1
            self._bed.log(f"{name} {step}: {error.description}")
            check(step not in ("none", *_IGNORED),
                  f"{name} was not attached ({step}): {error.description}")
        if step in self._steps + _IGNORED:
            self._inject(step, 0)

    def _inject(self, step, value):
        self._bed.l1.sh(f"echo {value} >{_PARAMETERS}/{step}")

    def _detach(self, ident):
        start = self._guest.qmp.position()
        self._guest.qmp.call("device_del", id=ident)
        self._guest.qmp.call("system_reset")
        while self._guest.qmp.wait_event("DEVICE_DELETED", start).get("device") != ident:
            start += 1
        del self._devices[ident]

    def _inhibitors(self):
        return sorted((entry["reason"], entry.get("id"), entry["count"])
                      for entry in self._guest.qmp.call("query-balloon-inhibitors"))

    def _expect_balance(self):
        """Those that do not allow discards inhibit; all pin, which only a pod is told."""
        wanted = sorted(self._base + [("vfio", name, 1) for name, allowed in
                                      self._devices.values() if not allowed])
        there = self._inhibitors()
        check(there == wanted, f"inhibitors: {there}, but with {self._devices}: {wanted}")
        if any(reason == "pod-memory" for reason, _, _ in self._base):
            return
        said = self._probe()
        named = re.search(r"VFIO device '([^']*)'.* \(and (\d+) more\)|VFIO device '([^']*)'", said)
        if not self._devices:
            check(_NO_DEVICE in said, f"no device is there, but: {said}")
            return
        check(named, f"a pod was refused, but not for a device: {said}")
        count = 1 + int(named[2] or 0)
        check(count == len(self._devices), f"{len(self._devices)} devices, but: {said}")
        check((named[1] or named[3]) in [name for name, _ in self._devices.values()],
              f"not one of {self._devices}: {said}")

    def _probe(self):
        """What keeps a normal pod out: also who pins without inhibiting."""
        try:
            self._guest.qmp.call("object-add", **_PROBE)
        except QmpError as error:
            return error.description
        check(False, "a pod was added to a running machine")
        return None
