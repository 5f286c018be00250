# SPDX-License-Identifier: GPL-2.0-only
"""Figures of programs that run on this machine itself, at real speed."""

import json
import os
import subprocess

import artifacts

_ZERO = f"{artifacts.TOP}/tests/zero"
_CORE = f"{artifacts.TOP}/tests/bench/user"
# Where qemu-patches/build.sh leaves QEMU's source: the peer buffer_is_zero() is from there.
_QEMU_TREE = f"{artifacts.CACHE}/qemu/tree"


def _said(*command):
    """What a program prints: a figure per line."""
    text = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return [json.loads(line) for line in text.splitlines()]


def _qemu():
    return [f"QEMU={_QEMU_TREE}"] if os.path.isdir(f"{_QEMU_TREE}/source") else []


def figures():
    """A list of {row, name, ...}; GiB/s and nanoseconds."""
    print("# at real speed: reading, scanning, clearing", flush=True)
    figures_of_memory = _said("make", "-s", "-C", _ZERO, "bench", *_qemu())
    print("# at real speed: the core, by one thread and by more", flush=True)
    return figures_of_memory + _said("make", "-s", "-C", _CORE, "bench")
