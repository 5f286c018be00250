# SPDX-License-Identifier: GPL-2.0-only
"""stress-ng's memory stressors verify what they write, in a guest on a pod.

The methods are those of the table in tests/external/README.md.
"""

import os
import sys

import artifacts
import cpio
import initramfs
from errors import check
from pod import MIB
from steps import boot_ballooned, move_balloon

sys.path.insert(0, f"{artifacts.TOP}/tests/external")
import tables  # noqa: E402

TIMEOUT = 600
SIZE = 512 * MIB
TARGETS = [320 * MIB, 256 * MIB, 320 * MIB]
_PROGRAM = "/usr/bin/stress-ng"
_LIMIT = 120


def run(bed):
    if not os.path.exists(_PROGRAM):
        bed.skip("stress-ng is not installed")
    rows = [row for row in tables.read()[0] if row.suite == "stress"]
    check(rows, "README.md has no table for stress-ng")
    archive = f"{bed.workdir}/stress-ng.cpio"
    write_archive(archive)
    bed.boot(memory="1536M", programs=[(archive, "l2/stress-ng.cpio")])
    os.unlink(archive)
    bed.l1.sh("cat /l2/stress-ng.cpio >>/l2/initrd; rm /l2/stress-ng.cpio")
    bed.mark()
    guest, pod = boot_ballooned(bed, SIZE, TARGETS[0])
    for target in TARGETS:
        move_balloon(bed, guest, pod, target)
        for row in rows:
            stress(bed, guest, row)
    bed.log(bed.audit(guest))


def write_archive(path):
    archive = cpio.Archive()
    initramfs.add_program(archive, _PROGRAM, "bin/stress-ng")
    with open(path, "wb") as out:
        archive.write(out)


def stress(bed, guest, row):
    """A stressor that finds a wrong bit fails, and so does its process."""
    output = guest.sh(f"{row.program} {row.options} --metrics-brief 2>&1; echo status $?",
                      _LIMIT)
    good = "status 0" in output.splitlines() and "successful run completed" in output
    result = "pass" if good else "fail"
    bed.log(f"{row.name()}: {result}")
    check(row.expects(result), f"{row.name()}: {result}, the table says {row.result}:\n{output}")
