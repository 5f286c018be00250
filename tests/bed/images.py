# SPDX-License-Identifier: GPL-2.0-only
"""The initramfs images of L1 and L2.

Cheap to build (under a second), so each scene builds its own and nothing is
ever stale. L1's is a concatenation: base, QEMU, guest, module, tests.
"""

import io
import os

import artifacts
import cpio
import initramfs

FIRMWARE = "/fw"
_L1_MODULES = ["kvm-amd", "loop", "brd", "nbd", "tun", "vhost_net"]
_L1_PROGRAMS = ["podsample", "fragment", "memfile", "udp", "gdbread"]
_L2_MODULES = ["virtio_balloon", "virtio_net", "virtio_blk", "e1000e", "virtio_mem"]
_L2_PROGRAMS = ["memfile", "hog", "udp", "kexec", "edu"]
_FIRMWARE_FILES = [
    "/usr/share/seabios/bios-256k.bin",
    "/usr/share/qemu/kvmvapic.bin",
    "/usr/share/qemu/linuxboot_dma.bin",
    "/usr/share/qemu/pvh.bin",
]


def write_l1(path, stock_qemu=False, extra=(), modules=(), l2_modules=()):
    """L1's initramfs at path; extra is (source, destination) pairs of programs.

    modules are those of the kernel beyond what all scenes need, l2_modules those of L2's.
    """
    parts = [_l1_base(modules), _qemu(artifacts.patched_qemu(), "bin/qemu-system-x86_64")]
    if stock_qemu:
        parts.append(_qemu(artifacts.STOCK_QEMU, "bin/qemu-stock"))
    parts += [_l2_image(l2_modules), _module(), _programs(extra)]
    with open(path, "wb") as out:
        for part in parts:
            part.write(out)


def _base(kernel, init, modules, programs):
    archive = cpio.Archive()
    initramfs.add_busybox(archive)
    initramfs.add_path(archive, f"{artifacts.GUEST}/{init}", "init", 0o755)
    initramfs.add_path(archive, f"{artifacts.GUEST}/agent.sh", "bed/agent.sh")
    initramfs.add_modules(archive, kernel["MODDIR"], modules)
    for name in programs:
        initramfs.add_path(archive, artifacts.guest_program(name), f"bin/{name}", 0o755)
    return archive


def _l1_base(modules):
    return _base(artifacts.l1_kernel(), "l1-init.sh", [*_L1_MODULES, *modules], _L1_PROGRAMS)


def _l2_image(modules):
    """The guest's kernel and initramfs, as files for L1's QEMU."""
    inner = io.BytesIO()
    _base(artifacts.kernel(), "l2-init.sh", [*_L2_MODULES, *modules], _L2_PROGRAMS).write(inner)
    archive = cpio.Archive()
    archive.file("l2/initrd", inner.getvalue())
    initramfs.add_path(archive, artifacts.kernel()["VMLINUZ"], "l2/vmlinuz")
    return archive


def _qemu(program, destination):
    archive = cpio.Archive()
    initramfs.add_program(archive, program, destination)
    for path in _FIRMWARE_FILES:
        initramfs.add_path(archive, path, f"{FIRMWARE}/{os.path.basename(path)}")
    return archive


def _module():
    """The module, and that of tests/mdev."""
    archive = cpio.Archive()
    for path in (artifacts.L1_MODULE, artifacts.mdev_module()):
        if os.path.exists(path):
            name = f"lib/modules/{artifacts.l1_kernel()['KVER']}/extra/{os.path.basename(path)}"
            archive.file(name, artifacts.without_debug_info(path))
    return archive


def _programs(pairs):
    archive = cpio.Archive()
    for source, destination in pairs:
        initramfs.add_program(archive, source, destination)
    return archive
