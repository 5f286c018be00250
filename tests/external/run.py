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
LIMITS = {"kvm": 240, "mm": 120, "file": 1000}
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
        words = f"KVM_POD_TIMEOUT_SCALE={max(1, round(SCALE))} " + " ".join(
            f"{name}={value}" for name, value in settings.items())
        limit = round(LIMITS[row.suite] * SCALE)
        status = bed.l1.sh(
            f"cd {_DIRECTORY}; rm -f {tables.SHIM_LOG};"
            f" {words} timeout -s KILL {limit} env {row.command()} >/tmp/output 2>&1; echo $?",
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

    def drop(self):
        if self._bed:
            self._bed.close()
        self._bed = None


def run_row(host, row, known, tally):
    """Run one row, compare, print, count."""
    begin = time.monotonic()
    try:
        seen, output = host.run(row)
    except (BedError, SceneFailed) as error:
        print(f"not ok {row.name()}: L1 in trouble: {error}", flush=True)
        tally.add(failed=1)
        host.drop()
        return
    seconds = time.monotonic() - begin
    wrong = differences(row, seen, known)
    pods = "" if seen.pods is None else f" {seen.pods} pods,"
    print(f"{'not ok' if wrong else 'ok'} {row.name()}: {seen.result()};{pods}"
          f" {seconds:.0f} s", flush=True)
    for line in wrong:
        print(f"   {line}", flush=True)
    if wrong:
        work = artifacts.work(f"external-{row.suite}")
        with open(f"{work}/{row.program.replace('/', '-')}.txt", "w", encoding="utf-8") as file:
            file.write(output)
        print("   " + "\n   ".join(output.splitlines()[-6:]), flush=True)
        tally.add(failed=1)
    else:
        passed, failed, skipped = seen.counts()
        # What fails by design passes here: that it does so is the test.
        tally.add(passed + failed, 0, skipped)


def differences(row, seen, known):
    """What is not as the tables say."""
    wrong = []
    if not row.expects(seen.result()):
        wrong.append(f"the table says: {row.result}")
    wrong += [f"{verdict}, not in the table: {name}" for verdict, name in seen.unexplained(known)]
    wrong += [f"the table has this, but nothing did so: {case.verdict}, {case.pattern}"
              for case in seen.idle(known)]
    return wrong


def check_tables(suite, rows, cases, programs, tally):
    """Every program is in the table, and everything that is not passed has a reason."""
    named = {row.program for row in rows}
    wrong = [f"{name} is not in the table" for name in sorted(set(programs) - named)]
    wrong += [f"{name} is in the table, but was not built" for name in sorted(
        {row.program for row in rows} - set(programs))]
    wrong += [f"{row.name()} has no reason in the table" for row in rows
              if not row.why and not _PLAIN.match(row.result)
              and not any(case.program == row.program for case in cases)]
    for line in wrong:
        print(f"not ok {suite}: {line}", flush=True)
    tally.add(failed=len(wrong))


def main(suite, only):
    rows, cases = ([item for item in part if item.suite == suite] for part in tables.read())
    programs = programs_of(suite)
    tally = Tally()
    if not only:
        check_tables(suite, rows, cases, programs, tally)
    rows = [row for row in rows if not only or row.program in only]
    wanted = {row.program: programs[row.program] for row in rows
              if row.runs() and programs.get(row.program)}
    host = Host(suite, wanted)
    try:
        for row in rows:
            if row.program in wanted:
                known = [case for case in cases if case.program == row.program]
                run_row(host, row, known, tally)
            elif not row.runs() or row.expects("skip"):
                print(f"skipped {row.name()}: {row.why}", flush=True)
                tally.add(skipped=1)
            else:
                print(f"not ok {row.name()}: not to be had", flush=True)
                tally.add(failed=1)
        host.finish()
    except (BedError, SceneFailed) as error:
        print(f"not ok the end: {error}", flush=True)
        tally.add(failed=1)
    finally:
        host.drop()
    print(tally.summary(), flush=True)
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
