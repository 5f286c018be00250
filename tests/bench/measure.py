# SPDX-License-Identifier: GPL-2.0-only
"""The figures: rows of podbench in an L1 that counts instructions."""

import json
import os
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, f"{TOP}/tests/bed")

import artifacts  # noqa: E402
from bed import Bed  # noqa: E402
from errors import BedError  # noqa: E402

ROWS = ("touch", "guest", "discard", "create", "sweep")
_LARGE = 8192
_PROGRAM = f"{TOP}/build/bench/podbench"
_MEMORY = "2G"


def _podbench(name, rows, init_on_alloc, **options):
    workdir = artifacts.work(f"bench/{name}")
    os.makedirs(workdir, exist_ok=True)
    bed = Bed(workdir)
    figures = []
    try:
        bed.boot(append=f"init_on_alloc={init_on_alloc}", programs=[(_PROGRAM, "podbench")],
                 **{"memory": _MEMORY, **options})
        for row in rows:
            bed.log(f"row {row}")
            said = bed.l1.sh(f"/podbench {row} 2>&1", timeout=600)
            figures += [_figure(line, init_on_alloc) for line in said.splitlines()]
        bed.finish()
    finally:
        bed.close()
    return figures


def instructions(rows, init_on_alloc):
    """A list of what podbench says of each row, on a host that clears what it allocates, or not."""
    return _podbench(init_on_alloc, rows, init_on_alloc, counted=True)


def available_mib():
    """What this machine has for an L1."""
    with open("/proc/meminfo", encoding="ascii") as lines:
        return next(int(line.split()[1]) for line in lines if "MemAvailable" in line) >> 10


def large():
    """As instructions(), for pods so large that L1 has to be, too."""
    memory = _LARGE * 5 // 4
    if available_mib() < memory + 1024:
        why = f"needs {memory} MiB of free memory"
        return [{"row": row, "peer": "pod", "page": f"{_LARGE}m", "init_on_alloc": 0,
                 "absent": why} for row in ("create", "close")]
    return _podbench("large", ["create-large"], 0, counted=True, memory=f"{memory}M")


def jitter():
    """As instructions(), of guests that run while their memory is swept."""
    return _podbench("jitter", ["jitter"], 1, counted=True)


def emulated():
    """Rows whose figure is the time that passes in L1."""
    return _podbench("emulated", ["create-threads"], 0, cpus=min(os.cpu_count(), 8))


def metadata():
    """What pods cost beside their memory, as the kernel counts it: bytes."""
    return _podbench("metadata", ["metadata"], 0)


def _figure(line, init_on_alloc):
    try:
        figure = json.loads(line)
    except json.JSONDecodeError:
        raise BedError(f"podbench: {line}") from None
    return {"init_on_alloc": init_on_alloc, **figure}


def key(figure):
    """What names a figure in a baseline and in the report."""
    return (f"{figure['row']}/{figure['peer']}/{figure['page']}"
            f"/init_on_alloc={figure['init_on_alloc']}")
