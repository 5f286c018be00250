#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Run the fuzzer of the module in L1: podfuzz.py replay|kernel|mutants [NAME...].

replay runs the programs of the corpus and judges them as ever. kernel makes new
ones from them for some time, and leaves in build/fuzz what it found: programs for
the corpus, and with a kernel that has kcov the coverage. SEED= and OPS= as in
main.c. mutants is the fuzzer's own test: it must find mistakes of tests/mutations
from nothing but a seed.
"""

import os
import sys

_TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../..")
sys.path[:0] = [f"{_TOP}/tests/bed", f"{_TOP}/tests/mutations"]

import artifacts  # noqa: E402
import cover as measure  # noqa: E402
from bed import Bed  # noqa: E402
from errors import BedError, Dead, SceneFailed  # noqa: E402
from jobs import Tally  # noqa: E402
from limits import SCALE  # noqa: E402
from mutant import Mutant, Stale  # noqa: E402
from run import build  # noqa: E402

CORPUS = f"{artifacts.TOP}/tests/fuzz/kernel/corpus.txt"
PROGRAM = f"{artifacts.TOP}/build/fuzz/kernel/podfuzz"
OUT = f"{artifacts.TOP}/build/fuzz"
# Slabs of inodes and the like that a few thousand processes leave.
_SLACK = 24 << 20
_REPLAY_SECONDS = 120
_MARGIN_SECONDS = 120
_PORT = "/dev/virtio-ports/sample"

# Processes come and go all the time: with two CPUs, most of TCG's time goes to
# interrupts between them and to locks whose holder is not running. Threads of
# one program then race by being preempted anywhere. Nobody asks for page owners.
_ONE_CPU = {"cpus": 1, "append": "preempt=full page_owner=off"}

# Checks of arguments, and others, that a program of a few calls can miss; and first
# the module as it is, in which nothing may be found.
_UNCHANGED = "unchanged"
_MUTANTS = [_UNCHANGED, "rule-03-not-cleared", "rule-06-inherited", "rule-06-pinnable-balloon",
            "rule-06-pinnable-discard", "rule-06-pinnable-sweep", "rule-13-leak",
            "xsa-388-misaligned"]
_MUTANT_SETTINGS = {"SEED": 1, "SECONDS": 300, "STOP": 1}
# It ends with the first finding, and where there is none it has to end, too.
_MUTANT_OPS = 12000
_UNCHANGED_OPS = 3000


class Session:
    """An L1 and one run of the fuzzer in it."""

    def __init__(self, name, corpus=CORPUS):
        self.workdir = f"{artifacts.TOP}/build/check/{name}"
        os.makedirs(self.workdir, exist_ok=True)
        self._bed = Bed(self.workdir)
        self._corpus = corpus
        self._start = 0
        self._stream = None

    def boot(self, module=None, **options):
        """module: in place of the tree's own. Options are for L1()."""
        programs = [(PROGRAM, "fuzz/podfuzz")]
        if self._corpus:
            programs.append((self._corpus, "fuzz/corpus.txt"))
        if module:
            programs.append((module, "mutant.ko"))
        self._bed.boot(**{"memory": "2G", "cpus": 2, "programs": programs, **options})
        if module:
            self._bed.l1.sh("rmmod kvm-pod && insmod /mutant.ko")
        self._stream = self._bed.l1.stream("sample")

    def run(self, arguments, settings, timeout):
        """Wait for its end. What it printed is in lines(), also if L1 dies."""
        scale = max(1, round(SCALE))
        environment = " ".join(f"{name}={value}" for name, value in settings.items())
        self._start = self._stream.position()
        corpus = "corpus.txt" if self._corpus else ""
        self._bed.l1.watch(f"cd /fuzz; {{ KVM_POD_TIMEOUT_SCALE={scale} {environment} ./podfuzz"
                           f" {arguments} {corpus}; echo DONE; }} >{_PORT} 2>&1 &")
        self._stream.wait(lambda line: line == "DONE", timeout, self._start,
                          self._bed.l1.check_alive)

    def lines(self, word):
        """What came after this word, line by line."""
        if not self._stream:
            return []
        return [line.removeprefix(f"{word} ") for line in self._stream.lines[self._start:]
                if line.startswith(f"{word} ")]

    def finish(self):
        """All memory is back, nothing leaked, the module goes."""
        self._bed.l1.check_alive()
        self._bed.expect_all_back(slack=_SLACK)
        self._bed.expect_no_leak()
        self._bed.l1.sh("rmmod kvm-pod")

    def close(self):
        self._bed.close()


def program_text(line):
    """A program as it is in the corpus, from one line of the fuzzer."""
    return line.replace(";", "\n").rstrip("\n") + "\n"


def _settings(names):
    return {name: int(os.environ[name], 0) for name in names if os.environ.get(name)}


def _write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)


def _report(session, error, tally):
    """Print what is wrong; a program that killed L1 is the last that was started."""
    for line in session.lines("FAIL"):
        what, _, text = line.partition(": program")
        print(f"not ok {what}\n{program_text('program' + text)}", flush=True)
        tally.add(failed=1)
    if not error and not session.lines("STATS"):
        error = "the fuzzer did not come to its end"
    if error and not session.lines("FAIL"):
        last = session.lines("RUN")[-1:] or ["none"]
        print(f"not ok {error}\nthe last program:\n{program_text(last[0])}", flush=True)
        tally.add(failed=1)


def _keep(session):
    """What a person may want to add to the corpus."""
    kept = [program_text(line) for line in session.lines("KEEP")]
    if kept:
        _write(f"{OUT}/corpus-kernel.txt", "\n".join(kept))
    cover = session.lines("SECTION"), session.lines("COVER")
    if cover[1]:
        _write(f"{OUT}/cover-kernel.txt", "\n".join(cover[0] + cover[1]) + "\n")
        measure.report(artifacts.L1_MODULE, f"{OUT}/cover-kernel.txt")
    print(f"# {' '.join(session.lines('STATS')) or 'did not end'},"
          f" SEED={' '.join(session.lines('SEED'))}; kept: {len(kept)}", flush=True)


def _run(session, mode, tally):
    error = None
    try:
        if mode == "replay":
            session.boot()
            session.run("--replay", {}, _REPLAY_SECONDS)
        else:
            session.boot(**_ONE_CPU)
            seconds = int(os.environ.get("KVM_POD_FUZZ_SECONDS", "60"))
            settings = {"SECONDS": seconds, **_settings(["SEED", "OPS"])}
            session.run("", settings, seconds + _MARGIN_SECONDS)
        session.finish()
    except (BedError, SceneFailed) as problem:
        error = problem
    _report(session, error, tally)
    if mode == "kernel":
        _keep(session)
    if not tally.failed:
        print(f"ok {len(session.lines('RUN'))} programs", flush=True)
        tally.add(1)


def _find(name):
    """Whether the fuzzer finds it, and what it says; in the tree's module nothing."""
    session = Session(f"fuzz-mutants/{name}", corpus=None)
    try:
        session.boot(None if name == _UNCHANGED else build(Mutant(name)))
        nr = _UNCHANGED_OPS if name == _UNCHANGED else _MUTANT_OPS
        session.run("", {**_MUTANT_SETTINGS, "OPS": nr},
                    _MUTANT_SETTINGS["SECONDS"] + _MARGIN_SECONDS)
        found = session.lines("FAIL")
        if not found:
            session.finish()
    except (Dead, SceneFailed) as error:
        # A machine that dies before any program is no finding.
        found = [str(error).splitlines()[0]] if session.lines("RUN") else []
    finally:
        session.close()
    what = found[0].partition(": program")[0] if found else "nothing found"
    good = bool(found) == (name != _UNCHANGED)
    return good, f"{what}, after {len(session.lines('RUN'))} programs"


def _mutants(names, tally):
    for name in names:
        try:
            good, words = _find(name)
        except (Stale, BedError) as error:
            good, words = False, f"error: {error}"
        print(f"{'ok' if good else 'not ok'} {name}: {words}", flush=True)
        tally.add(passed=good, failed=not good)


def main(mode, names):
    tally = Tally()
    if mode == "mutants":
        _mutants(names or _MUTANTS, tally)
    else:
        _session(mode, tally)
    print(tally.summary(), flush=True)
    return 1 if tally.failed else 0


def _session(mode, tally):
    session = Session(f"fuzz-{mode}")
    try:
        _run(session, mode, tally)
    finally:
        session.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
