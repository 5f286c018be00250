#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Take out one guard at a time and see that a test notices: run.py [--quick] [NAME...].

Each mutant is built, and its tests are run in an L1 of its own: one of them
must fail, or L1 be left in trouble. That all tests pass without any mutation is
seen too. --quick runs a few, and sees that all others still apply. Mutants with a
kernel of their own run where KVM_POD_L1_KERNEL names it, and the others elsewhere.
"""

import argparse
import collections
import fcntl
import filecmp
import os
import re
import shutil
import subprocess
import sys

_BED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../bed")
sys.path.insert(0, _BED)

import artifacts  # noqa: E402
import parts  # noqa: E402
from bed import Bed  # noqa: E402
from errors import BedError, Dead, SceneFailed, Timeout  # noqa: E402
from jobs import SKIPPED_STATUS, Job, Runner, Tally  # noqa: E402
from kselftests import environment  # noqa: E402
from mutant import Mutant, Stale, names  # noqa: E402

_TOP = artifacts.TOP
_WORK = f"{_TOP}/build/mutations"
_TREE = f"{_WORK}/tree"
_LOGS = f"{_TOP}/build/check/mutations"
_SOURCES = ["Kbuild", "kvm-pod", "include"]
_RESULT = re.compile(r"^(not )?ok \d+ (\S+)(.*)$")

# What modules that the tests load keep, and blocks with a memory error.
_SLACK = 12 << 20

# Seconds for one program, and for a job as a whole: it may wait for a build.
_PROGRAM_TIMEOUT = 90
_JOB_TIMEOUT = 300

# Cheap, and of different kinds.
_QUICK = ["rule-01-referenced-block", "rule-02-filter-decides", "xsa-150-budget"]
_UNCHANGED = "unchanged"


def _sync(source, copy):
    """Make copy like source, touching only what differs: make looks at the time."""
    os.makedirs(copy, exist_ok=True)
    for name in sorted(os.listdir(source)):
        here, there = f"{source}/{name}", f"{copy}/{name}"
        if os.path.isdir(here):
            _sync(here, there)
        elif name.endswith((".c", ".h")) and not name.endswith(".mod.c"):
            _sync_file(here, there)


def _sync_file(here, there):
    if not os.path.exists(there) or not filecmp.cmp(here, there, shallow=False):
        shutil.copyfile(here, there)


def _prepare_tree():
    os.makedirs(_TREE, exist_ok=True)
    for name in _SOURCES:
        if os.path.isdir(f"{_TOP}/{name}"):
            _sync(f"{_TOP}/{name}", f"{_TREE}/{name}")
        else:
            _sync_file(f"{_TOP}/{name}", f"{_TREE}/{name}")


def build(mutant):
    """Path of the mutant's module. One builds at a time, in one tree."""
    os.makedirs(_WORK, exist_ok=True)
    module = f"{_WORK}/{mutant.name}.ko"
    with open(f"{_WORK}/lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _prepare_tree()
        mutant.apply(_TREE)
        done = subprocess.run(["make", "-s", "-C", artifacts.l1_kernel()["KDIR"], f"M={_TREE}",
                               "modules"], capture_output=True, text=True, check=False)
        if done.returncode:
            raise Stale(f"{mutant.name}: does not build\n{done.stderr}")
        with open(module, "wb") as out:
            out.write(artifacts.without_debug_info(f"{_TREE}/kvm-pod.ko"))
    return module


def _boot(name, module, programs):
    """L1 with the module, or the tree's own if None."""
    os.makedirs(f"{_LOGS}/{name}", exist_ok=True)
    bed = Bed(f"{_LOGS}/{name}")
    pairs = [(f"{_TOP}/build/selftests/{program}", f"selftests/{program}")
             for program in programs]
    if module:
        pairs.append((module, "mutant.ko"))
    # What the module does not clear is not to be cleared by the kernel.
    bed.boot(memory="2G", cpus=2, programs=pairs, append="init_on_alloc=0")
    if module:
        bed.l1.sh("rmmod kvm-pod && insmod /mutant.ko")
    return bed


def _run(bed, program, tests):
    """{test: "ok", "failed" or "skipped"}; a test with variants has its worst result."""
    options = " ".join(f"-t {test}" for test in tests)
    output = bed.l1.sh(f"cd /selftests && {environment()} ./{program} {options}; true",
                       _PROGRAM_TIMEOUT)
    results = {}
    for match in filter(None, map(_RESULT.match, output.splitlines())):
        test = match[2].rpartition(".")[2]
        result = "failed" if match[1] else "skipped" if "# SKIP" in match[3] else "ok"
        if test in tests and results.get(test) != "failed":
            results[test] = result
    bed.l1.check_alive()
    return {test: results.get(test, "failed") for test in tests}


def _judge(mutant, module):
    """(exit status, words)"""
    bed = None
    try:
        bed = _boot(mutant.name, module, [mutant.program])
        results = _run(bed, mutant.program, mutant.tests)
        bed.expect_all_back(slack=_SLACK)
        bed.expect_no_leak()
    except (Dead, Timeout, SceneFailed) as error:
        if not bed:
            raise
        return 0, f"killed: {str(error).splitlines()[0]}"
    finally:
        if bed:
            bed.close()
    failed = [test for test, result in results.items() if result == "failed"]
    if failed:
        return 0, f"killed by {mutant.program} {' '.join(failed)}"
    if "skipped" in results.values():
        return SKIPPED_STATUS, "its test cannot run here"
    return 1, f"SURVIVED {mutant.program} {' '.join(mutant.tests)}"


def _one(name):
    """A job: build, boot, run, judge."""
    mutant = Mutant(name)
    try:
        status, words = _judge(mutant, build(mutant))
    except (Stale, BedError) as error:
        status, words = 1, f"error: {error}"
    print(words, flush=True)
    return status


def _unchanged(chosen):
    """A job: all tests of the chosen mutants, without any mutation."""
    wanted = collections.defaultdict(dict)
    for mutant in map(Mutant, chosen):
        wanted[mutant.program].update(dict.fromkeys(mutant.tests))
    bad = []
    bed = _boot(_UNCHANGED, None, wanted)
    try:
        for program, tests in wanted.items():
            results = _run(bed, program, list(tests))
            bad += [f"{program} {test}" for test, result in results.items() if result == "failed"]
    finally:
        bed.close()
    print(f"without any mutation these fail: {', '.join(bad)}" if bad else "all pass", flush=True)
    return 1 if bad else 0


def _check_applies(chosen, tally):
    """All must fit the tree, also those that do not run."""
    for name in chosen:
        try:
            Mutant(name).check(_TOP)
        except Stale as error:
            print(f"not ok {error}")
            tally.add(failed=1)


def _for_this_kernel():
    return [name for name in names() if Mutant(name).kernel == artifacts.L1_KERNEL]


def _parse(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="run a few")
    parser.add_argument("--job", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--jobs", type=int, default=min(os.cpu_count() or 1, 2))
    parser.add_argument("names", nargs="*", metavar="NAME")
    return parser.parse_args(argv)


def _jobs(chosen):
    command = ["/usr/bin/python3", os.path.abspath(__file__), "--job"]
    yield Job(_UNCHANGED, command + [_UNCHANGED] + chosen, _JOB_TIMEOUT)
    for name in chosen:
        yield Job(name, command + [name], _JOB_TIMEOUT)


def _main_job(args):
    if args.names[0] == _UNCHANGED:
        return _unchanged(args.names[1:])
    return _one(args.names[0])


def main(argv):
    args = _parse(argv)
    if args.job:
        return _main_job(args)
    os.makedirs(_WORK, exist_ok=True)
    tally = Tally()
    _check_applies(args.names or names(), tally)
    chosen = args.names or (_QUICK if args.quick else _for_this_kernel())
    runner = Runner(args.jobs, tally)
    try:
        parts.prepare(["kernel"])
        runner.run(_jobs(chosen))
    except BedError as error:
        print(f"error: {error}")
        tally.add(failed=1)
    if runner.failed:
        print(f"failed: {', '.join(runner.failed)}; logs are in build/check/mutations/")
    print(tally.summary(), flush=True)
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
