#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Run touch on a pod under kvm-intel with EPT, and with shadow paging as the control.

One boot of a stock kernel in Bochs does both, and runs the selftest of the
zero scans, as this is the one bed with AVX-512. The last line is
"N passed, N failed, N skipped".
"""

import argparse
import gzip
import io
import os
import re
import secrets
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, f"{HERE}/../bed")

import artifacts  # noqa: E402
import console  # noqa: E402
import cpio  # noqa: E402
import initramfs  # noqa: E402
from bochs import CONSOLE, RESULTS, Bochs  # noqa: E402
from errors import BedError, Dead  # noqa: E402
from jobs import Tally  # noqa: E402
from kselftests import count  # noqa: E402

_WORK = f"{artifacts.TOP}/build/check/ept"
_TOUCH = f"{artifacts.TOP}/build/ept/touch"
_SCAN = f"{artifacts.TOP}/build/selftests/scan"
# EPT with accessed and dirty bits; AVX-512.
_MODEL = "corei7_skylake_x"
_TIMEOUT = 300 * float(os.environ.get("KVM_POD_TIMEOUT_SCALE", "1"))
_CMDLINE = ("console=ttyS0,115200 panic=-1 oops=panic quiet loglevel=5 mitigations=off"
            " nokaslr tsc=reliable"
            # What Bochs says of their size is wrong, and Linux gives up AVX over it.
            " clearcpuid=xsaves,xsavec")



def write_initrd(path, nonce):
    archive = cpio.Archive()
    initramfs.add_busybox(archive)
    initramfs.add_path(archive, f"{HERE}/init.sh", "init", 0o755)
    initramfs.add_path(archive, _TOUCH, "ept/touch", 0o755)
    initramfs.add_modules(archive, artifacts.kernel()["MODDIR"], ["kvm-intel"])
    initramfs.add_path(archive, _SCAN, "ept/scan", 0o755)
    archive.file("ept/kvm-pod.ko", artifacts.without_debug_info(artifacts.MODULE))
    archive.file("ept/nonce", nonce.encode())
    raw = io.BytesIO()
    archive.write(raw)
    # The emulated drive is slower than unpacking.
    with open(path, "wb") as out:
        out.write(gzip.compress(raw.getvalue(), 1, mtime=0))


class Follower:
    """Shows what the machine's test says, as it comes; raises when the kernel complains."""

    def __init__(self, machine):
        self._machine = machine
        self._shown = 0
        self._begin = time.monotonic()

    def look(self):
        for line in self._machine.lines(RESULTS)[self._shown:]:
            self._shown += 1
            if line.startswith("BEGIN"):
                print(f"{time.monotonic() - self._begin:6.1f}s  {line[6:]}", flush=True)
        bad = console.trouble_in(self._judged())
        if bad:
            time.sleep(2)  # for the rest of the report
            raise Dead(f"the kernel said: {bad}\n{self.tail()}")

    def _judged(self):
        """What the kernel said of Bochs's CPU while it booted is not about us; a panic is."""
        lines = self._machine.lines(CONSOLE)
        if "INIT" in lines:
            return lines[lines.index("INIT"):]
        return [line for line in lines if "Kernel panic" in line]

    def tail(self):
        return "\n".join(f"  L1| {line}" for line in self._machine.lines(CONSOLE)[-25:])


def boot(model):
    """Run the machine to its end; return the lines of its test."""
    initrd, nonce = f"{_WORK}/initrd", secrets.token_hex(8)
    write_initrd(initrd, nonce)
    print(f"Bochs boots {artifacts.kernel()['KVER']} on {model}", flush=True)
    machine = Bochs(_WORK, artifacts.kernel()["VMLINUZ"], initrd, _CMDLINE, model)
    follower = Follower(machine)
    os.unlink(initrd)
    try:
        if not machine.wait(f"DONE {nonce}", _TIMEOUT, follower.look):
            raise Dead(f"no end after {_TIMEOUT:.0f} s, or Bochs ended early; see {_WORK}\n"
                       f"{follower.tail()}")
        follower.look()
        return machine.lines(RESULTS)
    finally:
        machine.close()


class Phase:
    """The lines between BEGIN and END of one kind of paging, or of the scans."""

    def __init__(self, lines, name):
        begin, end = f"BEGIN {name}", f"END {name} status 0"
        if begin not in lines or end not in lines:
            raise Dead(f"'{begin}' or '{end}' is missing: kvm-intel did not come or go")
        self.lines = lines[lines.index(begin) + 1:lines.index(end)]

    def value(self, name):
        found = [line for line in self.lines if line.startswith(f"{name} ")]
        return found[0].split(" ", 1)[1] if found else None

    def tests(self):
        """Names of the tests that have a verdict."""
        matches = (re.match(r"(?:not )?ok \d+ (\S+)", line) for line in self.lines)
        return {match[1] for match in matches if match}


def verdict(tally, good, text):
    print(("ok " if good else "not ok ") + text, flush=True)
    tally.add(passed=1 if good else 0, failed=0 if good else 1)


def judge(lines, tally):
    print("# scan", flush=True)
    count("scan", "\n".join(Phase(lines, "scan").lines), tally)
    phases = {ept: Phase(lines, f"ept={ept}") for ept in (1, 0)}
    for ept, phase in phases.items():
        print(f"# ept={ept}", flush=True)
        count(f"touch with ept={ept}", "\n".join(phase.lines), tally)
        verdict(tally, phase.value("PAGING") == "NY"[ept], f"kvm-intel has ept={ept}")
    seen = int(phases[1].value("VIOLATIONS") or 0)
    control = int(phases[0].value("VIOLATIONS") or 0) - seen
    verdict(tally, seen > 0, f"{seen} exits with reason 48 (EPT violation) with ept=1")
    verdict(tally, control == 0, f"{control} exits with reason 48 for the same work with ept=0")
    verdict(tally, phases[0].tests() == phases[1].tests(), "the same tests ran in both")
    verdict(tally, "UNLOAD status 0" in lines, "rmmod kvm-pod")


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=_MODEL, help=f"CPU that Bochs emulates ({_MODEL})")
    args = parser.parse_args(argv)
    tally = Tally()
    os.makedirs(_WORK, exist_ok=True)
    try:
        prepare()
        judge(boot(args.model), tally)
    except (BedError, OSError) as error:
        print(f"error: {error}", flush=True)
        tally.add(failed=1)
    print(tally.summary(), flush=True)
    return 1 if tally.failed else 0


def prepare():
    if not os.path.exists(artifacts.MODULE):
        raise BedError("kvm-pod.ko is not built; make check-ept does that first")
    for make in (["-C", HERE], ["-C", f"{HERE}/../selftests", _SCAN]):
        if subprocess.run(["make", "-s"] + make, check=False).returncode:
            raise BedError(f"'make {' '.join(make)}' failed")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
