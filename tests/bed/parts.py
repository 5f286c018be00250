# SPDX-License-Identifier: GPL-2.0-only
"""The parts of the test suite: what each needs and which jobs it is."""

import glob
import os
import subprocess

import artifacts
import debug
import initramfs
import kselftests
import scene
from artifacts import BED, TOP
from errors import BedError
from jobs import Job

SCENES = f"{TOP}/tests/scenes"

# Suite, seconds at most, kernel. The pins of the mm selftests need a kernel's test.
# Twice what they take on idle cores, where "file" is as long as all others together.
_EXTERNAL = [("file", 1200, None), ("kvm", 900, None), ("mm", 200, artifacts.DEVICES_KERNEL)]

DEFAULT = ["nested", "debug", "kernel-full", "kernel", "bench", "ept", "qemu", "core", "corpus",
           "replay", "mutations", "bed", "uapi", "tools", "lint"]


def _nested(only):
    return _scene_jobs("*.py", only)


def _soak(only):
    return _scene_jobs("soak/*.py", only)


def _scene_jobs(pattern, only, kernel=None):
    """The scenes that name this kernel of tests/kernels, or none, in their KERNEL."""
    jobs = []
    for path in sorted(glob.glob(f"{SCENES}/{pattern}")):
        name = os.path.basename(path).removesuffix(".py")
        module = scene.load(path)
        if only in (None, name) and getattr(module, "KERNEL", None) == kernel:
            workdir = artifacts.work(name)
            os.makedirs(workdir, exist_ok=True)
            command = ["/usr/bin/python3", f"{BED}/scene.py", path, workdir]
            # A kernel made for a scene has all that it needs.
            jobs.append(Job(name, command, module.TIMEOUT, env=_environment(kernel),
                            strict=kernel is not None))
    return sorted(jobs, key=lambda job: -job.timeout)


def _external(only):
    """Programs of others: the tables of tests/external/README.md."""
    jobs = [Job(f"external-{suite}", ["/usr/bin/python3", f"{TOP}/tests/external/run.py", suite],
                timeout, counted=True, env=_environment(kernel))
            for suite, timeout, kernel in _EXTERNAL
            if only in (None, "external", f"external-{suite}")]
    return jobs + _scene_jobs("external/*.py", None if only == "external" else only)


def _environment(kernel):
    return {"KVM_POD_L1_KERNEL": kernel} if kernel else {}


def _counted(name, command, timeout):
    """A part that counts for itself; T names it as a whole."""
    def make(only):
        if only not in (None, name):
            return []
        return [Job(name, command, timeout, counted=True)]
    return make


def _kernel(only):
    return [job for suite, timeout in zip(kselftests.HERE, (600, 200, 200), strict=True)
            for job in _selftest_jobs(suite, timeout, only)]


def _kernel_full(only):
    """All that needs the kernel with iommufd, vDPA and mediated devices."""
    jobs = _scene_jobs("*.py", only, artifacts.DEVICES_KERNEL)
    for suite in kselftests.DEVICES:
        jobs += _selftest_jobs(suite, 300, only, artifacts.DEVICES_KERNEL)
    return jobs


def _fuzz_seconds():
    return int(os.environ.get("KVM_POD_FUZZ_SECONDS", "60"))


def _fuzz_core(only):
    """The fuzzers of core/ one after another, or one of them: seconds in all."""
    seconds = _fuzz_seconds()
    command = [f"{TOP}/tests/fuzz/core/run.py", "--seconds", str(seconds)]
    if only in _fuzz_targets():
        command.append(only)
    elif only not in (None, "fuzz-core"):
        return []
    return [Job("fuzz-core", command, 2 * seconds + 300, counted=True)]


def _fuzz_kernel(mode, timeout, kernel=None):
    """The fuzzer of the module: a job of its own per mode."""
    def make(only):
        if only not in (None, f"fuzz-{mode}"):
            return []
        command = ["/usr/bin/python3", f"{TOP}/tests/fuzz/kernel/podfuzz.py", mode]
        return [Job(f"fuzz-{mode}", command, timeout, counted=True, env=_environment(kernel))]
    return make


def _fuzz(only):
    kernel = _fuzz_kernel("kernel", 2 * _fuzz_seconds() + 400, artifacts.FAULTS_KERNEL)
    return [*kernel(only), *_fuzz_kernel("mutants", 1800)(only)]


def _fuzz_targets():
    """What T may name."""
    return [os.path.basename(path).removesuffix("_fuzz.c")
            for path in glob.glob(f"{TOP}/tests/fuzz/core/*_fuzz.c")]


def _faults(only):
    """The suite, and whether what it ends with finds anything at all."""
    kernel = artifacts.FAULTS_KERNEL
    jobs = _selftest_jobs(kselftests.FAULTS, 3600, only, kernel)
    if only in (None, "planted"):
        jobs.append(Job("planted", ["/usr/bin/python3", f"{BED}/planted.py"], 600, counted=True,
                        env=_environment(kernel)))
    return jobs


def _selftest_jobs(suite, timeout, only, kernel=None):
    """One job for the suite, or for one program of it."""
    command = ["/usr/bin/python3", f"{BED}/kselftests.py", suite.name]
    if only in suite.programs():
        command.append(only)
    elif only not in (None, suite.name):
        return []
    return [Job(suite.name, command, timeout, counted=True, env=_environment(kernel))]


def _debug(kernel):
    return lambda only: debug.everything(kernel, only)


_DEBUG_GROUPS = ["bed", "module", "debug-kernel"]
_DEBUG_STEPS = ["kernel", "module", "qemu", "podctl", "guest", "selftests"]

# name -> (deps.sh groups, prepare steps, function that makes the jobs)
PARTS = {
    "nested": (["bed", "module"], ["kernel", "module", "qemu", "podctl", "guest"], _nested),
    "soak": (["bed", "module"], ["kernel", "module", "qemu", "podctl", "guest"], _soak),
    "kernel": (["bed", "module"], ["kernel", "module", "qemu", "guest", "selftests"],
               _kernel),
    "kernel-full": (["bed", "module", "debug-kernel"],
                    ["kernel", "module", "kernel-full", "qemu", "podctl", "guest", "selftests"],
                    _kernel_full),
    "debug": (_DEBUG_GROUPS, ["debug-kasan", *_DEBUG_STEPS], debug.bounded),
    "debug-kasan": (_DEBUG_GROUPS, ["debug-kasan", *_DEBUG_STEPS], _debug("kasan")),
    "debug-kcsan": (_DEBUG_GROUPS, ["debug-kcsan", *_DEBUG_STEPS], _debug("kcsan")),
    "faults": (["bed", "module", "debug-kernel"],
               ["kernel", "module", "faults-kernel", "faults-planted", "qemu", "guest",
                "selftests"], _faults),
    "external": (["bed", "module", "debug-kernel", "external"],
                 ["kernel", "module", "kernel-full", "qemu", "podctl", "guest", "selftests",
                  "external"],
                 _external),
    "bench": (["bed", "module"],
              ["kernel", "module", "qemu", "podctl", "guest", "podbench"],
              _counted("bench", [f"{TOP}/tests/bench/check.py"], 300)),
    "ept": (["bed", "module", "ept"], ["kernel", "module"],
            _counted("ept", [f"{TOP}/tests/ept/run.sh"], 400)),
    "qemu": (["qemu-build"], ["qemu"],
             _counted("qtest", [f"{TOP}/qemu-patches/build.sh", "--qtest"], 900)),
    "core": (["core"], [], _counted("core", ["make", "-s", "-C", f"{TOP}/tests/core", "check"],
                                    600)),
    "corpus": (["fuzz"], [], _counted("corpus", [f"{TOP}/tests/fuzz/core/run.py", "--check"], 400)),
    "fuzz-core": (["fuzz"], [], _fuzz_core),
    "fuzz": (["bed", "module", "debug-kernel"],
             ["kernel", "module", "faults-kernel", "qemu", "guest", "podfuzz"], _fuzz),
    "replay": (["bed", "module"], ["kernel", "module", "qemu", "guest", "podfuzz"],
               _fuzz_kernel("replay", 240)),
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
    "faults-kernel": lambda: artifacts.build_special_module(artifacts.FAULTS_KERNEL),
    "faults-planted": lambda: artifacts.build_planted_module(artifacts.FAULTS_KERNEL),
    "kernel-full": lambda: _special_kernel(artifacts.DEVICES_KERNEL),
    "debug-kasan": lambda: _debug_kernel("kasan"),
    "debug-kcsan": lambda: _debug_kernel("kcsan"),
    "qemu": lambda: os.environ.update(KVM_POD_QEMU=artifacts.patched_qemu()),
    "podctl": lambda: _make("-C", f"{TOP}/tools/podctl"),
    "selftests": lambda: _selftests(),
    "podbench": lambda: _make("-C", f"{TOP}/tests/bench/l1"),
    "podfuzz": lambda: _make("-C", f"{TOP}/tests/fuzz/kernel"),
    "guest": lambda: artifacts.guest_programs(),
    "external": lambda: _call(f"{TOP}/tests/external/build.sh"),
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
    if artifacts.L1_KERNEL:
        artifacts.build_special_module(artifacts.L1_KERNEL)
    _mdev_module(artifacts.l1_kernel())


def _special_kernel(name):
    artifacts.build_special_module(name)
    _mdev_module(artifacts.special_kernel(name))


def _debug_kernel(name):
    _special_kernel(name)
    artifacts.build_planted_module(name)


def _mdev_module(kernel):
    if initramfs.has_module(kernel["MODDIR"], "mdev"):
        artifacts.build_mdev_module(kernel)


def _selftests():
    for source in dict.fromkeys(suite.source for suite in kselftests.SUITES.values()):
        _make("-C", source)


def _make(*arguments):
    _call("make", "-s", *arguments)


def _call(*command):
    if subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode:
        raise BedError(f"'{' '.join(command)}' failed")
