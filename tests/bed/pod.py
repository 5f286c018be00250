# SPDX-License-Identifier: GPL-2.0-only
"""A pod seen from L1: its sysfs counters, its audit, and samples over time."""

import time

from errors import BedError, SceneFailed, Timeout, check
from limits import Deadline

CLASS = "/sys/class/kvm-pod"
DEBUGFS = "/sys/kernel/debug/kvm-pod"
PAGE = 4096
MIB = 1 << 20

# The parts of the bound on both sides of owned: they move between two reads.
_BOUND = ("target", "to_shrink", "overdraft")
_SAMPLED = _BOUND + ("owned",) + _BOUND + ("populated", "reserve", "outstanding", "given",
                                           "waiting")
# The module's default for overdraft_max.
OVERDRAFT_MAX = 2 * MIB


class Pod:
    def __init__(self, l1, number):
        self.number = number
        self.path = f"{CLASS}/pod{number}"
        self._l1 = l1

    def read(self, name):
        return self._l1.read_number(f"{self.path}/{name}")

    def numbers(self):
        """Every file of the pod that holds a number, as a dict."""
        listing = self._l1.watch(f"cd {self.path} && for f in *; do"
                                 " [ -f $f ] && read -r v <$f && echo $f $v; done; true")
        pairs = (line.partition(" ")[::2] for line in listing.splitlines())
        return {name: int(value) for name, value in pairs if value.isdigit()}

    def exists(self):
        return self._l1.watch(f"[ -d {self.path} ]; echo $?") == "0"

    def audit(self, timeout=10):
        """Recount everything; to be called while nothing but the pod's worker moves."""
        deadline = Deadline(timeout)
        verdict = "BUSY"
        while verdict.startswith("BUSY") and not deadline.over():
            verdict = self._l1.watch(f"cat {DEBUGFS}/pod{self.number}/audit")
        check(verdict.startswith("ok"), f"audit of pod{self.number}: {verdict}")
        return verdict

    def wait(self, wanted, timeout, what):
        """Poll numbers() until wanted(numbers) holds; return them."""
        deadline = Deadline(timeout)
        while True:
            numbers = self.numbers()
            if wanted(numbers):
                return numbers
            if deadline.over():
                raise Timeout(f"no {what} after {deadline.seconds:.0f} s: {brief(numbers)}")
            time.sleep(0.3)


class Sampler:
    """Samples a pod every few milliseconds until it is stopped or the pod is gone."""

    def __init__(self, l1, pod, milliseconds=10):
        self._l1 = l1
        self._samples = None
        self._stream = l1.stream("sample")
        self._start = self._stream.position()
        l1.watch(f"podsample {pod.path} {milliseconds} {' '.join(_SAMPLED)}"
                 " >/dev/virtio-ports/sample 2>&1 & echo $! >/tmp/sampler.pid")

    def stop(self):
        """All samples: (ns, target, to_shrink, overdraft, owned, ...) as _SAMPLED says."""
        if self._samples is None:
            self._l1.watch("kill $(cat /tmp/sampler.pid); true")
            time.sleep(0.2)
            lines = self._stream.lines[self._start:self._stream.position()]
            strange = [line for line in lines if not line.replace(" ", "").isdigit()]
            if strange or not lines:
                raise BedError(f"the sampler saw nothing: {strange[:1]}")
            self._samples = [tuple(map(int, line.split())) for line in lines]
        return self._samples

    def position(self):
        """Where the next sample will be, for highest()."""
        return self._stream.position()

    def highest(self, name, start):
        """The most that a figure was from start on."""
        column = 1 + _SAMPLED.index(name)
        lines = self._stream.lines[start:self._stream.position()]
        return max((int(line.split()[column]) for line in lines), default=0)


def check_bound(samples, overdraft_max=OVERDRAFT_MAX):
    """owned <= target + overdraft + what is still to shrink, at every sample.

    What moved during a sample may have been higher in between, the overdraft up to its limit.
    """
    for sample in samples:
        before, owned, after = sample[1:4], sample[4], sample[5:8]
        bound = sum(after)
        if before != after:
            bound = max(before[0], after[0]) + max(before[1], after[1]) + overdraft_max
        if owned > bound:
            raise SceneFailed(f"the pod owned {mib(owned)}, more than {mib(bound)}")
        if after[2] > overdraft_max:
            raise SceneFailed(f"the overdraft was {mib(after[2])}, more than {mib(overdraft_max)}")


def check_sums(numbers):
    """The ledger's two equations, on figures read while nothing moved."""
    parts = numbers["populated"] + numbers["outstanding"] + numbers["given"]
    check(parts == numbers["size"],
          f"populated + outstanding + given is not the size: {brief(numbers)}")
    check(numbers["owned"] == numbers["populated"] + numbers["reserve"],
          f"owned is not populated + reserve: {brief(numbers)}")


def mib(count):
    return f"{count / MIB:.1f} MiB"


def brief(numbers):
    names = ("target", "owned", "populated", "reserve", "outstanding", "given", "to_shrink",
             "overdraft")
    return " ".join(f"{name}={mib(numbers[name])}" for name in names if name in numbers)
