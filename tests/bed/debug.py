# SPDX-License-Identifier: GPL-2.0-only
"""The jobs on kernels that watch themselves: all of them, or a few in make check.

Each job of a debug kernel is named KERNEL:NAME and keeps its logs in
build/check/KERNEL/NAME.
"""

import glob
import os

import artifacts
import kselftests
import scene
from artifacts import BED, TOP
from jobs import Job
from limits import SCALE

KERNELS = ("kasan", "kcsan")
# What make check has room for: the paths of a page's life, and their locks.
BOUNDED_KERNEL = "kasan"
BOUNDED_PROGRAMS = ("fault", "discard", "sweep", "demote", "target", "zero", "vma", "kill")
BOUNDED_SCENES = ("boot_ballooned",)
_SCENES = f"{TOP}/tests/scenes"


def everything(kernel, only):
    """The whole suite in L1, and all nested scenes, on one kernel."""
    jobs = [_planted(kernel)] if only in (None, "planted") else []
    for path in sorted(glob.glob(f"{_SCENES}/*.py")):
        if only in (None, _name(path)):
            jobs.append(_scene(kernel, path))
    for suite in (*kselftests.HERE, *kselftests.DEVICES):
        if only in (None, suite.name):
            jobs.append(_selftests(kernel, suite, ()))
        elif only in suite.programs():
            jobs.append(_selftests(kernel, suite, (only,)))
    return sorted(jobs, key=lambda job: -job.timeout)


def bounded(only):
    """The same in a few minutes, as a whole: T= names the programs on a stock kernel."""
    if only not in (None, "debug"):
        return []
    kernel = BOUNDED_KERNEL
    jobs = [_scene(kernel, f"{_SCENES}/{name}.py") for name in BOUNDED_SCENES]
    return [*jobs, _selftests(kernel, kselftests.USUAL, BOUNDED_PROGRAMS),
            _planted(kernel, "--quick")]


def _name(path):
    return os.path.basename(path).removesuffix(".py")


def _scene(kernel, path):
    workdir = artifacts.work(_name(path), kernel)
    os.makedirs(workdir, exist_ok=True)
    return _job(kernel, _name(path), [f"{BED}/scene.py", path, workdir],
                scene.load(path).TIMEOUT)


def _selftests(kernel, suite, programs):
    return _job(kernel, suite.name, [f"{BED}/kselftests.py", suite.name, *programs], 600,
                counted=True)


def _planted(kernel, *options):
    return _job(kernel, "planted", [f"{BED}/planted.py", *options], 200, counted=True)


def _job(kernel, name, command, timeout, counted=False):
    slowness = float(artifacts.boot_settings(kernel).get("SLOWNESS", 1))
    return Job(f"{kernel}:{name}", ["/usr/bin/python3", *command], timeout * slowness,
               counted=counted, env={"KVM_POD_L1_KERNEL": kernel,
                                     "KVM_POD_TIMEOUT_SCALE": f"{SCALE * slowness:g}"})
