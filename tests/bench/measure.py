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
_PROGRAM = f"{TOP}/build/bench/podbench"
_MEMORY = "2G"


def instructions(rows, init_on_alloc):
    """A list of what podbench says of each row, on a host that clears what it allocates, or not."""
    workdir = artifacts.work(f"bench/{init_on_alloc}")
    os.makedirs(workdir, exist_ok=True)
    bed = Bed(workdir)
    figures = []
    try:
        bed.boot(memory=_MEMORY, counted=True, append=f"init_on_alloc={init_on_alloc}",
                 programs=[(_PROGRAM, "podbench")])
        for row in rows:
            bed.log(f"row {row}")
            said = bed.l1.sh(f"/podbench {row} 2>&1", timeout=600)
            figures += [_figure(line, init_on_alloc) for line in said.splitlines()]
        bed.finish()
    finally:
        bed.close()
    return figures


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
