# SPDX-License-Identifier: GPL-2.0-only
"""Every kind of VFIO device meets every kind of pod: who is refused, and with which text.

The guests do not run, their QEMUs do. A device of vfio-pci that QEMU accepts has
all memory pinned by then; what a mediated one could pin is not tried here, but in
tests/selftests/devices.
"""

import re

from devices import DEVICE_REFUSED, EDU, POD_REFUSED, expect_inhibitors, expect_no_start
from errors import check
from l2 import anonymous_backend, pod_backend
from pod import MIB
from qmp import QmpError

_SIZE = 64 * MIB
_POD = {"qom_type": "pod-memory", "id": "p0", "size": 16 * MIB}
_PINNABLE = f"-object pod-memory,id=m0,size={_SIZE},pinnable=on -machine memory-backend=m0"
_ANONYMOUS = anonymous_backend("64M") + " -m 64M,slots=1,maxmem=256M"
_MDEVS = ("8a1d3a4e-0001-4d4b-9b1c-6b766d706f64", "8a1d3a4e-0002-4d4b-9b1c-6b766d706f64")
_MDEV_TYPE = "/sys/class/mdev_bus/kvm-pod-mdev/mdev_supported_types/*"
# What is said in a column, by when the pod comes; None: QEMU accepts the device.
EXPECTED = {"pod cold": DEVICE_REFUSED, "pod hot": POD_REFUSED, "pod PINNABLE": None}


class Kind:
    """A kind of device: its properties, its name in messages, and if it inhibits the balloon."""

    def __init__(self, title, properties, name, inhibits=True):
        self.title = title
        self.properties = properties
        self.name = name
        self.inhibits = inhibits

    def option(self, ident):
        words = ",".join(f"{key}={value}" for key, value in self.properties.items())
        return f" -device vfio-pci,id={ident},{words}"

    def attach(self, guest, ident):
        properties = {key: value == "on" if value in ("on", "off") else value
                      for key, value in self.properties.items()}
        guest.qmp.call("device_add", driver="vfio-pci", id=ident, **properties)


class Matrix:
    """backend: what all devices use, "" or the id of an iommufd object."""

    def __init__(self, bed, iommufd=""):
        self._bed = bed
        self._iommufd = iommufd
        self._objects = f" -object iommufd,id={iommufd}" if iommufd else ""
        for uuid in _MDEVS:
            bed.l1.sh(f"modprobe kvm-pod-mdev && echo {uuid} >$(echo {_MDEV_TYPE})/create")
        bed.mark()
        paths = [f"/sys/bus/mdev/devices/{uuid}" for uuid in _MDEVS]
        self._kinds = [
            Kind("vfio-pci", {"host": EDU}, EDU),
            Kind("mdev, not allowed", {"sysfsdev": paths[0]}, _MDEVS[0]),
            Kind("mdev, allowed", {"sysfsdev": paths[1], "x-balloon-allowed": "on"}, _MDEVS[1],
                 inhibits=False),
        ]
        if iommufd:
            for kind in self._kinds:
                kind.properties["iommufd"] = iommufd

    def run(self):
        for kind in self._kinds:
            self._both_cold(kind)
        self._device_hot()
        for when in ("cold", "hot"):
            for kind in self._kinds:
                self._pod_hot(kind, when)
            self._pinnable(when)

    def _judge(self, kind, when, pod, said):
        """A cell of the matrix; said is the text of the refusal, None if there was none."""
        cell = f"{'iommufd' if self._iommufd else 'type1':8} {kind.title:18} {when:5} {pod:13}"
        wanted = EXPECTED[pod]
        if wanted is None:
            check(said is None, f"{cell}: refused: {said}")
        else:
            check(said and re.search(wanted.format(kind.name), said), f"{cell}: {said}")
        self._bed.log(f"{cell} {said or 'accepted'}")

    def _start(self, backend, assigned=""):
        return self._bed.start(backend, devices=f"-device virtio-balloon-pci -S{self._objects}"
                                                + assigned)

    def _both_cold(self, kind):
        said = expect_no_start(self._bed.l1, "qemu-system-x86_64", pod_backend("64M", "32M") +
                               self._objects + kind.option("d0"), ".")
        self._judge(kind, "cold", "pod cold", said.splitlines()[0])

    def _device_hot(self):
        guest = self._start(pod_backend("64M", "32M"))
        for kind in self._kinds:
            self._judge(kind, "hot", "pod cold", refusal(kind.attach, guest, "d0"))
            expect_inhibitors(guest, set())
        guest.quit()

    def _pod_hot(self, kind, when):
        guest = self._start(_ANONYMOUS, kind.option("d0") if when == "cold" else "")
        if when == "hot":
            kind.attach(guest, "d0")
        before = {("vfio", kind.name)} if kind.inhibits else set()
        expect_inhibitors(guest, before)
        self._judge(kind, when, "pod hot", refusal(guest.qmp.call, "object-add", **_POD))
        expect_inhibitors(guest, before)
        # What remains for a VM that has a device.
        guest.qmp.call("object-add", pinnable=True, **_POD)
        guest.qmp.call("device_add", driver="pc-dimm", memdev="p0", id="dimm0")
        expect_inhibitors(guest, before | {("pod-memory", "p0")})
        guest.quit()

    def _pinnable(self, when):
        """QEMU accepts all of them in one VM, and counts who inhibits."""
        options = [kind.option(f"d{number}") for number, kind in enumerate(self._kinds)]
        guest = self._start(_PINNABLE, "".join(options) if when == "cold" else "")
        for number, kind in enumerate(self._kinds):
            said = refusal(kind.attach, guest, f"d{number}") if when == "hot" else None
            self._judge(kind, when, "pod PINNABLE", said)
        inhibiting = {("vfio", kind.name) for kind in self._kinds if kind.inhibits}
        expect_inhibitors(guest, inhibiting | {("pod-memory", "m0")})
        guest.quit()


def refusal(action, *arguments, **named):
    """What QEMU says against an action, None if nothing."""
    try:
        action(*arguments, **named)
    except QmpError as error:
        return error.description
    return None
