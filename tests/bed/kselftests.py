#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Run the programs of tests/selftests in L1 and count their TAP lines.

kselftests.py SUITE [PROGRAM...]. A program that kills L1, or leaves a pod behind,
fails; L1 is booted again for the next one. The suites are in SUITES.
"""

import glob
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import artifacts  # noqa: E402
import initramfs  # noqa: E402
import leaks  # noqa: E402
from bed import Bed  # noqa: E402
from errors import BedError, SceneFailed, Timeout, check  # noqa: E402
from jobs import Tally  # noqa: E402
from limits import SCALE  # noqa: E402

_PROGRAM_TIMEOUT = 300
# Blocks with a memory error, as one program makes, stay out of service.
_SLACK = 8 << 20
_RESULT = re.compile(r"^(not )?ok \d+\s*(.*)$")
_PLAN = re.compile(r"^1\.\.(\d+)")


class Suite:
    """A directory of programs, and what L1 needs for them beyond the usual.

    options are for L1(); modules are the kernel's, which may lack some; only
    names the programs, if not all, and other those that another suite has. may_skip:
    how the names of the cases begin that may be skipped; None for all. timeout: of a
    program. leaves_nothing: with the module out, no page that it took is left; one with
    a memory error would be. allowed: what the kernel may say although it sounds like
    trouble.
    """

    def __init__(self, name, below, modules, options, only=(), may_skip=None, other=(),
                 timeout=_PROGRAM_TIMEOUT, leaves_nothing=False, allowed=None):
        self.name = name
        self.may_skip = may_skip
        self.timeout = timeout
        self.leaves_nothing = leaves_nothing
        self.allowed = allowed
        self.source = f"{artifacts.TOP}/tests/selftests{below}"
        self.built = f"{artifacts.TOP}/build/selftests{below}"
        self.work = artifacts.work(name)
        self.options = options
        self._modules = modules
        self._only = only
        self._other = other

    def programs(self):
        """Names of the programs, built or not."""
        listing = subprocess.run(["make", "-s", "-C", self.source, "list"], check=True,
                                 capture_output=True, text=True)
        return sorted(name for name in listing.stdout.split()
                      if name not in self._other and (not self._only or name in self._only))

    def modules(self):
        moddir = artifacts.l1_kernel()["MODDIR"]
        return [name for name in self._modules if initramfs.has_module(moddir, name)]


# What pins memory without any hardware.
USUAL = Suite("selftests", "", ["hwpoison-inject", "vivid", "ib_uverbs", "rdma_rxe",
                                "crc32_generic"], {"cpus": 2}, other=["firsterror", "secrets"])

# Debian's kernel clears all that it allocates: here only the module clears.
SECRETS = Suite("selftests-secrets", "", [], {"cpus": 2, "append": "init_on_alloc=0"},
                only=["secrets"], may_skip=())

# A kernel that has had no memory error yet; all others shall not be its successors.
FIRST_ERROR = Suite("selftests-firsterror", "", ["hwpoison-inject"], {"cpus": 2},
                    only=["firsterror"])
HERE = [USUAL, SECRETS, FIRST_ERROR]


def _devices(name, iommu, append="", only=()):
    """An IOMMU, and a network card behind it."""
    return Suite(name, "/devices", ["vfio-pci", "vfio_iommu_type1", "mdev", "iommufd",
                                    "vhost_vdpa", "vdpa_sim_net"],
                 {"cpus": 1, "append": append,
                  "qemu_args": ["-device", iommu, "-device", "e1000e,addr=10"]}, only,
                 may_skip=())


# VFIO wants an IOMMU that remaps interrupts, too, or to be told not to.
_UNSAFE = "vfio_iommu_type1.allow_unsafe_interrupts=1 iommufd.allow_unsafe_interrupts=1"
DEVICES = [
    _devices("selftests-devices", "intel-iommu,intremap=on", "intel_iommu=on"),
    _devices("selftests-amd-iommu", "amd-iommu,intremap=on", only=["assign", "ioas"]),
    _devices("selftests-virtio-iommu", "virtio-iommu-pci", _UNSAFE, only=["assign", "ioas"]),
]
# Most cases repeat something as often as there is anything in it that can fail. The
# kernel shows where an allocation failed; a real report has a line of its own beside.
_TOLD = r"pagefault_out_of_memory: \d+ callbacks suppressed|Call Trace:"
FAULTS = Suite("selftests-faults", "/faults", [], {"cpus": 2}, may_skip=(), timeout=1800,
               leaves_nothing=True, allowed=_TOLD)
SUITES = {suite.name: suite for suite in [*HERE, *DEVICES, FAULTS]}


class Host:
    """L1, booted when needed."""

    def __init__(self, names, suite):
        self._pairs = [(f"{suite.built}/{name}", f"selftests/{name}") for name in names]
        self.suite = suite
        self._bed = None

    def bed(self):
        if not self._bed:
            self._bed = Bed(self.suite.work)
            self._bed.boot(memory="2G", programs=self._pairs,
                           modules=self.suite.modules(), **self.suite.options)
            self._bed.l1.allowed = self.suite.allowed
        return self._bed

    def is_up(self):
        return self._bed is not None

    def drop(self, trouble=None):
        """End L1. What it said in its trouble is kept: the next writes to the same files."""
        if self._bed:
            self._bed.close()
        self._bed = None
        if trouble:
            kept = f"{self.suite.work}/{trouble}"
            os.makedirs(kept, exist_ok=True)
            for log in glob.glob(f"{self.suite.work}/*.log"):
                shutil.copy(log, kept)


def environment():
    """What a program may be told."""
    settings = [f"KVM_POD_TIMEOUT_SCALE={max(1, round(SCALE))}"]
    for name in ("SEED", "OPS"):
        if name in os.environ:
            settings.append(f"{name}={int(os.environ[name], 0)}")
    return " ".join(settings)


def run_program(host, name, tally):
    """Run one program, print its cases, add its verdicts."""
    print(f"# {name}", flush=True)
    try:
        bed = host.bed()
        bed.mark()
        output = bed.l1.sh(f"cd /selftests && {environment()} ./{name}; echo \"# status $?\"",
                           host.suite.timeout, status=None)
        count(name, output, tally, host.suite.may_skip)
        bed.l1.check_alive()
        bed.l1.sh("rmmod brd loop nbd vhost_net tun 2>/dev/null;"
                  " modprobe -r vivid 2>/dev/null; modprobe -r rdma_rxe 2>/dev/null; true")
        bed.expect_all_back(slack=_SLACK)
    except (BedError, SceneFailed) as error:
        kind = "took too long" if isinstance(error, Timeout) else "left L1 in trouble"
        print(f"not ok {name} {kind}: {error}", flush=True)
        tally.add(failed=1)
        host.drop(name)


def look_for_leaks(host, tally):
    """The last verdict, of a kernel that has one on leaks."""
    try:
        if host.is_up() and host.bed().expect_no_leak():
            print("ok leaks", flush=True)
            tally.add(1)
        if host.is_up() and host.suite.leaves_nothing:
            check(leaks.unload_and_check(host.bed().l1, "kvm_pod"),
                  "this kernel cannot tell what is left")
            print("ok nothing is left of the module", flush=True)
            tally.add(1)
    except (BedError, SceneFailed) as error:
        print(f"not ok leaks: {error}", flush=True)
        tally.add(failed=1)


def count(name, output, tally, may_skip=None):
    """Judge TAP output: every planned case must have its line; may_skip as in Suite."""
    lines = output.splitlines()
    plans = [int(match[1]) for match in map(_PLAN.match, lines) if match]
    results = [match for match in map(_RESULT.match, lines) if match]
    bad = sum(1 for match in results if match[1])
    skips = [match[2] for match in results if not match[1] and "# SKIP" in match[2]]
    for line in lines:
        if not line.startswith("#  RUN") and not line.startswith("#    "):
            print(line, flush=True)
    ended_well = "# status 0" in lines or bad or "# status 4" in lines
    if not plans or plans[-1] != len(results) or not ended_well:
        print(f"not ok {name} did not run to its end", flush=True)
        bad += 1
    good = sum(1 for match in results if not match[1]) - len(skips)
    for case in list(skips) if may_skip is not None else ():
        if not case.startswith(tuple(may_skip)):
            print(f"not ok {name} {case}: may not be skipped here", flush=True)
            bad += 1
            skips.remove(case)
    tally.add(good, bad, len(skips))


def main(suite, names):
    names = names or suite.programs()
    os.makedirs(suite.work, exist_ok=True)
    tally = Tally()
    host = Host(names, suite)
    try:
        for name in names:
            run_program(host, name, tally)
        look_for_leaks(host, tally)
    finally:
        host.drop()
    if not names:
        print(f"{suite.source} has no program")
        tally.add(failed=1)
    print(tally.summary(), flush=True)
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main(SUITES[sys.argv[1]], sys.argv[2:]))
