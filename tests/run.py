#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Run the tests: run.py [--jobs N] [--only NAME] PART...

Parts are named in tests/bed/parts.py. Each runs as a process of its own; two
run at a time. The last line is "N passed, N failed, N skipped", over all.
"""

import argparse
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "bed"))

import parts  # noqa: E402
from jobs import Runner, Tally  # noqa: E402


def _parse(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=min(os.cpu_count() or 1, 2))
    parser.add_argument("--only", default=os.environ.get("T") or None, metavar="NAME",
                        help="run the test of this name only")
    parser.add_argument("parts", nargs="+", choices=sorted(parts.PARTS) + ["all"])
    return parser.parse_args(argv)


def main(argv):
    args = _parse(argv)
    names = parts.DEFAULT if "all" in args.parts else args.parts
    names = [name for name in names if parts.jobs([name], args.only)]
    tally = Tally()
    jobs = []
    try:
        parts.prepare(names)
        jobs = parts.jobs(names, args.only)
    except parts.BedError as error:
        print(f"error: {error}")
        tally.add(failed=1)
    if not names:
        print(f"no test is named {args.only}")
        tally.add(failed=1)
    runner = Runner(args.jobs, tally)
    runner.run(jobs)
    if runner.failed:
        print(f"failed: {', '.join(runner.failed)}; logs are in build/check/")
    print(tally.summary(), flush=True)
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
