#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Run the fuzzers of kvm-pod/core: run.py [--seconds N | --check | --minimise] [TARGET...].

By default each target gets its part of N seconds, and what it finds is kept in
build/fuzz/found/. --check runs the inputs of corpus/, and sees that the fuzzers
find the mistakes of mutants/ and those of the explorer, both by these inputs and
from nothing. --minimise makes corpus/ anew, from it and what was found.
"""

import argparse
import glob
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile

_HERE = os.path.dirname(os.path.abspath(__file__))
_TOP = os.path.normpath(f"{_HERE}/../../..")
sys.path.insert(0, f"{_TOP}/tests/mutations")

from mutant import Mutant, names  # noqa: E402

_CORE = f"{_TOP}/kvm-pod/core"
_BUILD = f"{_TOP}/build/fuzz"
_FOUND = f"{_BUILD}/found"
_MUTANTS = f"{_HERE}/mutants"

# target -> longest input
TARGETS = {"ledger": 256, "pmt": 512, "policy": 64, "zero": 128, "stock": 256, "rings": 256,
           "explore": 1024}

# The explorer's: enum mistake in tests/core/explore.h, without the first and the last.
_MISTAKES = 12

# From nothing, all mistakes are found in a small part of these.
_RUNS = 400000

_COVERAGE = re.compile(r"^#\d+\s.*cov: (\d+) ft: (\d+) corp: (\d+)/", re.M)
_EDGES = re.compile(r"PC tables \((\d+) PCs\)")
_DONE = re.compile(r"^Done (\d+) runs", re.M)


class Verdicts:
    def __init__(self):
        self.passed = self.failed = 0

    def say(self, ok, text, details=""):
        print(f"{'ok' if ok else 'not ok'} - fuzz: {text}", flush=True)
        for line in details.splitlines():
            print(f"#   {line}", flush=True)
        self.passed += ok
        self.failed += not ok


def _make(*variables):
    subprocess.run(["make", "-s", "-j2", "-C", _HERE, *variables], check=True)


def _corpus(target):
    return f"{_HERE}/corpus/{target}"


def _inputs(target):
    return sorted(glob.glob(f"{_corpus(target)}/*"))


def _call(program, *arguments, mistake=0):
    """(exit status, output) of a fuzzer."""
    env = {**os.environ, "FUZZ_MISTAKE": str(mistake)}
    done = subprocess.run([program, "-timeout=20", *arguments], env=env, text=True, errors="replace",
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    return done.returncode, done.stdout


def _program(target, directory="core"):
    return f"{_BUILD}/{directory}/{target}_fuzz"


def _options(target):
    return [f"-max_len={TARGETS[target]}", "-len_control=10"]


def _reason(output):
    """What a fuzzer that stopped has to say, without stacks."""
    wanted = re.compile(r"fuzz: |ERROR|runtime error|is not held|WARNING|Test unit written|ALARM")
    lines = [line for line in output.splitlines() if wanted.search(line)]
    return "\n".join(lines[:8]) or output[-2000:]


def _fuzz(target, seconds, verdicts):
    """Search for as long as that. What fails is kept, and how to repeat it is said."""
    found, crash = f"{_FOUND}/{target}", f"{_BUILD}/{target}-"
    os.makedirs(found, exist_ok=True)
    status, output = _call(_program(target), f"-max_total_time={seconds}",
                           f"-seed={os.environ.get('SEED', '0')}", f"-artifact_prefix={crash}",
                           *_options(target), found, _corpus(target))
    done, covered = _DONE.search(output), _COVERAGE.findall(output)
    if status == 0 and done and covered:
        edges = _EDGES.search(output)[1]
        cov, features, inputs = covered[-1]
        verdicts.say(True, f"{target}: {done[1]} runs in {seconds} s, {cov} of {edges} edges, "
                           f"{features} features, {inputs} inputs")
        return
    verdicts.say(False, f"{target}: status {status}", _reason(output))
    for path in re.findall(r"Test unit written to (\S+)", output):
        print(f"# repeat: make -C tests/fuzz/core && {os.path.relpath(_program(target), _TOP)} "
              f"{os.path.relpath(path, _TOP)}")


def _replay(target, verdicts):
    inputs = _inputs(target)
    status, output = _call(_program(target), *inputs)
    executed = output.count("Executed ")
    ok = status == 0 and executed == len(inputs) > 0
    verdicts.say(ok, f"{target}: {executed} of {len(inputs)} inputs",
                 "" if ok else _reason(output))


def _replay_finds(target, directory, mistake=0):
    """The first input that stops the program, or None."""
    with tempfile.TemporaryDirectory() as scratch:
        status, output = _call(_program(target, directory), f"-artifact_prefix={scratch}/",
                               *_inputs(target), mistake=mistake)
    running = re.findall(r"^Running: (\S+)", output, re.M)
    return running[-1] if status and running else None


def _search_finds(target, directory, mistake=0, keep=None):
    """Runs until a search from nothing stops, None if it does not."""
    with tempfile.TemporaryDirectory() as empty:
        artifact = keep or f"{empty}/found"
        status, output = _call(_program(target, directory), "-seed=1", f"-runs={_RUNS}",
                               f"-exact_artifact_path={artifact}", *_options(target),
                               mistake=mistake)
    runs = re.findall(r"^#(\d+)", output, re.M)
    return int((runs or [1])[-1]) if status else None


def _build_mutant(mutant):
    """Name of a directory with the targets, of which one file is compiled anew."""
    directory = f"mutants/{mutant.name}"
    out, tree = f"{_BUILD}/{directory}", f"{_BUILD}/tree"
    for path in (out, tree):
        shutil.rmtree(path, ignore_errors=True)
    shutil.copytree(_CORE, f"{tree}/kvm-pod/core")
    shutil.copytree(f"{_BUILD}/core", out)
    mutant.apply(tree)
    _make(f"SRC={tree}/kvm-pod/core", f"OUT={out}", f"TARGETS={' '.join(mutant.tests)}",
          "WARNINGS=-w")
    return directory


def _mistakes():
    """Yield (name, target, directory, mistake) of all that must be found."""
    for name in names(_MUTANTS):
        mutant = Mutant(name, _MUTANTS)
        directory = _build_mutant(mutant)
        for target in mutant.tests:
            yield name, target, directory, 0
        shutil.rmtree(f"{_BUILD}/{directory}")
    for mistake in range(1, _MISTAKES + 1):
        yield f"the explorer's mistake {mistake}", "explore", "core", mistake


def _check(verdicts):
    for target in TARGETS:
        _replay(target, verdicts)
    for name, target, directory, mistake in _mistakes():
        by_input = _replay_finds(target, directory, mistake)
        runs = _search_finds(target, directory, mistake)
        verdicts.say(bool(by_input and runs), f"{target} finds {name}",
                     f"by an input: {'yes' if by_input else 'no'}; "
                     f"from nothing: {f'in {runs} runs' if runs else 'no'}")


def _merge(target):
    """What reaches all edges that the inputs and what was found reach, and no more."""
    corpus, found = _corpus(target), f"{_FOUND}/{target}"
    old = f"{_BUILD}/old/{target}"
    shutil.rmtree(old, ignore_errors=True)
    os.makedirs(found, exist_ok=True)
    os.makedirs(corpus, exist_ok=True)
    shutil.copytree(corpus, old)
    shutil.rmtree(corpus)
    os.makedirs(corpus)
    status, output = _call(_program(target), "-set_cover_merge=1", "-use_counters=0",
                           *_options(target), corpus, old, found)
    if status:
        sys.exit(f"{target}: cannot merge: {output[-2000:]}")


def _keep(target, directory, mistake):
    """Add an input that finds this mistake; True if there is one."""
    with tempfile.TemporaryDirectory() as scratch:
        found, small = f"{scratch}/found", f"{scratch}/small"
        if not _search_finds(target, directory, mistake, keep=found):
            return False
        _call(_program(target, directory), "-seed=1", "-minimize_crash=1", "-runs=500",
              f"-exact_artifact_path={small}", found, mistake=mistake)
        with open(small if os.path.exists(small) else found, "rb") as source:
            content = source.read()
    with open(f"{_corpus(target)}/{hashlib.sha1(content).hexdigest()}", "wb") as out:
        out.write(content)
    return True


def _minimise(verdicts):
    for target in TARGETS:
        _merge(target)
    for name, target, directory, mistake in _mistakes():
        kept = _replay_finds(target, directory, mistake) or _keep(target, directory, mistake)
        verdicts.say(bool(kept), f"{target} has an input for {name}")
    for target in TARGETS:
        size = sum(os.path.getsize(path) for path in _inputs(target))
        print(f"# {target}: {len(_inputs(target))} inputs, {size} bytes")


def _parse(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=60, help="for all targets together")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--minimise", action="store_true")
    parser.add_argument("targets", nargs="*", metavar="TARGET", default=[])
    return parser.parse_args(argv)


def main(argv):
    args = _parse(argv)
    verdicts = Verdicts()
    _make()
    targets = args.targets or list(TARGETS)
    if args.check:
        _check(verdicts)
    elif args.minimise:
        _minimise(verdicts)
    else:
        for target in targets:
            _fuzz(target, max(args.seconds // len(targets), 1), verdicts)
    print(f"{verdicts.passed} passed, {verdicts.failed} failed, 0 skipped", flush=True)
    return 1 if verdicts.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
