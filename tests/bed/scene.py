#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Run one scene: scene.py FILE WORKDIR. Exit status 0 passed, 77 skipped, else failed."""

import importlib.util
import os
import sys
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from bed import Bed  # noqa: E402
from errors import BedError, SceneFailed, Skip  # noqa: E402

SKIPPED = 77


def load(path):
    spec = importlib.util.spec_from_file_location("scene_under_test", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(path, workdir):
    bed = Bed(workdir)
    try:
        load(path).run(bed)
        bed.finish()
    except Skip as reason:
        print(f"skipped: {reason}", flush=True)
        return SKIPPED
    except (BedError, SceneFailed) as error:
        print(f"failed: {error}\n{_where(error)}", flush=True)
        _show_cpus(bed)
        _show_consoles(bed)
        _show_waits(bed)
        # Once more, next to the verdict: all that some see of a log is its end.
        print("failed:", str(error).partition("\n")[0], flush=True)
        return 1
    finally:
        bed.close()
    return 0


def _where(error):
    """The lines of the scene, not of the bed, that led here."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f"  at {os.path.basename(frame.filename)}:{frame.lineno}: {frame.line}"
             for frame in frames[1:]]
    return "\n".join(lines)


def _show_cpus(bed):
    """What tells a hang from a machine that is only slow; all registers are in the logs."""
    machines = [("L1", bed.l1)] if bed.l1 else []
    machines += [("L2", guest.qmp) for guest in bed.guests[-1:] if guest.qmp]
    for name, machine in machines:
        try:
            where = machine.where()
        except BedError as error:
            where = [f"not known: {error}"]
        print("\n".join(f"  {name}'s CPU| {line}" for line in where), flush=True)


# Each thread of a process with what it sleeps in, innermost first; then the pods'
# files that are not 0.
_WAITS = ("cd /proc/%d/task && for t in *; do echo $t $(cat $t/comm):"
          " $(sed 's/^[^ ]* //; s/+.*//' $t/stack | head -n 12); done;"
          " cd /sys/class/kvm-pod && grep -sv '^0$' pod*/*; true")


def _show_waits(bed):
    for guest in bed.guests[-1:]:
        try:
            waits = bed.l1.watch(_WAITS % guest.pid)
        except BedError as error:
            waits = f"not known: {error}"
        print("\n".join(f"  L1's QEMU| {line}" for line in waits.splitlines()), flush=True)


def _show_consoles(bed):
    if bed.l1:
        print(f"the end of L1's console:\n{bed.l1.tail(25)}", flush=True)
    for guest in bed.guests[-1:]:
        lines = [f"  L2| {line}" for line in guest.console.lines[-10:]]
        print("the end of L2's console:\n" + "\n".join(lines), flush=True)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], sys.argv[2]))
