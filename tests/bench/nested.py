# SPDX-License-Identifier: GPL-2.0-only
"""Figures that need a guest in L1: it boots, gives memory up, is disturbed by a sweep."""

import concurrent.futures
import os

import measure
import balloon
import boot
from measure import TOP, Bed, artifacts

_PODCTL = f"{TOP}/tools/podctl/podctl"
_HOOK = f"{TOP}/tests/bench/l1/guest-figures.sh"
_MEMORY = 3072


def _in_an_l1(name, figures, init_on_alloc):
    workdir = artifacts.work(f"bench/{name}-{init_on_alloc}")
    os.makedirs(workdir, exist_ok=True)
    bed = Bed(workdir)
    try:
        bed.boot(memory=f"{_MEMORY}M", counted=True, stock_qemu=True,
                 append=f"init_on_alloc={init_on_alloc}",
                 programs=[(_PODCTL, "bin/podctl"), (_HOOK, "bin/guest-figures"),
                           (artifacts.guest_program("spent"), "bin/spent")])
        found = figures(bed, init_on_alloc)
        bed.finish()
        return found
    finally:
        bed.close()


TASKS = {
    "boot": lambda: _in_an_l1("boot", boot.figures, 1),
    "balloon": lambda: _in_an_l1("balloon", balloon.figures, 1),
    "jitter": measure.jitter,
    "boot, init_on_alloc=0": lambda: _in_an_l1("boot", boot.figures, 0),
    "balloon, init_on_alloc=0": lambda: _in_an_l1("balloon", balloon.figures, 0),
}


def _workers():
    """Several L1s may run at once: each has a clock of its own."""
    room = measure.available_mib() // (_MEMORY + 512)
    return max(1, min(os.cpu_count() or 1, room, 2))


def figures(names=tuple(TASKS), workers=None):
    """All of them."""
    with concurrent.futures.ThreadPoolExecutor(workers or _workers()) as pool:
        running = [pool.submit(TASKS[name]) for name in names]
        return [figure for task in running for figure in task.result()]
