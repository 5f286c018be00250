# SPDX-License-Identifier: GPL-2.0-only
"""Where the things that the bed boots come from."""

import functools
import os
import subprocess
import tempfile

from errors import BedError

BED = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(BED))
GUEST = f"{BED}/guest"
CACHE = os.environ.get("KVM_POD_CACHE") or os.path.expanduser("~/.cache/kvm-pod")
MODULE = f"{TOP}/kvm-pod.ko"
# A kernel of tests/kernels for L1, in place of the stock one.
L1_KERNEL = os.environ.get("KVM_POD_L1_KERNEL")
L1_MODULE = f"{TOP}/build/kernels/{L1_KERNEL}/kvm-pod.ko" if L1_KERNEL else MODULE
# The one with iommufd, vDPA and mediated devices.
DEVICES_KERNEL = "devices"
# The one with kcov and faults on demand.
FAULTS_KERNEL = "faults"
STOCK_QEMU = "/usr/bin/qemu-system-x86_64"


def _script(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise BedError(f"{' '.join(command)} failed")
    return done.stdout


@functools.cache
def kernel():
    """{KVER, VMLINUZ, MODDIR, KDIR} of the stock kernel."""
    return _assignments(_script(f"{BED}/kernel.sh"))


@functools.cache
def special_kernel(name):
    """A kernel of tests/kernels, built if needed: as kernel(), and the lines of NAME.boot."""
    return _assignments(_script(f"{TOP}/tests/kernels/build.sh", name))


def boot_settings(name):
    """The lines of NAME.boot alone, without building anything."""
    with open(f"{TOP}/tests/kernels/{name}.boot", encoding="ascii") as lines:
        return _assignments("".join(line for line in lines if not line.startswith("#")))


def work(name, kernel=L1_KERNEL):
    """Where the logs of a test are: apart for a test that runs on several kernels."""
    below = "" if kernel in (None, DEVICES_KERNEL) else f"{kernel}/"
    return f"{TOP}/build/check/{below}{name}"


def l1_kernel():
    """What L1 runs."""
    return special_kernel(L1_KERNEL) if L1_KERNEL else kernel()


def build_special_module(name):
    """The module for a kernel of tests/kernels: that L1_MODULE is, where NAME is L1_KERNEL."""
    its = special_kernel(name)
    _script(f"{TOP}/tests/kernels/module.sh", its["KDIR"], f"{TOP}/build/kernels/{name}",
            *its.get("MODULE_MAKE", "").split())


def mdev_module():
    """The module of tests/mdev for L1's kernel."""
    return f"{TOP}/build/mdev/{l1_kernel()['KVER']}/kvm-pod-mdev.ko"


def build_mdev_module(of_kernel):
    """Build what mdev_module() names, for a kernel() or a special_kernel()."""
    _test_module("mdev", of_kernel["KDIR"], f"{TOP}/build/mdev/{of_kernel['KVER']}")


def planted_module(name=L1_KERNEL):
    """The module of tests/kernels/planted for a kernel of tests/kernels."""
    return f"{TOP}/build/planted/{name}/kvm-pod-planted.ko"


def build_planted_module(name):
    _test_module("kernels/planted", special_kernel(name)["KDIR"],
                 os.path.dirname(planted_module(name)))


def _test_module(source, kdir, out):
    _script(f"{TOP}/tests/kernels/testmodule.sh", f"{TOP}/tests/{source}", kdir, out)


def _assignments(text):
    return dict(line.split("=", 1) for line in text.splitlines())


@functools.cache
def patched_qemu():
    """The QEMU of qemu-patches/, built if needed."""
    return os.environ.get("KVM_POD_QEMU") or _script(f"{TOP}/qemu-patches/build.sh").strip()


def without_debug_info(path):
    """The bytes of an object file, a tenth of its size."""
    with tempfile.NamedTemporaryFile() as out:
        _script("strip", "-g", "-o", out.name, path)
        return out.read()


@functools.cache
def guest_program(name):
    """A static program from guest/NAME.c, rebuilt when its source is newer."""
    source, out = f"{GUEST}/{name}.c", f"{TOP}/build/guest/{name}"
    if not os.path.exists(out) or os.path.getmtime(out) < os.path.getmtime(source):
        os.makedirs(os.path.dirname(out), exist_ok=True)
        partial = f"{out}.{os.getpid()}"
        _script("gcc", "-std=gnu11", "-O2", "-static", "-Wall", "-Wextra", "-Werror",
                "-I", f"{TOP}/include/uapi", "-o", partial, source)
        os.rename(partial, out)
    return out


def bare_guest(name):
    """A guest without an operating system, built by guest_programs()."""
    return f"{TOP}/build/guests/{name}"


@functools.cache
def memtest():
    """The image of memtest86+."""
    return _script(f"{BED}/memtest.sh").strip()


def guest_programs():
    """Build all of them, before anything runs side by side."""
    _script("make", "-s", "-C", f"{TOP}/tests/guests")
    for name in sorted(os.listdir(GUEST)):
        if name.endswith(".c"):
            guest_program(name.removesuffix(".c"))
