#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Does L1's kernel notice the mistakes of tests/kernels/planted, and the bed its reports?

planted.py [--quick]. Each mistake gets an L1 of its own, which it ends.
"""

import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import artifacts  # noqa: E402
import leaks  # noqa: E402
from bed import Bed  # noqa: E402
from errors import BedError, Dead, SceneFailed, check  # noqa: E402
from jobs import Tally  # noqa: E402

# What the report says. Without words: kmemleak's, which is asked for.
_LEAK = ""
_MISTAKES = {
    "kasan": {
        "use-after-free": "KASAN: slab-use-after-free",
        "beyond-the-end": "KASAN: slab-out-of-bounds",
        "shift-too-far": "UBSAN: shift-out-of-bounds",
        "lock-order": "possible circular locking dependency",
        "sleep-in-atomic": "sleeping function called from invalid context",
        "broken-list": "list_add",
        "free-page-again": "VM_BUG_ON_PAGE",
        "lose-memory": _LEAK,
    },
    "kcsan": {
        "race-of-two": "KCSAN: data-race in count_up",
        "race-with-kernel": "KCSAN: data-race in look",
    },
    # What the search says that ends the suite of faults.
    "faults": {
        "lose-memory": "kmemleak in L1",
        "lose-page": "pages that the module took are left",
    },
}
_QUICK = ("use-after-free", "lose-memory")


def _expect_report(bed, mistake, words):
    try:
        bed.l1.sh(f"insmod /planted.ko what={mistake}", status=None)
        bed.l1.check_alive()
        raise SceneFailed("there was no report")
    except Dead:
        time.sleep(1)  # for the rest of it
        check(any(words in line for line in bed.l1.console.lines),
              f"there was another report:\n{bed.l1.tail(30)}")


def _expect_leak(bed, mistake):
    bed.l1.sh(f"insmod /planted.ko what={mistake} && rmmod kvm-pod-planted")
    try:
        bed.expect_no_leak()
    except SceneFailed:
        return
    raise SceneFailed("kmemleak did not find what was lost")


def _expect_left(bed, mistake, words):
    bed.l1.sh(f"insmod /planted.ko what={mistake}")
    try:
        leaks.unload_and_check(bed.l1, "kvm_pod_planted")
    except SceneFailed as error:
        check(words in str(error), f"something else is left: {error}")
        return
    raise SceneFailed("nobody misses what was lost")


def _judge(mistake, words):
    workdir = artifacts.work(f"planted/{mistake}")
    os.makedirs(workdir, exist_ok=True)
    bed = Bed(workdir)
    try:
        bed.boot(cpus=2, programs=[(artifacts.planted_module(), "planted.ko")])
        if artifacts.L1_KERNEL == artifacts.FAULTS_KERNEL:
            _expect_left(bed, mistake, words)
        elif words == _LEAK:
            _expect_leak(bed, mistake)
        else:
            _expect_report(bed, mistake, words)
    finally:
        bed.close()


def main(quick):
    tally = Tally()
    for mistake, words in _MISTAKES[artifacts.L1_KERNEL].items():
        if quick and mistake not in _QUICK:
            continue
        try:
            _judge(mistake, words)
            print(f"ok {mistake}", flush=True)
            tally.add(1)
        except (BedError, SceneFailed) as error:
            print(f"not ok {mistake}: {error}", flush=True)
            tally.add(failed=1)
    print(tally.summary(), flush=True)
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main("--quick" in sys.argv[1:]))
