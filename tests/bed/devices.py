# SPDX-License-Identifier: GPL-2.0-only
"""Devices of L1, behind an emulated IOMMU, that it can give to a guest by vfio-pci."""

import re

import artifacts
import initramfs
from errors import check
from qmp import QmpError

_MODULES = ["vfio-pci", "vfio_iommu_type1", "virtio_net"]
# What a scene may need, and not every kernel has.
_OPTIONAL = ["mdev", "iommufd"]
# One with a DMA engine that software drives, one whose packets come by themselves.
EDU, NIC = "0000:00:10.0", "0000:00:11.0"
EDU_ID = "0x11e8"
NIC_MAC, PEER_MAC = "52:54:00:12:34:56", "52:54:00:12:34:57"

# What QEMU says, by who came second.
_ALLOWED = ".*pod-memory with pinnable=on"
DEVICE_REFUSED = ("VFIO device '{}' pins guest memory, but pod-memory 'm0' needs to discard it"
                  + _ALLOWED)
POD_REFUSED = ("pod-memory 'p0' needs to discard guest memory, but VFIO device '{}' pins it"
               + _ALLOWED)

_DEVICES = (
    "-device edu,addr=10.0",
    # The peer is L1's own: what L1 sends there, the NIC receives.
    f"-netdev hubport,id=n0,hubid=0 -device e1000e,addr=11.0,netdev=n0,mac={NIC_MAC},romfile=",
    f"-netdev hubport,id=n1,hubid=0 -device virtio-net-pci,netdev=n1,mac={PEER_MAC},romfile=",
)
# name -> (device of L0, what to tell L1's kernel). Debian's kernel has virtio's
# driver in a module, without which it has no PCI at all behind such an IOMMU.
_IOMMUS = {
    "intel": ("-device intel-iommu,intremap=on", "intel_iommu=on iommu=pt"),
    "amd": ("-device amd-iommu,intremap=on", "iommu=pt"),
}


def boot(bed, iommu="intel", modules=(), **options):
    """As bed.boot(), with the devices of above bound to vfio-pci."""
    device, append = _IOMMUS[iommu]
    l1 = bed.boot(modules=[*_modules(bed), *modules], append=append,
                  qemu_args=f"{device} {' '.join(_DEVICES)}".split(), **options)
    # Those that are not built in; what is missing shows below.
    l1.sh(f"for name in {' '.join(_MODULES)}; do modprobe $name; done; true")
    for address in (EDU, NIC):
        bind(l1, address)
    bed.mark()
    return l1


def _modules(bed):
    moddir = artifacts.l1_kernel()["MODDIR"]
    for name in _MODULES:
        if not initramfs.has_module(moddir, name):
            bed.skip(f"L1's kernel has no {name}")
    return _MODULES + [name for name in _OPTIONAL if initramfs.has_module(moddir, name)]


def bind(l1, address):
    """Give a device to vfio-pci."""
    l1.sh(f"cd /sys/bus/pci && echo vfio-pci >devices/{address}/driver_override &&"
          f" echo {address} >drivers_probe && [ -e drivers/vfio-pci/{address} ] &&"
          f" ls /dev/vfio/$(basename $(readlink devices/{address}/iommu_group))")


def vfio(address, ident):
    """The option that assigns a device."""
    return f" -device vfio-pci,host={address},id={ident}"


def attach(guest, address, ident):
    guest.qmp.call("device_add", driver="vfio-pci", host=address, id=ident)


def detach(guest, ident):
    """Ask the guest to let go of a device, and wait until QEMU has."""
    start = guest.qmp.position()
    guest.qmp.call("device_del", id=ident)
    while guest.qmp.wait_event("DEVICE_DELETED", start).get("device") != ident:
        start += 1


def inhibitors(guest):
    """Who keeps the balloon from working: a set of (reason, id)."""
    listed = guest.qmp.call("query-balloon-inhibitors")
    check(all(one["count"] == 1 for one in listed), f"one inhibits twice: {listed}")
    return {(one["reason"], one.get("id")) for one in listed}


def expect_inhibitors(guest, wanted):
    listed = inhibitors(guest)
    check(listed == wanted, f"{listed or 'nobody'} inhibits the balloon, not {wanted or 'nobody'}")


def expect_error(guest, wanted, command, **arguments):
    """A QMP command fails, and its text matches wanted; return the text."""
    try:
        guest.qmp.call(command, **arguments)
    except QmpError as error:
        check(re.search(wanted, error.description),
              f"{command} failed with '{error.description}', not with '{wanted}'")
        return error.description
    check(False, f"{command} {arguments} did not fail")
    return None


def expect_no_start(l1, program, options, wanted):
    """A QEMU ends at once, with status 1 and a text that matches wanted; return it."""
    said = l1.sh(f"{program} -L /fw -nodefaults -display none -accel kvm -S {options} 2>&1;"
                 " echo status $?")
    check(said.endswith("status 1"), f"{program} {options} did not end with status 1: {said}")
    check(re.search(wanted, said), f"no '{wanted}' in: {said}")
    return said


def edu(blocks, seed, end=""):
    """A command for a guest: have its edu device copy blocks, at most until there is a file end."""
    where = f"$(grep -l {EDU_ID} /sys/bus/pci/devices/*/device | cut -d/ -f6)"
    return f"edu {where} {blocks} {seed} {end}"
