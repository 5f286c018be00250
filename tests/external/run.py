#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Run programs of others on pods: run.py SUITE [PROGRAM...]

Which programs, how, and what is expected of each is in the tables of README.md.
What differs from them fails, better or worse, so that they say what is so.
A skip, and what is not run, is counted, and its reason is the table's.
SHIM=no leaves the programs their own memory, for comparison.
"""

import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "bed"))

import artifacts  # noqa: E402
import tables  # noqa: E402
from bed import Bed  # noqa: E402
from errors import BedError, SceneFailed  # noqa: E402
from jobs import Tally  # noqa: E402
from judge import Seen  # noqa: E402
from limits import SCALE  # noqa: E402

_OURS = f"{artifacts.TOP}/build/external"
_DIRECTORY = "/external"
# Loaded by threads that are cancelled.
_LIBGCC = "lib/x86_64-linux-gnu/libgcc_s.so.1"
# Results that need no reason.
_PLAIN = re.compile(r"^(\d+ )?pass$")
# For one program, in seconds.
LIMITS = {"kvm": 180, "mm": 60, "file": 1000}
# Slabs of KVM's and the file systems' that the kernel keeps.
_SLACK = 24 << 20


def programs_of(suite):
    """name -> path of what the suite has, built if needed; None is not to be had."""
    done = subprocess.run([f"{HERE}/build.sh"], stdout=subprocess.PIPE, text=True, check=True)
    if suite == "file":
        return {"exerciser": f"{artifacts.TOP}/build/selftests/exerciser", "fsx": _fsx()}
    top = f"{done.stdout.strip()}/{suite}"
    found = {}
    for folder, _, names in os.walk(top):
        for name in names:
            path = os.path.join(folder, name)
            found[os.path.relpath(path, top)] = path
    return found


def _fsx():
    done = subprocess.run([f"{HERE}/fsx.sh"], stdout=subprocess.PIPE, text=True, check=False)
    return done.stdout.strip() or None


class Host:
    """L1, booted when needed, with the programs and the shim."""

    def __init__(self, suite, programs):
        self._work = artifacts.work(f"external-{suite}")
        self._pairs = [(path, f"{_DIRECTORY}/{name}") for name, path in programs.items()]
        self._pairs += [(f"{_OURS}/shim.so", f"{_DIRECTORY}/shim.so"),
                        (f"{artifacts.TOP}/tools/podctl/podctl", f"{_DIRECTORY}/podctl"),
                        (f"/{_LIBGCC}", _LIBGCC)]
        self._bed = None

    def bed(self):
        if not self._bed:
            os.makedirs(self._work, exist_ok=True)
            self._bed = Bed(self._work)
            self._bed.boot(memory="3G", cpus=2, programs=self._pairs)
            # Some look for a pool of huge pages before they ask for memory.
            self._bed.l1.sh("echo 4 >/proc/sys/vm/nr_hugepages")
            self._bed.mark()
        return self._bed

    def run(self, row):
        """Run one row's program; returns Seen and its output."""
        bed = self.bed()
        settings = row.environment() if os.environ.get("SHIM") != "no" else {}
        limit = round(LIMITS[row.suite] * SCALE)
        status = bed.l1.sh(f"rm -f {tables.SHIM_LOG}; {_in_session(row, settings, limit)}",
                           limit + 30)
        output = bed.l1.sh("head -c 200000 /tmp/output")
        log = bed.l1.sh(f"cat {tables.SHIM_LOG} 2>/dev/null; true").splitlines()
        bed.l1.check_alive()
        bed.expect_no_pod()
        pods = sum(1 for line in log if line.startswith("pod ")) if settings else None
        return Seen(output, int(status), pods), output

    def finish(self):
        """The end: all memory back, the module out, L1 off."""
        if self._bed:
            self._bed.expect_all_back(slack=_SLACK)
            self._bed.expect_no_leak()
            self._bed.l1.sh("rmmod kvm-pod")
            self._bed.l1.power_off()

    def keep(self, row, output):
        """For who wants to know more."""
        name = re.sub(r"[^\w.-]+", "_", row.name())
        with open(f"{self._work}/{name}.txt", "w", encoding="utf-8") as file:
            file.write(output)

    def drop(self):
        if self._bed:
            self._bed.close()
        self._bed = None


def _in_session(row, settings, limit):
    """The command that prints the program's status; what it leaves running is ended."""
    words = {"KVM_POD_TIMEOUT_SCALE": max(1, round(SCALE)), **settings}
    return (f"cd {_DIRECTORY}; " + " ".join(f"{name}={value}" for name, value in words.items()) +
            f" setsid sh -c 'echo $$ >/tmp/session; exec timeout -s KILL {limit}"
            f" env {row.command()}' >/tmp/output 2>&1; echo $?;"
            f" kill -KILL -- -$(cat /tmp/session) 2>/dev/null; true")


class Suite:
    """The rows of one table, or those of some programs, and how they came out."""

    def __init__(self, name, only):
        self._name = name
        self._rows, self._cases = ([item for item in part if item.suite == name]
                                   for part in tables.read())
        self._programs = programs_of(name)
        self._used = []
        self.tally = Tally()
        if not only:
            self._complain(self._gaps())
        self._rows = [row for row in self._rows if not only or row.program in only]

    def run(self):
        """All rows in one L1, and the end of it."""
        runs = [row for row in self._rows if row.runs() and self._programs.get(row.program)]
        host = Host(self._name, {row.program: self._programs[row.program] for row in runs})
        try:
            for row in self._rows:
                if row in runs:
                    self._run(host, row)
                else:
                    self._pass_over(row)
            host.finish()
        except (BedError, SceneFailed) as error:
            self._complain([f"the end: {error}"])
        finally:
            host.drop()
        self._complain(f"nothing did so: {case.program}: {case.verdict}: {case.pattern}"
                       for case in self._cases if case not in self._used
                       and any(case.is_of(row) and row.is_steady() for row in runs))

    def _run(self, host, row):
        """Run one row, compare, print, count."""
        begin = time.monotonic()
        try:
            seen, output = host.run(row)
        except (BedError, SceneFailed) as error:
            self._complain([f"{row.name()}: L1 in trouble: {error}"])
            host.drop()
            return
        host.keep(row, output)
        reasons = seen.explain([case for case in self._cases if case.is_of(row)])
        wrong = [text for text, case in reasons if not case]
        if not row.expects(seen.result()):
            wrong.append(f"the table says: {row.result}")
        self._used += [case for _, case in reasons if case]
        pods = "" if seen.pods is None else f" {seen.pods} pods,"
        print(f"{'not ok' if wrong else 'ok'} {row.name()}: {seen.result()};{pods}"
              f" {time.monotonic() - begin:.0f} s", *wrong, sep="\n   ", flush=True)
        passed, skipped = seen.counts(sum(1 for _, case in reasons if case and case.anyway))
        self.tally.add(*((0, 1, 0) if wrong else (passed, 0, skipped)))

    def _pass_over(self, row):
        if row.runs() and not row.expects("skip"):
            self._complain([f"{row.name()}: not to be had"])
            return
        print(f"skipped {row.name()}: {row.why}", flush=True)
        self.tally.add(skipped=1)

    def _gaps(self):
        """Every program is in the table, and everything that is not passed has a reason."""
        named = {row.program for row in self._rows}
        wrong = [f"{name} is not in the table" for name in sorted(set(self._programs) - named)]
        wrong += [f"{name} is in the table, but was not built"
                  for name in sorted(named - set(self._programs))]
        wrong += [f"{row.name()} has no reason in the table" for row in self._rows
                  if not row.why and not _PLAIN.match(row.result)
                  and not any(case.is_of(row) for case in self._cases)]
        return wrong

    def _complain(self, wrong):
        for line in wrong:
            print(f"not ok {line}", flush=True)
            self.tally.add(failed=1)


def main(name, only):
    suite = Suite(name, only)
    suite.run()
    print(suite.tally.summary(), flush=True)
    return 1 if suite.tally.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
