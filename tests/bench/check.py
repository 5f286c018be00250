#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Has a path become longer? check.py [--accept]

Compares the median instructions of the pod's rows with baseline.json. More than the
tolerance above is a failure; as much below is one as well, as a baseline that is not
kept up lets the next regression through. Most of a fault is the kernel's own, so that a
baseline is for one kernel: on another all is skipped. --accept writes what was measured.
"""

import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import measure  # noqa: E402

BASELINE = f"{measure.TOP}/tests/bench/baseline.json"
_INIT_ON_ALLOC = 0
_TOLERANCE = 0.03
# Ours, of each row: its peers are the kernel's, which Debian changes.
_OURS = ("pod", "zeroes", "data-first", "data-last")
# How the allocator merges what it gets back depends on what happens to be free.
_UNSTEADY = ("close",)


def _measured():
    figures = measure.instructions(measure.ROWS, _INIT_ON_ALLOC)
    return {measure.key(figure): figure["p50"] for figure in figures
            if figure["peer"] in _OURS and figure["row"] not in _UNSTEADY and "p50" in figure}


def _kernel():
    return measure.artifacts.kernel()["KVER"]


def _baseline():
    with open(BASELINE, encoding="ascii") as file:
        return json.load(file)


def _accept(now):
    baseline = {"kernel": _kernel(), "median": now}
    with open(BASELINE, "w", encoding="ascii") as file:
        json.dump(baseline, file, indent="\t", sort_keys=True)
        file.write("\n")


def _judge(name, now, then):
    """One verdict; True if it is good."""
    if now is None or then is None:
        print(f"not ok {name}: {'not measured' if now is None else 'not in the baseline'}")
        return False
    change = now / then - 1
    good = abs(change) <= _TOLERANCE
    print(f"{'ok' if good else 'not ok'} {name}: {now:.0f} instructions, {change:+.1%}")
    return good


def main(accept):
    if not accept and _baseline()["kernel"] != _kernel():
        nr = len(_baseline()["median"])
        print(f"ok - all # SKIP the baseline is of Linux {_baseline()['kernel']}, not {_kernel()}:"
              " look whether it is slower, and accept")
        print(f"0 passed, 0 failed, {nr} skipped")
        return 0
    now = _measured()
    if accept:
        _accept(now)
    then = _baseline()["median"]
    verdicts = [_judge(name, now.get(name), then.get(name)) for name in sorted({*now, *then})]
    failed = verdicts.count(False)
    if failed:
        print("if that is meant: tests/bench/check.py --accept, and say why in the commit")
    print(f"{len(verdicts) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main("--accept" in sys.argv[1:]))
