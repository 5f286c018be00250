# SPDX-License-Identifier: GPL-2.0-only
"""A guest gives a gibibyte up and takes it again: what L1 executes until it is done.

By a balloon, with our QEMU and with Debian's, which has none of the series; or by
virtio-mem. All of the guest's memory was in use before. Done is what the guest has
told QEMU, and of a pod's memory also that L1 has it.
"""

from boot import numbers
from l2 import BOOT_TIMEOUT
from pod import MIB, Pod

_GIB = 1 << 30
_SIZE = "1536M"
_SMALL = 512 * MIB
_LARGE = _SMALL + _GIB
# Of tmpfs, and gone again: more than the balloon takes.
_FILL = "memfile fill /tmp/data 1100 1 && rm /tmp/data"
_TIMEOUT = 300
_MAIN = f"-machine memory-backend=m0 -object {{}},id=m0,size={_SIZE}"
_FILE = "memory-backend-file,share=on,align=2M,mem-path={path}"
_RUN = f"podctl run --size {_SIZE} --target {_SIZE} -- "
_OURS = "qemu-system-x86_64"
_DEBIANS = "qemu-stock"


class Ballooned:
    """A guest with a balloon."""

    devices = "-device virtio-balloon-pci"

    def __init__(self, peer, page, backend, qemu=_OURS, before="", settings=(1,)):
        self.peer = peer
        self.page = page
        self.how = "balloon" if qemu == _OURS else "balloon, Debian's QEMU"
        self.backend = _MAIN.format(backend)
        self.launcher = before + qemu
        self.settings = settings

    def prepare(self, guest):
        """Before its memory is filled."""

    def move(self, bed, guest, size):
        """Let it have size bytes; returns when it has."""
        start = guest.qmp.position()
        guest.qmp.call("balloon", value=size)
        wait_size(guest, "BALLOON_CHANGE", "actual", size, start)
        if "pod-memory" in self.backend:
            self._wait_pod(bed.l1, guest.pod(), size)

    @staticmethod
    def _wait_pod(l1, pod: Pod, size):
        l1.sh(f"while read -r owned <{pod.path}/owned && [ $owned -gt {size} ]; do"
              " usleep 100000; done", timeout=_TIMEOUT)


class Unplugged:
    """A guest with memory that can be unplugged."""

    peer, page, how, settings = "anonymous", "2m", "virtio-mem", (1,)
    backend = (f"-m {_SMALL // MIB}M,slots=1,maxmem=2G -machine memory-backend=m0"
               f" -object memory-backend-ram,id=m0,size={_SMALL // MIB}M"
               " -object memory-backend-ram,id=m1,size=1G")
    devices = "-device virtio-mem-pci,id=vm0,memdev=m1,requested-size=1G"
    launcher = _OURS

    @staticmethod
    def prepare(guest):
        guest.sh("echo online_movable >/sys/devices/system/memory/auto_online_blocks;"
                 " modprobe virtio_mem; until [ $(awk '/^MemTotal/ { print $2 }' /proc/meminfo)"
                 " -gt 1300000 ]; do usleep 100000; done; mount -o remount,size=95% /tmp")

    @staticmethod
    def move(_, guest, size):
        start = guest.qmp.position()
        guest.qmp.call("qom-set", path="/machine/peripheral/vm0", property="requested-size",
                       value=size - _SMALL)
        wait_size(guest, "MEMORY_DEVICE_SIZE_CHANGE", "size", size - _SMALL, start)


KINDS = (
    Ballooned("pod", "2m", f"pod-memory,target={_SIZE}", settings=(1, 0)),
    Ballooned("pod", "2m", _FILE, _DEBIANS, _RUN),
    Ballooned("anonymous", "2m", "memory-backend-ram", settings=(1, 0)),
    Ballooned("anonymous", "2m", "memory-backend-ram", _DEBIANS),
    Ballooned("memfd", "4k", "memory-backend-memfd"),
    Unplugged,
)


def wait_size(guest, event, name, wanted, start):
    """Wait for an event, at or after start, that tells the wanted size."""
    while True:
        guest.qmp.wait_event(event, start, _TIMEOUT)
        after = guest.qmp.position()
        told = [data[name] for data in guest.qmp.events(event, start)]
        if told and told[-1] == wanted:
            return
        start = after


class Meter:
    """Instructions of L1, without what asking costs."""

    def __init__(self, l1):
        self._l1 = l1
        self._asking = 0
        self._asking = min(self.of(lambda: None) for _ in range(3))

    def of(self, action):
        before = self._busy()
        action()
        return self._busy() - before - self._asking

    def _busy(self):
        return numbers(self._l1.sh("spent"))["busy"]


def figures(bed, init_on_alloc):
    """What each kind costs."""
    meter = Meter(bed.l1)
    return [_figure(bed, meter, kind, init_on_alloc) for kind in KINDS
            if init_on_alloc in kind.settings]


def _figure(bed, meter, kind, init_on_alloc):
    bed.log(f"{kind.how} of {kind.peer}, {kind.page}")
    guest = bed.start(kind.backend, launcher=kind.launcher, devices=kind.devices)
    guest.wait_up(2 * BOOT_TIMEOUT)
    kind.prepare(guest)
    guest.sh(_FILL, timeout=_TIMEOUT)
    free = bed.settled_free()
    inflate = meter.of(lambda: kind.move(bed, guest, _SMALL))
    back = bed.settled_free() - free
    deflate = meter.of(lambda: kind.move(bed, guest, _LARGE))
    guest.quit()
    return {"row": "balloon", "peer": kind.peer, "page": kind.page, "how": kind.how,
            "init_on_alloc": init_on_alloc, "inflate": inflate, "deflate": deflate, "back": back}
