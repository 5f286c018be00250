# SPDX-License-Identifier: GPL-2.0-only
"""The parts of the test suite: what each needs and which jobs it is."""

import glob
import os
import subprocess

import artifacts
import kselftests
import scene
from artifacts import BED, TOP
from errors import BedError
from jobs import Job

_SCENES = f"{TOP}/tests/scenes"
_WORK = f"{TOP}/build/check"

DEFAULT = ["nested", "kernel", "ept", "qemu", "core", "mutations", "bed", "uapi", "tools", "lint"]


def _nested(only):
    return _scene_jobs("*.py", only)


def _soak(only):
    return _scene_jobs("soak/*.py", only)


def _scene_jobs(pattern, only):
    jobs = []
    for path in sorted(glob.glob(f"{_SCENES}/{pattern}")):
        name = os.path.basename(path).removesuffix(".py")
        if only in (None, name):
            workdir = f"{_WORK}/{name}"
            os.makedirs(workdir, exist_ok=True)
            command = ["/usr/bin/python3", f"{BED}/scene.py", path, workdir]
            jobs.append(Job(name, command, scene.load(path).TIMEOUT))
    return sorted(jobs, key=lambda job: -job.timeout)


def _counted(name, command, timeout):
    """A part that counts for itself; T names it as a whole."""
    def make(only):
        if only not in (None, name):
            return []
        return [Job(name, command, timeout, counted=True)]
    return make


def _kernel(only):
    command = ["/usr/bin/python3", f"{BED}/kselftests.py"]
    if only in kselftests.programs():
        command.append(only)
    elif only not in (None, "selftests"):
        return []
    return [Job("selftests", command, 600, counted=True)]


# name -> (deps.sh groups, prepare steps, function that makes the jobs)
PARTS = {
    "nested": (["bed", "module"], ["kernel", "module", "qemu", "podctl", "guest"], _nested),
    "soak": (["bed", "module"], ["kernel", "module", "qemu", "podctl", "guest"], _soak),
    "kernel": (["bed", "module"], ["kernel", "module", "qemu", "guest", "selftests"],
               _kernel),
    "ept": (["bed", "module", "ept"], ["kernel", "module"],
            _counted("ept", [f"{TOP}/tests/ept/run.sh"], 400)),
    "qemu": (["qemu-build"], ["qemu"],
             _counted("qtest", [f"{TOP}/qemu-patches/build.sh", "--qtest"], 900)),
    "core": (["core"], [], _counted("core", ["make", "-s", "-C", f"{TOP}/tests/core", "check"],
                                    600)),
    "mutations": (["bed", "module"], ["kernel", "module", "qemu", "guest", "selftests"],
                  _counted("mutations", [f"{TOP}/tests/mutations/run.py", "--quick"], 240)),
    "bed": (["bed"], [], _counted("bed", ["/usr/bin/python3", f"{BED}/test_bed.py"], 60)),
    "uapi": (["core"], [], _counted("uapi", ["make", "-s", "-C", f"{TOP}/tests/uapi", "check"],
                                    120)),
    "tools": (["packaging", "module"], ["module"], _counted("tools", [f"{TOP}/tools/test.sh"], 120)),
    "lint": (["lint", "module"], ["module"],
             _counted("lint", [f"{TOP}/tests/lint/run.sh"], 600)),
}

_STEPS = {
    "kernel": lambda: artifacts.kernel() and artifacts.l1_kernel(),
    "module": lambda: _module(),
    "qemu": lambda: os.environ.update(KVM_POD_QEMU=artifacts.patched_qemu()),
    "podctl": lambda: _make("-C", f"{TOP}/tools/podctl"),
    "selftests": lambda: _make("-C", f"{TOP}/tests/selftests"),
    "guest": lambda: artifacts.guest_programs(),
}


def prepare(names):
    """Install, download and build what the parts need, in this order."""
    groups = ["bed"] + [group for name in names for group in PARTS[name][0]]
    _call(f"{BED}/deps.sh", *dict.fromkeys(groups))
    steps = [step for name in names for step in PARTS[name][1]]
    for step in dict.fromkeys(steps):
        print(f"PREP  {step}", flush=True)
        _STEPS[step]()


def jobs(names, only):
    return [job for name in names for job in PARTS[name][2](only)]


def _module():
    _make("-C", TOP, "module", f"KDIR={artifacts.kernel()['KDIR']}")
    artifacts.build_l1_module()


def _make(*arguments):
    _call("make", "-s", *arguments)


def _call(*command):
    if subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode:
        raise BedError(f"'{' '.join(command)}' failed")
