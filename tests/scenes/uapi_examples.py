# SPDX-License-Identifier: GPL-2.0-only
"""The programs in Documentation/uapi.rst print what it says there."""

import glob
import os
import subprocess

import artifacts
from errors import check

TIMEOUT = 60


def run(bed):
    top = artifacts.TOP
    subprocess.run(["/usr/bin/python3", f"{top}/tests/uapi/examples.py",
                    f"{top}/Documentation/uapi.rst", bed.workdir], check=True)
    names = [path.removesuffix(".txt") for path in sorted(glob.glob(f"{bed.workdir}/example*.txt"))]
    check(len(names) > 1, f"only {len(names)} examples say what they print")
    for name in names:
        subprocess.run(["gcc", "-static", "-I", f"{top}/include/uapi", "-o", name, f"{name}.c"],
                       check=True)
    l1 = bed.boot(programs=[(name, f"bin/{os.path.basename(name)}") for name in names])
    for name in names:
        printed = l1.sh(os.path.basename(name)) + "\n"
        with open(f"{name}.txt", encoding="utf-8") as document:
            said = document.read()
        check(printed == said, f"{os.path.basename(name)} printed:\n{printed}and not:\n{said}")
        bed.log(f"{os.path.basename(name)} printed {len(printed.splitlines())} lines, as it should")
