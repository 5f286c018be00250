#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""All figures in one run, and the report: run.py [--report-only]

Writes results.json and Documentation/performance.md with its plots. --report-only makes
the report anew from the results that are there.
"""

import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import measure  # noqa: E402
import nested  # noqa: E402
import parts  # noqa: E402
import realtime  # noqa: E402
import report  # noqa: E402

TOP = measure.TOP
RESULTS = f"{TOP}/tests/bench/results.json"


def _said(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _machine():
    with open("/proc/cpuinfo", encoding="ascii") as lines:
        cpu = next((line.split(":")[1].strip() for line in lines
                    if line.startswith("model name")), "unknown")
    return {"cpu": cpu, "cpus": os.cpu_count(),
            "l1_kernel": measure.artifacts.kernel()["KVER"],
            "commit": _said("git", "-C", TOP, "describe", "--always", "--dirty").strip(),
            "date": time.strftime("%Y-%m-%d", time.gmtime())}


def _measure():
    parts.prepare(["bench"])
    results = {"machine": _machine(), "user": realtime.figures(), "instructions": []}
    for init_on_alloc in (1, 0):
        print(f"# L1 with init_on_alloc={init_on_alloc}", flush=True)
        results["instructions"] += measure.instructions(measure.ROWS, init_on_alloc)
    results["instructions"] += measure.large()
    results["user"] += measure.metadata()
    results["emulated"] = measure.emulated()
    print("# guests in L1", flush=True)
    results["nested"] = nested.figures()
    with open(RESULTS, "w", encoding="ascii") as file:
        json.dump(results, file, indent="\t")
        file.write("\n")


def main(measure_first):
    if measure_first:
        _measure()
    with open(RESULTS, encoding="ascii") as file:
        report.write(json.load(file), f"{TOP}/Documentation")
    print("Documentation/performance.md is written")
    return 0


if __name__ == "__main__":
    sys.exit(main("--report-only" not in sys.argv[1:]))
